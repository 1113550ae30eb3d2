"""What was recorded of single sites against what the best models predict, stimulus by stimulus."""

import textwrap

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ventral.figures import style
from ventral.scores.example_sites import SCORE
from ventral.scores.reporting import model_names, readout_name, regions_in_order, split_in_words

PANEL = 1.75
"""Inches of a side of a panel."""


def draw(
    examples: pd.DataFrame,
    summary: pd.DataFrame,
    models: dict[str, dict],
    readouts: dict[str, dict],
    split: str,
    readout: str,
) -> Figure:
    """Draw a block of panels per region: a row per model, a column per site, a point per stimulus.

    Parameters
    ----------
    examples : DataFrame
        Returned by `ventral.scores.example_sites.example_sites`.
    summary : DataFrame
        ``summary.csv`` of the data set, at the committed settings of sweeps.
    models, readouts, split, readout
        As of every figure of a data set, see `ventral.figures`.

    Returns
    -------
    Figure
        A figure with only a message if no model has a defined score.
    """
    if examples.empty:
        return style.placeholder("No model has a defined score with this readout.")
    names, looks = model_names(models), style.looks(models)
    regions = regions_in_order(examples)
    blocks = {region: examples[examples["region"] == region] for region in regions}
    n_rows = max(block["model"].nunique() for block in blocks.values())
    widths = [block["site_id"].nunique() for block in blocks.values()]
    with matplotlib.rc_context(style.STYLE):
        width = max(6.0, sum(widths) * PANEL + 0.7 * len(regions))
        figure = Figure(figsize=(width, n_rows * (PANEL + 0.2) + 1.2))
        parts = figure.subfigures(1, len(regions), squeeze=False, width_ratios=widths)[0]
        for part, (region, block) in zip(parts, blocks.items(), strict=True):
            part.suptitle(
                style.heading(region, int(block["n_sites"].iloc[0])),
                x=0.02,
                ha="left",
                fontsize=10,
                fontweight="bold",
            )
            grid = part.subplots(n_rows, block["site_id"].nunique(), squeeze=False)
            of_models = block.groupby("model", sort=False)
            for row, (model, of_model) in zip(grid, of_models, strict=False):
                row[0].set_ylabel(
                    textwrap.fill(f"{names[str(model)]}, {of_model['layer'].iloc[0]}", 28)
                    + "\nrecorded",
                    fontsize=7,
                )
                for axes, (_, points) in zip(
                    row, of_model.groupby("centile", sort=False), strict=True
                ):
                    _draw_panel(axes, points, looks.get(str(model)), f"{region}:{model}")
            for axes in grid[of_models.ngroups - 1]:
                axes.set_xlabel("predicted", fontsize=7)
            for axes in grid[of_models.ngroups :].ravel():
                axes.set_visible(False)
        used = summary.loc[summary["readout"] == readout, "n_components"]
        style.title(
            figure,
            "Recorded against predicted responses of single sites",
            f"{split_in_words(split)}, committed layers; {readout_name(readouts[readout], used)};"
            " the same sites of each region for all models, at centiles of the best model's"
            " score; EV: explained variance; a point is a stimulus; the line marks equal values.",
        )
    return figure


def _draw_panel(axes: Axes, points: pd.DataFrame, look: style.Look | None, name: str) -> None:
    first = points.iloc[0]
    values = points[["predicted", "recorded"]].to_numpy(float)
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    room = 0.06 * (high - low) or 1.0
    ends = low - room, high + room
    axes.plot(ends, ends, color=style.GREY, linewidth=0.8, zorder=1)
    axes.plot(
        points["predicted"],
        points["recorded"],
        **style.mark_of(look),
        markersize=2.6,
        markeredgewidth=0.6,
        alpha=0.75,
        zorder=2,
        gid=f"responses:{name}:{first['site_id']}",
        rasterized=len(points) > 1000,
    )
    axes.set(xlim=ends, ylim=ends, aspect="equal")
    axes.locator_params(nbins=4)
    axes.tick_params(labelsize=6)
    axes.grid(axis="both", color="0.92")
    axes.set_title(
        f"{textwrap.shorten(str(first['site_id']), 26)}, {first['centile']:g}th centile\n"
        f"EV {style.number(first[SCORE])}, {style.count(int(first['n_stimuli']), 'stimulus')}",
        loc="left",
        fontsize=7,
    )
