"""The difference between every two models, as a matrix."""

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from ventral.figures import style
from ventral.scores.reporting import (
    model_names,
    readout_shown,
    regions_in_order,
    split_in_words,
)

CELL = 0.5
"""Inches of a cell whose number is written in it."""

MOST_NUMBERS = 12
"""Models up to which the numbers are written into the cells."""

SMALL_CELL = 0.17
LEVEL = 0.05
COLORS = "PuOr_r"
"""Told apart by colour-blind readers; in grey the sign is lost, so it is written, or marked."""


def draw(
    table: pd.DataFrame, models: dict[str, dict], readouts: dict[str, dict], readout: str | None
) -> Figure:
    """Draw a matrix for each region: the model of the row less that of the column.

    Parameters
    ----------
    table : DataFrame
        Returned by `ventral.scores.comparisons.compare_models`.
    models, readouts : dict
        Descriptions in the order of the config, see `ventral.scores.reporting`.
    readout : str or None
        The readout shown; by default the last ridge_cv, or what the table has.

    Returns
    -------
    Figure
        A figure with only a message if there are no pairs.
    """
    readout = readout_shown(table, readouts, readout)
    shown = table[table["readout"] == readout]
    if shown.empty:
        return style.placeholder("There are no two models with a defined score to compare.")
    regions = regions_in_order(shown)
    present = set(shown["model"]) | set(shown["other"])
    names = [name for name in models if name in present]
    labels = [model_names(models)[name] for name in names]
    in_numbers = len(names) <= MOST_NUMBERS
    side = len(names) * (CELL if in_numbers else SMALL_CELL)
    margin = 0.065 * max(map(len, labels)) + 0.3
    limit = max(float(shown["difference"].abs().max()), 0.01)
    with matplotlib.rc_context(style.STYLE | {"axes.grid": False}):
        width = max(6.5, margin + len(regions) * (side + 0.3) + 0.9)
        # Long names of many models are upright: slanted ones would run into one another.
        below = 0.7 * margin if in_numbers else margin
        figure = Figure(figsize=(width, side + below + 1.2))
        panels = np.atleast_1d(figure.subplots(ncols=len(regions), sharey=True))
        for axes, region in zip(panels, regions, strict=True):
            image = _draw_panel(axes, shown[shown["region"] == region], names, limit, in_numbers)
            axes.set_title(_heading(shown, region), loc="left", fontweight="bold")
            axes.set_xticks(range(len(names)), labels, rotation=45 if in_numbers else 90)
            if in_numbers:
                for text in axes.get_xticklabels():
                    text.set(ha="right", rotation_mode="anchor")
            axes.set_yticks(range(len(names)), labels)
            axes.tick_params(length=0)
        bar = figure.colorbar(image, ax=list(panels), shrink=0.8, aspect=30, pad=0.02)
        bar.set_label("Row less column,\nexplained variance")
        bar.outline.set_visible(False)
        for axes in panels:  # which the colour bar has put in the middle of their room
            axes.set_anchor("N")
        mark = "bold, with a star" if in_numbers else "+ (better) or − (worse)"
        style.title(
            figure,
            "Which model explains more",
            f"{split_in_words(shown['split'].iloc[0])}, committed layers;"
            f" {readouts[readout]['label']}; difference of the means over sites, in pairs;"
            f" {mark}: p\u00a0<\u00a0.05 after correction for all pairs (Holm).",
        )
    return figure


def _heading(table: pd.DataFrame, region: str) -> str:
    """Return the name of a region, with its numbers of sites and stimuli."""
    here = table[table["region"] == region]
    sites, stimuli = (int(here[name].max()) for name in ("n_sites", "n_stimuli"))
    return style.heading(region, sites, stimuli)


def _draw_panel(
    axes: Axes, pairs: pd.DataFrame, names: list[str], limit: float, in_numbers: bool
) -> AxesImage:
    place = {name: index for index, name in enumerate(names)}
    differences = np.full((len(names), len(names)), np.nan)
    marked = np.zeros(differences.shape, bool)
    for row in pairs.to_dict("records"):
        here, there = place[row["model"]], place[row["other"]]
        differences[here, there], differences[there, here] = row["difference"], -row["difference"]
        marked[here, there] = marked[there, here] = row["p_holm"] < LEVEL
    image = axes.imshow(
        differences, cmap=COLORS, norm=TwoSlopeNorm(0, -limit, limit), interpolation="none"
    )
    for spine in axes.spines.values():
        spine.set_visible(False)
    for (row, column), value in np.ndenumerate(differences):
        if not np.isfinite(value):
            continue
        star = "*" if marked[row, column] else ""
        sign = "+" if value > 0 else "−"
        text = style.number(value) + star if in_numbers else sign if star else ""
        axes.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=7 if in_numbers else 6,
            fontweight="bold" if star else "normal",
            color="white" if abs(value) > 0.6 * limit else "black",
        )
    return image
