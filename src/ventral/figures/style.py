"""One look for all figures: sizes, colours, how a model is drawn, and how a figure is saved."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation
from matplotlib.typing import LineStyleType, RcKeyType

from ventral.figures.looks import LINES, assign_looks
from ventral.storage.atomic import write_aside

STYLE: dict[RcKeyType, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so every machine has it
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "figure.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "0.35",
    "axes.linewidth": 0.8,
    "xtick.color": "0.2",
    "ytick.color": "0.2",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "0.92",
    "grid.linewidth": 0.8,
    "figure.constrained_layout.use": True,
    "svg.hashsalt": "ventral",
    "svg.fonttype": "path",
}
MOST_LINES = 10
"""Models that can be told apart in one panel. Of more, the best are drawn, the others are grey."""

MOST_TICKS = 40
"""Layers side by side, as wide as a page lets them be read."""

GREY = "0.35"
"""Colour of the zero line, the pixel baseline and remarks."""

OTHER: dict[str, Any] = {"color": "0.82", "linewidth": 0.8, "zorder": 1.5}
"""How models are drawn that are too many to be told apart."""


@dataclass(frozen=True)
class Look:
    """How a model is drawn in every figure.

    Parameters
    ----------
    color : str
        Colour of lines and marks, as matplotlib names it.
    line : str
        Style of the line.
    marker : str
        Shape of the marks.
    is_random : bool
        Whether the model has random weights; its marks are then hollow.
    """

    color: str
    line: LineStyleType
    marker: str
    is_random: bool


def looks(models: dict[str, dict]) -> dict[str, Look]:
    """Return the look of each network.

    Parameters
    ----------
    models : dict
        Descriptions of the models, see `ventral.scores.reporting`. ``look`` of each is what
        `ventral.figures.looks.assign_looks` gives it among all models of the study; where it is
        absent, looks are given out among these.

    Returns
    -------
    dict of str to Look
        Without the pixel baseline.
    """
    given = {model: description.get("look") for model, description in models.items()}
    assigned = assign_looks(models)
    return {model: Look(**(given[model] or look)) for model, look in assigned.items()}


def mark_of(look: Look | None) -> dict[str, Any]:
    """Return how a model is marked in figures without lines.

    Parameters
    ----------
    look : Look or None
        None for the pixel baseline.

    Returns
    -------
    dict
        Properties of a line of matplotlib: a hollow mark with random weights; a half-filled one
        for the second network of an architecture and group, which elsewhere has another line.
    """
    if look is None:
        return {"linestyle": "none", "marker": "s", "color": GREY}
    mark = {
        "linestyle": "none",
        "marker": look.marker,
        "color": look.color,
        "markerfacecolor": "white" if look.is_random else look.color,
    }
    if any(look.line == second for _, second in LINES.values()):
        mark |= {"fillstyle": "left", "markerfacecolor": look.color}
        mark["markerfacecoloralt"] = "0.8" if look.is_random else "white"
    return mark


def line_of(look: Look | None) -> dict[str, Any]:
    """Return how a model is drawn along its layers: properties of a line of matplotlib.

    Parameters
    ----------
    look : Look or None
        None for the pixel baseline.
    """
    if look is None:
        return {"linestyle": (0, (1, 1)), "color": GREY, "linewidth": 1.5}
    return {
        "color": look.color,
        "linestyle": look.line,
        "linewidth": 1.5,
        "marker": look.marker,
        "markersize": 4.5,
        "markerfacecolor": "white" if look.is_random else look.color,
    }


def most_explaining(scores: pd.Series, models: Iterable[str]) -> list[str]:
    """Return the models that a panel of lines shows in colour, in the order given.

    Parameters
    ----------
    scores : Series
        A value per model, by which the best `MOST_LINES` are found. A model without one is last.
    models : iterable of str
        The models to choose among.
    """
    models = list(models)
    values = scores.reindex(models).fillna(-np.inf)
    best = set(values.sort_values(ascending=False, kind="stable").index[:MOST_LINES])
    return [model for model in models if model in best]


def legend_of_lines(
    drawn: Iterable[str], coloured: Iterable[str], looks: Mapping[str, Look], names: Mapping
) -> list[Line2D]:
    """Return the entries of a legend: the models in colour, and one for those that are grey.

    Parameters
    ----------
    drawn, coloured : iterable of str
        All models of a figure, and those of `most_explaining`.
    looks : Mapping
        Of the networks.
    names : Mapping
        Of `ventral.scores.reporting.model_names`.
    """
    coloured = list(coloured)
    handles = [
        Line2D([], [], **line_of(looks.get(model)), label=names[model]) for model in coloured
    ]
    if rest := len(set(drawn) - set(coloured)):
        handles.append(Line2D([], [], **OTHER, label=count(rest, "other model")))
    return handles


def layers_in_order(models: Iterable[dict], present: Iterable[str]) -> list[str]:
    """Merge the layers of related models in network order.

    Parameters
    ----------
    models : iterable of dict
        Descriptions of the models; ``layers`` of each is in network order.
    present : iterable of str
        The layers to return; all others are left out.

    Returns
    -------
    list of str
        Each layer once.
    """
    merged: list[str] = []
    for description in models:
        after = 0
        for layer in description["layers"]:
            if layer not in merged:
                merged.insert(after, layer)
            after = merged.index(layer) + 1
    present = set(present)
    return [layer for layer in merged if layer in present]


def label_layers(
    axes: Axes, positions: Sequence[float], layers: Sequence[str], slot: float
) -> None:
    """Label the horizontal axis with the names of layers.

    Parameters
    ----------
    axes : Axes
        A panel of the figure.
    positions : sequence of float, (n_layers,)
        Places of the labels on the axis, in data coordinates.
    layers : sequence of str, (n_layers,)
        The labels.
    slot : float
        Inches between two labels. Labels that are wider are slanted.
    """
    axes.set_xticks(positions, layers)
    widest = max((len(layer) for layer in layers), default=0) * 0.075
    if widest > slot * 0.95:
        axes.tick_params(axis="x", rotation=45)
        for text in axes.get_xticklabels():
            text.set(ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", length=0)


def number(value: float) -> str:
    """Return a score with two decimals and a proper minus sign, and zero without one."""
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text.replace("-", "−")


def count(number: int, noun: str) -> str:
    """Return a number of things, such as "1 site" or "88 sites"."""
    plural = {"stimulus": "stimuli"}.get(noun, f"{noun}s")
    return f"{number} {noun if number == 1 else plural}"


def heading(region: str, sites: int, stimuli: int | None = None) -> str:
    """Return the name of a region with its numbers of sites and, if given, of stimuli."""
    of_stimuli = "" if stimuli is None else f", {count(stimuli, 'stimulus')}"
    return f"{region}, {count(sites, 'site')}{of_stimuli}"


def in_lines(sizes: Sequence[int], most: int = MOST_TICKS) -> list[slice]:
    """Break a row of groups into as few lines as can be, of about equal length.

    Parameters
    ----------
    sizes : sequence of int
        Ticks of each group, such as the layers of an architecture; at least one.
    most : int
        Ticks of a line; a group that has more is a line of its own.

    Returns
    -------
    list of slice
        The groups of each line.
    """
    longest = max(most, *sizes)
    fewest = len(_starts_of_lines(sizes, longest))
    limits = range(max(sizes), longest + 1)
    starts = next(
        found for limit in limits if len(found := _starts_of_lines(sizes, limit)) == fewest
    )
    return [slice(*ends) for ends in zip(starts, [*starts[1:], len(sizes)], strict=True)]


def _starts_of_lines(sizes: Sequence[int], limit: int) -> list[int]:
    starts, length = [0], 0
    for index, size in enumerate(sizes):
        if length and length + size > limit:
            starts.append(index)
            length = 0
        length += size
    return starts


def title(figure: Figure, headline: str, remark: str) -> None:
    """Set a bold headline and, under it, a remark in normal weight.

    Parameters
    ----------
    figure : Figure
        The figure to put them on.
    headline : str
        One line.
    remark : str
        Wrapped to the width of the figure.
    """
    lines = textwrap.wrap(remark, int(figure.get_figwidth() / 0.07))
    size = matplotlib.rcParams["figure.titlesize"]
    # The layout engine reserves space for the title only, so empty lines in it hold the place of
    # the remark, whose weight and size differ.
    figure.suptitle(headline + "\n " * len(lines), x=0.012, ha="left", fontweight="bold")
    below = ScaledTranslation(0, -(3 + 1.5 * size) / 72, figure.dpi_scale_trans)
    figure.text(
        x=0.012,
        y=1,
        s="\n".join(lines),
        transform=figure.transFigure + below,
        va="top",
        color=GREY,
        linespacing=1.3,
    )


def legend_columns(width: float, labels: Iterable[str], most: int | None = None) -> int:
    """Return how many columns of a legend fit side by side.

    Parameters
    ----------
    width : float
        Width of the figure in inches.
    labels : iterable of str
        Labels of the legend; at least one.
    most : int, optional
        Upper limit; by default the number of labels.

    Returns
    -------
    int
        At least 1.
    """
    lengths = [len(label) for label in labels]
    fitting = int(width / (0.06 * max(lengths) + 0.55))
    return max(1, min(fitting, len(lengths) if most is None else most))


def placeholder(message: str) -> Figure:
    """Return a figure that shows only a message, such as why there is nothing to draw."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6, 2))
        figure.text(0.5, 0.5, message, ha="center", va="center", color=GREY, wrap=True)
    return figure


