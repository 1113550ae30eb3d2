"""All data sets and regions in one figure, for more models than a legend can hold."""

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ventral.figures import style

ROW, COLUMN = 0.19, 1.45
"""Inches of the row of a model, and of the column of a data set."""

MOST_COLUMNS = 8
"""Data sets and regions side by side; others are below them."""


def draw_rows(
    rows: pd.DataFrame,
    names: Mapping[str, str],
    looks: Mapping[str, style.Look],
    places: Mapping[str, list[str]],
    columns: Mapping[str, str],
    lowest: float,
) -> Figure:
    """Draw a panel per region and data set, and in it a row per model, with its name on the left.

    Parameters
    ----------
    rows : DataFrame
        Of `ventral.scores.regions.table_of_regions`: what is shown.
    names : Mapping
        Name of each model, in the order of the rows.
    looks : Mapping
        Of the networks.
    places : Mapping
        {region: data sets that have it}, in order.
    columns : Mapping
        The columns of `rows` with the ``mean``, its interval (``low``, ``high``) and the
        ``corrected`` score.
    lowest : float
        Values below it are written at the left end of the axis.

    Returns
    -------
    Figure
        Without title.
    """
    panels = [(region, dataset) for region, datasets in places.items() for dataset in datasets]
    n_lines = -(-len(panels) // MOST_COLUMNS)
    n_columns = -(-len(panels) // n_lines)
    margin = 0.062 * max(map(len, names.values())) + 0.3
    width = max(6.5, margin + n_columns * COLUMN + 0.2)
    figure = Figure(figsize=(width, n_lines * (len(names) * ROW + 0.9) + 1.1))
    grid = figure.subplots(n_lines, n_columns, squeeze=False, sharex=True, sharey=True)
    for axes in grid.ravel()[len(panels) :]:
        axes.set_visible(False)
    shown = [columns[name] for name in ("mean", "low", "high", "corrected")]
    low = max(np.nanmin(rows[shown].to_numpy(float), initial=0), lowest)
    ends = [*shown, "ceiling_third_quartile"]
    high = min(np.nanmax(rows[ends].to_numpy(float), initial=0.05), 1.2)
    for axes, (region, dataset) in zip(grid.ravel(), panels, strict=False):
        here = rows[(rows["region"] == region) & (rows["dataset"] == dataset)].set_index("model")
        _draw_ceiling(axes, here.iloc[0])
        _draw_models(axes, here, list(names), looks, columns, lowest, str(dataset))
        sites = style.count(int(here["n_sites"].max()), "site")
        axes.set_title(
            f"{region}, {sites}\n{textwrap.shorten(str(dataset), 22)}", loc="left", fontsize=8
        )
        axes.set_yticks(range(len(names)), list(names.values()))
        axes.tick_params(axis="y", length=0)
        axes.tick_params(axis="x", labelbottom=True)
        axes.grid(axis="x", color="0.92")
    for axes in grid[:, 0]:
        axes.set_ylim(len(names) - 0.4, -0.6)
    grid[0, 0].set_xlim(low - 0.03, high + 0.05)
    for axes in grid[-1]:
        axes.set_xlabel("Mean explained\nvariance (fraction)", fontsize=8)
    figure.legend(handles=_handles(rows, columns), loc="outside lower center", ncols=3)
    return figure


def _draw_models(
    axes: Axes,
    rows: pd.DataFrame,
    names: list[str],
    looks: Mapping[str, style.Look],
    columns: Mapping[str, str],
    lowest: float,
    dataset: str,
) -> None:
    axes.axvline(0, color=style.GREY, linewidth=0.8, zorder=1)
    for place, name in enumerate(names):
        if name not in rows.index:
            continue
        row: Any = rows.loc[name]
        mark, value = style.mark_of(looks.get(name)), row[columns["mean"]]
        gid = f"mean:{dataset}:{name}"
        if value < lowest:
            axes.plot(
                lowest, place, "<", color=mark["color"], markersize=4, zorder=3, gid=f"lower:{gid}"
            )
            text = f"{value:.1f}".replace("-", "−")
            axes.annotate(
                text, (lowest, place), (5, 0), textcoords="offset points", fontsize=6, va="center"
            )
        else:
            ends = max(row[columns["low"]], lowest), row[columns["high"]]
            axes.hlines(place, *ends, color=mark["color"], linewidth=1.2, zorder=2)
            axes.plot(value, place, **mark, markersize=4.5, zorder=3, gid=gid)
        corrected = row[columns["corrected"]]
        if corrected >= lowest:
            axes.plot(
                *(corrected, place, "|"),
                color="black",
                markersize=6,
                zorder=2.5,
                gid=f"corrected:{dataset}:{name}",
            )


def _draw_ceiling(axes: Axes, row: pd.Series) -> None:
    if np.isfinite(row["ceiling_median"]):
        ends = row["ceiling_first_quartile"], row["ceiling_third_quartile"]
        axes.axvspan(*ends, color="0.9", linewidth=0, zorder=0)
        gid = f"ceiling:{row['dataset']}"
        axes.axvline(row["ceiling_median"], color="0.6", linewidth=1.5, zorder=1, gid=gid)


def _handles(rows: pd.DataFrame, columns: Mapping[str, str]) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = [
        Line2D([], [], color="0.3", marker="o", markersize=4.5, label="mean and 95% interval")
    ]
    if rows[columns["corrected"]].notna().any():
        label = "corrected for noise: 1 is all that can be"
        handles.append(
            Line2D([], [], color="black", marker="|", markersize=6, linestyle="none", label=label)
        )
    if rows["ceiling_median"].notna().any():
        handles.append(Patch(color="0.9", label="noise ceiling: median, quartiles of sites"))
    return handles
