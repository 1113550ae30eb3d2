"""The score of each model's committed layer against the number of components that are read."""

from collections.abc import Mapping

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ventral.figures import style
from ventral.scores.reporting import (
    committed_rows,
    default_readout,
    model_names,
    regions_in_order,
    split_in_words,
)

MEAN, LOW, HIGH = (f"explained_variance_{name}" for name in ("mean", "low", "high"))
TITLES = {
    "train": "Response variance along components:\n{} train stimuli",
    "linear": "Least squares, not penalised:\n{} stimuli that are reported",
    "ridge": "Ridge:\n{} stimuli that are reported",
}
MOST_BANDS = 6
"""More models than that, and their intervals would hide one another."""


def draw(
    curves: pd.DataFrame,
    summary: pd.DataFrame,
    models: dict[str, dict],
    readouts: dict[str, dict],
    readout: str | None = None,
) -> Figure:
    """Draw a row per region: the response variance along components, and two readouts' scores.

    Parameters
    ----------
    curves : DataFrame
        ``tables/score_by_components.csv`` of the data set.
    summary : DataFrame
        ``summary.csv`` of the data set, at the committed settings of sweeps: it tells the layer.
    models, readouts : dict
        Descriptions in the order of the config, see `ventral.scores.reporting`.
    readout : str, optional
        The readout whose committed layers are shown; by default the last ridge_cv of `readouts`.

    Returns
    -------
    Figure
        A figure with only a message if no model has a committed layer.
    """
    readout = readout or default_readout(readouts)
    chosen = summary[(summary["readout"] == readout) & committed_rows(summary)]
    layers = chosen[["region", "model", "variant", "layer"]].drop_duplicates()
    shown = curves.rename(columns={"model": "variant", "readout": "method"}).merge(
        layers, on=["region", "variant", "layer"]
    )
    if shown.empty:
        return style.placeholder("No layer was committed: there is no score to show.")
    regions = regions_in_order(shown)
    present = [model for model in models if (shown["model"] == model).any()]
    best = _part(shown, "ridge").groupby(["region", "model"])[MEAN].max().groupby("model").mean()
    coloured = style.most_explaining(best, present)
    looks = style.looks(models)
    with matplotlib.rc_context(style.STYLE):
        names = model_names(models)
        width = 9.5
        handles = style.legend_of_lines(present, coloured, looks, names)
        columns = style.legend_columns(width, [str(handle.get_label()) for handle in handles])
        height = 2.6 * len(regions) + 1.3 + 0.2 * -(-len(handles) // columns)
        figure = Figure(figsize=(width, height))
        grid = figure.subplots(len(regions), len(TITLES), squeeze=False, sharex=True)
        for row, region in zip(grid, regions, strict=True):
            here = shown[shown["region"] == region]
            scored = here.loc[here["split"] != "train", MEAN].to_numpy(float)
            top = max(1.1 * np.nanmax(scored, initial=0.0), 0.05)
            for axes, (part, heading) in zip(row, TITLES.items(), strict=True):
                rows = _part(here, part)
                _draw_lines(axes, rows, present, coloured, looks)
                axes.set_title(heading.format(_stimuli(rows)), loc="left", fontsize=9)
                # Least squares on all components has no lower bound: what is under it is cut off.
                axes.set_ylim(*((-0.03, 1.03) if part == "train" else (-top, top)))
            sites = style.count(int(here["n_sites"].iloc[0]), "site")
            row[0].set_ylabel(f"{region}, {sites}\nMean explained variance")
        for axes in grid[-1]:
            axes.set_xlabel("Number of components")
        figure.legend(handles=handles, loc="outside lower center", ncols=columns, handlelength=3)
        split = next((name for name in shown["split"].unique() if name != "train"), "train")
        bands = " and its 95% bootstrap interval" if len(present) <= MOST_BANDS else ""
        style.title(
            figure,
            "Score against the number of principal components",
            f"{split_in_words(split)}, committed layer of {readouts[readout]['label']}; mean over"
            f" sites{bands}. Components and readouts are of the train stimuli; ridge has one alpha"
            " a site, chosen on all components.",
        )
    return figure


def _part(rows: pd.DataFrame, part: str) -> pd.DataFrame:
    if part == "train":
        return rows[rows["split"] == "train"]
    return rows[(rows["split"] != "train") & (rows["method"] == part)]


def _stimuli(rows: pd.DataFrame) -> str:
    counts = sorted({int(count) for count in rows["n_stimuli"]})
    return " to ".join(str(count) for count in dict.fromkeys((counts[0], counts[-1])))


def _draw_lines(
    axes: Axes,
    rows: pd.DataFrame,
    present: list[str],
    coloured: list[str],
    looks: Mapping[str, style.Look],
) -> None:
    axes.axhline(0, color=style.GREY, linewidth=0.8, zorder=1)
    for place, model in enumerate(present):
        own = rows[rows["model"] == model].sort_values("n_components")
        line = style.line_of(looks.get(model)) if model in coloured else style.OTHER
        line = {"zorder": 3, **line}
        # A marker on some points: on all, lines of as many components would be a row of markers.
        axes.plot(
            own["n_components"], own[MEAN], **line, markevery=(place % 3, 3), gid=f"mean:{model}"
        )
        if len(present) <= MOST_BANDS:
            axes.fill_between(
                *(own["n_components"], own[LOW], own[HIGH]),
                color=line["color"],
                alpha=0.14,
                linewidth=0,
            )
    axes.set_xscale("log")
