"""The score of every layer of every model, as a map of colours: many models at a glance."""

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from ventral.figures import style
from ventral.scores.reporting import (
    committed_rows,
    default_readout,
    is_pixels,
    model_names,
    readout_name,
    regions_in_order,
    split_in_words,
)

MEAN = "explained_variance_mean"
CELL, ROW = 0.4, 0.22
"""Inches of a cell, and of a row of many models."""

MOST_NUMBERS = 12
"""Models up to which the numbers are written into the cells."""

COLORS = "viridis"
"""Its brightness grows with the score, so it can be read in grey."""


def draw(
    scores: pd.DataFrame,
    summary: pd.DataFrame,
    models: dict[str, dict],
    readouts: dict[str, dict],
    split: str,
    readout: str | None = None,
) -> Figure:
    """Draw a panel per region: a row per model, and in it a cell for each of its layers.

    Layers are in network order, each model's from the left; the committed one has a frame.

    Parameters
    ----------
    scores, summary, models, readouts, split, readout
        As of every figure of a data set, see `ventral.figures`.

    Returns
    -------
    Figure
        A figure with only a message if there is no network with a score.
    """
    readout = readout or default_readout(readouts)
    shown = summary[(summary["readout"] == readout) & (summary["split"] == split)]
    names = [
        name
        for name in models
        if not is_pixels(models[name]) and shown.loc[shown["model"] == name, MEAN].notna().any()
    ]
    if not names:
        return style.placeholder("No network has a defined score with this readout.")
    shown = shown[shown["model"].isin(names)]
    layers = {
        name: style.layers_in_order(
            [models[name]], shown.loc[shown["model"] == name, "layer"].unique()
        )
        for name in names
    }
    regions = regions_in_order(shown)
    depth = max(map(len, layers.values()))
    in_numbers = len(names) <= MOST_NUMBERS
    labels = [model_names(models)[name] for name in names]
    low = min(0.0, style.lowest_shown(shown[MEAN].to_numpy(float)))
    high = max(float(np.nanmax(shown[MEAN])), 0.05)
    row = 0.36 if in_numbers else ROW
    margin = 0.065 * max(map(len, labels)) + 0.3
    with matplotlib.rc_context(style.STYLE | {"axes.grid": False}):
        width = max(6.5, margin + len(regions) * (depth * CELL + 0.3) + 1.0)
        figure = Figure(figsize=(width, len(names) * row + 1.9))
        panels = np.atleast_1d(figure.subplots(ncols=len(regions), sharey=True))
        for axes, region in zip(panels, regions, strict=True):
            here = shown[shown["region"] == region]
            image = _draw_panel(axes, here, layers, depth, (low, high), in_numbers)
            axes.set_title(
                style.heading(region, int(here["n_sites"].max())),
                loc="left",
                fontweight="bold",
            )
            axes.set_yticks(range(len(names)), labels)
            ends = ["first layer", "last layer"] if depth > 1 else ["the layer"]
            axes.set_xticks(sorted({0, depth - 1}), ends)
            axes.tick_params(length=0)
        bar = figure.colorbar(image, ax=list(panels), shrink=0.8, aspect=30, pad=0.02)
        bar.set_label("Mean explained variance")
        bar.outline.set_visible(False)
        stimuli = int(shown["n_stimuli"].max())
        style.title(
            figure,
            "Explained variance of every layer",
            f"{split_in_words(split)}, {stimuli} stimuli;"
            f" {readout_name(readouts[readout], shown['n_components'])}; mean over sites; a frame:"
            " the committed layer.",
        )
    return figure


def _draw_panel(
    axes: Axes,
    summary: pd.DataFrame,
    layers: dict[str, list[str]],
    depth: int,
    limits: tuple[float, float],
    in_numbers: bool,
) -> AxesImage:
    values = np.full((len(layers), depth), np.nan)
    committed = summary[committed_rows(summary)].set_index("model")["layer"].to_dict()
    for row, (model, own) in enumerate(layers.items()):
        of_model = summary[summary["model"] == model].set_index("layer")[MEAN]
        for column, layer in enumerate(own):
            values[row, column] = of_model.get(layer, np.nan)
            if committed.get(model) == layer:
                corner = (column - 0.46, row - 0.44)
                frame = Rectangle(corner, 0.92, 0.88, fill=False, color="black", linewidth=1.4)
                # White around black is seen on every colour, and in grey.
                frame.set_path_effects([withStroke(linewidth=3, foreground="white")])
                axes.add_patch(frame)
    low, high = limits
    image = axes.imshow(values, cmap=COLORS, vmin=low, vmax=high, aspect="auto")
    for spine in axes.spines.values():
        spine.set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        if in_numbers and np.isfinite(value):
            dark = value < low + 0.6 * (high - low)
            text = f"{value:.2f}".replace("-", "−").replace("0.", ".")
            axes.text(
                *(column, row, text),
                ha="center",
                va="center",
                fontsize=7,
                color="white" if dark else "black",
            )
    return image
