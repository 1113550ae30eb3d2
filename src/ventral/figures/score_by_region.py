"""All data sets and regions in one figure: what is explained, and what could be."""

from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from ventral.figures import style
from ventral.figures.score_by_region_of_many import draw_rows
from ventral.scores.reporting import (
    default_readout,
    model_names,
    readout_name,
    regions_in_order,
)

MEAN, LOW, HIGH = (f"explained_variance_{name}" for name in ("mean", "low", "high"))
CORRECTED = "explained_variance_corrected_ratio"
LOWEST = -0.3
"""Lower end of the axis: below it a prediction is far worse than the mean response."""

MOST_MARKS = 12
"""Models whose marks are side by side. Of more, each has a row with its name."""

CEILING = "noise ceiling: median, quartiles of sites"

SLOT = 0.8
"""Fraction of the distance between two data sets that the marks of one take."""


def draw(
    table: pd.DataFrame, models: dict[str, dict], readouts: dict[str, dict], readout: str | None
) -> Figure:
    """Draw a panel per region, in it a column per data set, and in that a mark per model.

    A mark is the mean over sites of the explained variance at the committed layer, with its 95%
    bootstrap interval. The grey box shows the median and the quartiles of the sites' noise ceilings
    (split-half reliability) on the stimuli that are reported; a data set without single trials has
    none. Where any has, a second row of panels shows what is explained of what can be explained:
    there a perfect model is at 1, so these marks are not set against the ceiling. More than
    `MOST_MARKS` models have a row each, see `ventral.figures.score_by_region_of_many`.

    Parameters
    ----------
    table : DataFrame
        Returned by `ventral.scores.regions.table_of_regions`.
    models, readouts : dict
        Descriptions in the order of the config, see `ventral.scores.reporting`.
    readout : str or None
        The readout shown; by default the last ridge_cv of `readouts`. A data set without it shows
        its last readout, whose name is then under the data set's name.

    Returns
    -------
    Figure
        A figure with only a message if no model has a defined score.
    """
    readout = readout or default_readout(readouts)
    shown_readout = {
        str(dataset): readout
        if (rows["readout"] == readout).any()
        else [name for name in readouts if (rows["readout"] == name).any()][-1]
        for dataset, rows in table.groupby("dataset", sort=False)
    }
    shown = table[table["readout"] == table["dataset"].map(shown_readout)]
    shown = shown[shown[MEAN].notna()]
    if shown.empty:
        return style.placeholder("No model has a defined score: there is nothing to compare.")
    regions = regions_in_order(shown)
    places = {
        region: list(dict.fromkeys(shown.loc[shown["region"] == region, "dataset"]))
        for region in regions
    }
    names = [name for name in models if name in set(shown["model"])]
    looks, display_names = style.looks(models), model_names(models)
    if len(names) > MOST_MARKS:
        with matplotlib.rc_context(style.STYLE):
            figure = draw_rows(
                shown,
                {name: display_names[name] for name in names},
                looks,
                places,
                {"mean": MEAN, "low": LOW, "high": HIGH, "corrected": CORRECTED},
                LOWEST,
            )
            others = {
                dataset: readouts[used]["label"]
                for dataset, used in shown_readout.items()
                if used != readout
            }
            instead = "; ".join(f"{dataset}: {label}" for dataset, label in others.items())
            _set_title(figure, shown, readouts[readout], readout, instead)
        return figure
    slot = max(1.1, 0.17 * len(names) + 0.3)
    widths = [max(len(datasets), 1) for datasets in places.values()]
    corrected = bool(shown[CORRECTED].notna().any())
    with matplotlib.rc_context(style.STYLE):
        width = max(5.5, slot * sum(widths) + 1.2)
        columns = style.legend_columns(width, [display_names[name] for name in names], most=3)
        height = (6.3 if corrected else 4.1) + 0.18 * -(-len(names) // columns)
        figure = Figure(figsize=(width, height))
        grid = figure.subplots(
            nrows=2 if corrected else 1,
            ncols=len(regions),
            squeeze=False,
            sharex="col",
            sharey="row",
            width_ratios=widths,
        )
        for column, region in enumerate(regions):
            here = shown[shown["region"] == region]
            datasets = places[region]
            raw = grid[0, column]
            raw.set_title(region, loc="left", fontweight="bold")
            for place, dataset in enumerate(datasets):
                _draw_ceiling(raw, here[here["dataset"] == dataset].iloc[0], place)
            _draw_panel(raw, here, datasets, names, looks, MEAN)
            if corrected:
                below = grid[1, column]
                below.axhline(1, color="0.6", linestyle=(0, (1, 2)), linewidth=1.2, zorder=1)
                _draw_panel(below, here, datasets, names, looks, CORRECTED)
            labels = [
                dataset
                if shown_readout[dataset] == readout
                else f"{dataset}\n({readouts[shown_readout[dataset]]['label']})"
                for dataset in datasets
            ]
            axes = grid[-1, column]
            axes.set_xticks(range(len(labels)), labels)
            for panel in grid[:, column]:
                panel.tick_params(axis="x", length=0)
            lines = [line for label in labels for line in label.split("\n")]
            if max(map(len, lines)) * 0.085 > slot:
                axes.tick_params(axis="x", rotation=25)
                for text in axes.get_xticklabels():
                    text.set(ha="right", rotation_mode="anchor")
        grid[0, 0].set_ylabel("Mean explained variance\n(fraction)")
        lowest = np.nanmin(shown[[MEAN, LOW]].to_numpy(float), initial=0)
        top = np.nanmax(shown[[MEAN, HIGH, "ceiling_third_quartile"]].to_numpy(float))
        grid[0, 0].set_ylim(max(LOWEST, lowest) - 0.03, min(top, 1.2) + 0.05)
        if corrected:
            grid[1, 0].set_ylabel("Explained of what\ncan be explained")
            lowest = np.nanmin(shown[CORRECTED].to_numpy(float), initial=0)
            top = np.nanmax(shown[CORRECTED].to_numpy(float), initial=1)
            grid[1, 0].set_ylim(max(LOWEST, lowest) - 0.03, min(top, 1.5) + 0.05)
        lower = shown[[MEAN, CORRECTED]] if corrected else shown[[MEAN]]
        _add_legend(
            figure,
            names,
            models,
            columns,
            has_ceiling=bool(shown["ceiling_median"].notna().any()),
            has_lower=bool((lower < LOWEST).any(axis=None)),
        )
        below = "Below: corrected for noise, where 1 is all that can be" if corrected else ""
        _set_title(figure, shown, readouts[readout], readout, below)
    return figure


def _set_title(
    figure: Figure, shown: pd.DataFrame, described: dict, readout: str, remark: str
) -> None:
    used = shown.loc[shown["readout"] == readout, "n_components"]
    style.title(
        figure,
        "Explained variance by data set and region",
        "At each model's committed layer, on the stimuli that each data set reports: test,"
        f" validation or the test stimuli of all folds; {readout_name(described, used)};"
        f" mean over sites and its 95% bootstrap interval.{f' {remark}.' if remark else ''}",
    )


def _draw_panel(
    axes: Axes,
    rows: pd.DataFrame,
    datasets: list[str],
    names: list[str],
    looks: dict[str, style.Look],
    score: str,
) -> None:
    """Draw the marks of a score; of the mean with its interval."""
    kind = "mean" if score == MEAN else "corrected"
    axes.axhline(0, color=style.GREY, linewidth=0.8, zorder=1)
    for place, dataset in enumerate(datasets):
        here = rows[rows["dataset"] == dataset].set_index("model")
        own = [name for name in names if name in here.index]
        if here[score].isna().all():
            axes.text(
                place,
                0.5,
                "no single trials",
                ha="center",
                va="center",
                color=style.GREY,
                fontsize=7,
            )
        step = min(SLOT / len(own), 0.2)
        for rank, name in enumerate(own):
            row: Any = here.loc[name]
            mark = style.mark_of(looks.get(name))
            x, value = place + (rank - (len(own) - 1) / 2) * step, row[score]
            if value < LOWEST:
                _draw_lower(axes, x, value, mark["color"], f"{kind}:{dataset}:{name}")
            elif np.isfinite(value):
                if score == MEAN:
                    low = max(row[LOW], LOWEST)
                    axes.vlines(x, low, row[HIGH], color=mark["color"], linewidth=1.2)
                axes.plot(x, value, **mark, markersize=5, zorder=3, gid=f"{kind}:{dataset}:{name}")
    axes.set_xlim(-0.55, len(datasets) - 0.45)


def _draw_lower(axes: Axes, x: float, value: float, color: str, name: str) -> None:
    """Draw a mark that points to a value below the axis, with its number."""
    axes.plot(
        x,
        LOWEST,
        marker="v",
        linestyle="none",
        color=color,
        markersize=4,
        zorder=3,
        gid=f"lower:{name}",
    )
    axes.annotate(
        f"{value:.1f}".replace("-", "−"),
        xy=(x, LOWEST),
        xytext=(0, 5),
        textcoords="offset points",
        ha="center",
        fontsize=6,
    )


def _draw_ceiling(axes: Axes, row: pd.Series, place: int) -> None:
    if not np.isfinite(row["ceiling_median"]):
        return
    left, first = place - SLOT / 2, row["ceiling_first_quartile"]
    axes.add_patch(
        Rectangle((left, first), SLOT, row["ceiling_third_quartile"] - first, color="0.9", zorder=0)
    )
    axes.hlines(
        row["ceiling_median"],
        left,
        left + SLOT,
        color="0.6",
        linewidth=1.5,
        zorder=1,
        gid=f"ceiling:{row['dataset']}",
    )


def _add_legend(
    figure: Figure,
    names: list[str],
    models: dict[str, dict],
    columns: int,
    has_ceiling: bool,
    has_lower: bool,
) -> None:
    looks, display_names = style.looks(models), model_names(models)
    marks: list[Artist] = [
        Line2D([], [], **style.mark_of(looks.get(name)), markersize=5, label=display_names[name])
        for name in names
    ]
    if has_lower:
        marks.append(
            Line2D(
                xdata=[],
                ydata=[],
                linestyle="none",
                marker="v",
                color="0.3",
                markersize=4,
                label="below the axis, at",
            )
        )
    if has_ceiling:
        marks.append(Patch(color="0.9", label=CEILING))
    figure.legend(handles=marks, loc="outside lower center", ncols=columns)
