"""One look for all figures: sizes, colours, how a model is drawn, and how a figure is saved."""

import textwrap
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from ventral.scores.reporting import is_pixels

STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
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
QUIET = "0.35"
"""Grey of the zero line, the pixel baseline and remarks."""

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A4B94", "#8C6D31")
"""Okabe and Ito's palette for colour-blind readers without its black and yellow, and two more."""

LINES = {"weights": ("-", "-."), "random": ("--", ":")}
MARKERS = ("o", "s", "D", "^")


@dataclass(frozen=True)
class Look:
    """How a model is drawn in every figure."""

    color: str
    line: str
    marker: str
    is_random: bool


def looks(models: dict[str, dict]) -> dict[str, Look]:
    """Return the look of each network.

    An architecture has a colour, a group has a marker, random weights are dashed and hollow. From
    an architecture's third network on each has a colour of its own, for lines alone would not tell
    them apart.
    """
    networks = {model: given for model, given in models.items() if not is_pixels(given)}
    colors = _colors(networks)
    groups = list(dict.fromkeys(given["group"] for given in networks.values()))
    seen: Counter = Counter()
    result = {}
    for model, given in networks.items():
        start = "random" if given.get("weights") is None else "weights"
        alike = (given["architecture"], given["group"], start)
        result[model] = Look(
            color=colors[model],
            line=LINES[start][seen[alike] % len(LINES[start])],
            marker=MARKERS[groups.index(given["group"]) % len(MARKERS)],
            is_random=start == "random",
        )
        seen[alike] += 1
    return result


def _colors(networks: dict[str, dict]) -> dict[str, str]:
    of_architecture: Counter = Counter()
    kinds = {}
    for model, given in networks.items():
        of_architecture[given["architecture"]] += 1
        crowded = of_architecture[given["architecture"]] > len(LINES)
        kinds[model] = (given["architecture"], model if crowded else "")
    places = list(dict.fromkeys(kinds.values()))
    return {model: COLORS[places.index(kind) % len(COLORS)] for model, kind in kinds.items()}


def layers_in_order(models: Iterable[dict], present: Iterable[str]) -> list[str]:
    """Return the layers of models of one kind, merged in network order, as far as `present`."""
    merged: list[str] = []
    for given in models:
        after = 0
        for layer in given["layers"]:
            if layer not in merged:
                merged.insert(after, layer)
            after = merged.index(layer) + 1
    present = set(present)
    return [layer for layer in merged if layer in present]


def name_ticks(axes: Axes, positions: list[float], layers: list[str], slot: float) -> None:
    """Name the layers on the horizontal axis, slanted where a slot (inches) is too narrow."""
    axes.set_xticks(positions, layers)
    widest = max((len(layer) for layer in layers), default=0) * 0.075
    if widest > slot * 0.95:
        axes.tick_params(axis="x", rotation=45)
        for text in axes.get_xticklabels():
            text.set(ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", length=0)


def title(figure: Figure, headline: str, remark: str) -> None:
    """Set a bold headline and, under it, a plain remark broken to the figure's width."""
    lines = textwrap.wrap(remark, int(figure.get_figwidth() / 0.07))
    size = matplotlib.rcParams["figure.titlesize"]
    # The empty lines make the layout keep room for the remark, which has its own weight and size.
    figure.suptitle(headline + "\n " * len(lines), x=0.012, ha="left", fontweight="bold")
    below = ScaledTranslation(0, -(3 + 1.5 * size) / 72, figure.dpi_scale_trans)
    figure.text(
        *(0.012, 1, "\n".join(lines)),
        transform=figure.transFigure + below,
        va="top",
        color=QUIET,
        linespacing=1.3,
    )


def legend_columns(width: float, labels: Iterable[str], most: int | None = None) -> int:
    """Return how many columns of a legend fit side by side into a figure's width in inches."""
    labels = list(labels)
    fitting = int(width / (0.06 * max(map(len, labels)) + 0.55))
    return max(1, min(fitting, len(labels) if most is None else most))


def placeholder(message: str) -> Figure:
    """Return a figure that says why there is nothing to draw."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6, 2))
        figure.text(0.5, 0.5, message, ha="center", va="center", color=QUIET, wrap=True)
    return figure


def lowest_shown(values: np.ndarray) -> float:
    """Return where an axis of single sites' scores may end below.

    All values are shown unless they reach further below zero than the best one above it; then
    at least 98% are, but none under −1: there a prediction is worse than twice the variance of
    the responses, however far.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return -0.1
    enough = min(np.quantile(finite, 0.02), -finite.max(), -0.1)
    return float(min(-0.02, max(finite.min(), enough, -1.0)))


def save(figure: Figure, path_svg: str | Path, path_png: str | Path) -> None:
    """Write a figure as SVG and as PNG (200 dpi); the same figure gives the same bytes."""
    for path in (path_svg, path_png):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        figure.savefig(path_svg, format="svg", dpi=200, metadata={"Date": None, "Creator": None})
        figure.savefig(path_png, format="png", dpi=200, metadata={"Software": None})