def lowest_shown(values: np.ndarray) -> float:
    """Return the lower end of an axis that shows the scores of single sites.

    The axis shows all values, unless the lowest lies further below zero than the highest lies
    above it. Then it shows at least 98% of them, but nothing under −1, where the error has more
    than twice the variance of the responses.

    Parameters
    ----------
    values : ndarray
        Explained variances, of any shape. Undefined ones (NaN) are ignored.

    Returns
    -------
    float
        Between −1 and −0.02.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return -0.1
    enough = min(np.quantile(finite, 0.02), -finite.max(), -0.1)
    return float(min(-0.02, max(finite.min(), enough, -1.0)))


def save(figure: Figure, path_svg: str | Path, path_png: str | Path) -> None:
    """Write a figure as SVG and as PNG (200 dpi).

    Neither file holds a date or a random identifier, so equal figures give equal bytes.

    Parameters
    ----------
    figure : Figure
        The figure.
    path_svg, path_png : str or Path
        Where to write. Missing folders are created.
    """
    with matplotlib.rc_context(STYLE):
        with write_aside(path_svg) as aside:
            figure.savefig(aside, format="svg", dpi=200, metadata={"Date": None, "Creator": None})
        with write_aside(path_png) as aside:
            figure.savefig(aside, format="png", dpi=200, metadata={"Software": None})
