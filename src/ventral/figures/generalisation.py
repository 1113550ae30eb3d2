"""Every model in distribution and out of it, and what it loses."""

from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ventral.figures import style
from ventral.scores.reporting import (
    committed_rows,
    model_names,
    readout_shown,
    regions_in_order,
)

ROW = 0.3
"""Inches of a model's row; less where there are many."""

SMALL_ROW = 0.22
MOST_WIDE_ROWS = 12
APART = 0.14
"""Distance of the two marks of a model from the middle of its row."""

LOWEST = -0.3
"""Lower end of the axis: below it a prediction is far worse than the mean response."""

WIDTHS = (3.2, 1.9)
"""Inches of the panel of scores and of that of differences."""

KINDS = {"in_distribution": "in distribution", "out_of_distribution": "out of distribution"}


def draw(
    table: pd.DataFrame, models: dict[str, dict], readouts: dict[str, dict], readout: str | None
) -> Figure:
    """Draw two panels for each region: both scores of each model, and their difference.

    Parameters
    ----------
    table : DataFrame
        Returned by `ventral.scores.generalisation.tabulate_generalisation`.
    models, readouts : dict
        Descriptions in the order of the config, see `ventral.scores.reporting`.
    readout : str or None
        The readout shown; by default the last ridge_cv, or what the table has.

    Returns
    -------
    Figure
        A figure with only a message if no model has both scores.
    """
    shown = table[committed_rows(table)]
    shown = shown[shown["in_distribution"].notna() & shown["out_of_distribution"].notna()]
    if shown.empty:
        return style.placeholder("No model has a score in distribution and one out of it.")
    readout = readout_shown(shown, readouts, readout)
    shown = shown[shown["readout"] == readout]
    regions = regions_in_order(shown)
    names = [name for name in models if name in set(shown["model"])]
    labels = [model_names(models)[name] for name in names]
    row = ROW if len(names) <= MOST_WIDE_ROWS else SMALL_ROW
    margin = 0.065 * max(map(len, labels)) + 0.3
    looks = style.looks(models)
    with matplotlib.rc_context(style.STYLE | {"axes.grid.axis": "x"}):
        width = max(6.0, margin + len(regions) * sum(WIDTHS))
        figure = Figure(figsize=(width, row * len(names) + 2.2))
        panels = figure.subplots(
            ncols=2 * len(regions),
            squeeze=False,
            sharey=True,
            width_ratios=WIDTHS * len(regions),
        )[0]
        for place, region in enumerate(regions):
            rows = shown[shown["region"] == region].set_index("model")
            scores, lost = panels[2 * place : 2 * place + 2]
            for height, name in enumerate(names):
                if name in rows.index:
                    color = looks[name].color if name in looks else style.GREY
                    _draw_scores(scores, rows.loc[name], height, color, f"{region}:{name}")
                    _draw_lost(lost, rows.loc[name], height, color, f"{region}:{name}")
            scores.set_title(region, loc="left", fontweight="bold")
            scores.set_xlabel("Mean explained variance (fraction)")
            lost.set_xlabel("Lost: in less out")
            _set_limits(scores, rows)
            for axes in (scores, lost):
                axes.axvline(0, color=style.GREY, linewidth=0.8, zorder=1)
                axes.tick_params(axis="y", length=0)
        panels[0].set_yticks(range(len(names)), labels)
        panels[0].set_ylim(len(names) - 0.4, -0.6)
        figure.legend(
            handles=[_mark(kind, "0.2") for kind in KINDS], loc="outside lower center", ncols=2
        )
        style.title(
            figure,
            "Scores in distribution and out of it",
            f"{_counts(shown)} Committed layers; {readouts[readout]['label']}; 95% bootstrap"
            " intervals over stimuli and sites; the difference is of the same sites.",
        )
    return figure


def _mark(kind: str, color: str) -> Line2D:
    """Return the mark of a score: told apart in grey too, filled or hollow."""
    filled = kind == "in_distribution"
    return Line2D(
        [],
        [],
        linestyle="none",
        marker="o" if filled else "D",
        markersize=5 if filled else 4.5,
        color=color,
        markerfacecolor=color if filled else "white",
        label=KINDS[kind],
    )


def _draw_scores(axes: Axes, row: Any, height: int, color: str, name: str) -> None:
    """Draw both scores of a model, one above the other, each with its interval."""
    ends = [max(row[kind], LOWEST) for kind in KINDS]
    axes.plot(ends, [height - APART, height + APART], color="0.75", linewidth=1, zorder=1)
    for kind, side in zip(KINDS, (-APART, APART), strict=True):
        value, y = row[kind], height + side
        if value < LOWEST:
            axes.plot(LOWEST, y, marker="<", color=color, markersize=4, gid=f"lower:{kind}:{name}")
            text = f"{value:.1f}".replace("-", "−")
            axes.annotate(
                text,
                (LOWEST, y),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=6,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
            )
            continue
        low, high = max(row[f"{kind}_low"], LOWEST), max(row[f"{kind}_high"], LOWEST)
        axes.hlines(y, low, high, color=color, linewidth=1.2, zorder=2)
        mark = _mark(kind, color)
        mark.set(xdata=[value], ydata=[y], zorder=3, gid=f"{kind}:{name}", label="_")
        axes.add_line(mark)


def _draw_lost(axes: Axes, row: Any, height: int, color: str, name: str) -> None:
    """Draw the difference of a model with its interval."""
    axes.hlines(
        height, row["difference_low"], row["difference_high"], color=color, linewidth=1.2, zorder=2
    )
    axes.plot(
        row["difference"],
        height,
        marker="|",
        markersize=9,
        markeredgewidth=2,
        color=color,
        zorder=3,
        gid=f"lost:{name}",
    )


def _set_limits(axes: Axes, rows: pd.DataFrame) -> None:
    """Show all scores, but nothing under `LOWEST`."""
    columns = [f"{kind}{end}" for kind in KINDS for end in ("", "_low", "_high")]
    values = rows[columns].to_numpy(float)
    lowest = max(LOWEST, np.nanmin(values, initial=0))
    axes.set_xlim(lowest - 0.03, min(np.nanmax(values, initial=0.1), 1.0) + 0.03)


def _counts(shown: pd.DataFrame) -> str:
    """Return in words how many stimuli and sites the scores are of."""
    first = shown.drop_duplicates("region")
    stimuli = [f"{int(first[f'{kind}_stimuli'].iloc[0])} stimuli {KINDS[kind]}" for kind in KINDS]
    sites = [f"{row['n_sites']} sites of {row['region']}" for row in first.to_dict("records")]
    return f"{', '.join(stimuli)}; {', '.join(sites)}."
