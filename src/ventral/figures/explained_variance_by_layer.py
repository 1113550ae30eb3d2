"""Figure 1 of the report: how explained variance is distributed over sites, layer by layer."""

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy.stats import gaussian_kde

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

GOLDEN_RATIO = (np.sqrt(5) - 1) / 2

MAX_SHAPES = 4000
"""The SVG holds more points than this as an image: as single shapes they would take megabytes."""

MOST_FAMILIES = 6
"""Rows of panels: more of them make a page that nobody can read. The map of layers has the rest."""

Family = dict[str, dict]
"""Models of one group with one label: {model: description}."""


def draw(
    scores: pd.DataFrame,
    summary: pd.DataFrame,
    models: dict[str, dict],
    readouts: dict[str, dict],
    split: str,
    readout: str | None = None,
) -> Figure:
    """Draw a panel per region and model family: a violin per layer, a point per site.

    A family is all models of one group with one label. Of more than `MOST_FAMILIES`, those are
    shown whose best committed layer explains most, on the mean over regions. The number of sites
    below the axis is at the foot of the panel, and the number of sites without a defined score is
    above it.

    Parameters
    ----------
    scores, summary, models, readouts, split, readout
        As of every figure of a data set, see `ventral.figures`.

    Returns
    -------
    Figure
        A figure with only a message if no network has a score.
    """
    readout = readout or default_readout(readouts)
    networks = {
        model: description for model, description in models.items() if not is_pixels(description)
    }
    scores = _select(scores, networks, readout, split)
    summary = _select(summary, networks, readout, split)
    chosen = summary[committed_rows(summary)]
    committed = chosen[["region", "model", "layer"]]
    every_family = _families(networks, scores)
    if not every_family:
        return style.placeholder("No network was scored: there are no layers to compare.")
    families = _best(every_family, chosen)
    drawn = {model for family, _ in families.values() for model in family}
    scores, summary = (table[table["model"].isin(drawn)] for table in (scores, summary))
    regions = regions_in_order(scores)
    values = scores["explained_variance"].to_numpy(float)
    low = style.lowest_shown(values)
    high = max(np.nanmax(values, initial=0.1), 0.1)

    look_of = style.looks(models)
    heads = {
        (key, region): (f"{region}: {key[1]}", _count_sites(scores, region, family))
        for key, (family, _) in families.items()
        for region in regions
    }
    # Inches: room for the violins, for the names of the layers and for the text above the panel.
    panel = max(
        2.6,
        max(len(layers) * max(0.32 * len(family), 0.5) for family, layers in families.values()),
        max(0.1 * len(head) + 0.065 * len(remark) + 0.1 for head, remark in heads.values()),
    )
    with matplotlib.rc_context(style.STYLE):
        figure = Figure(figsize=(max(5.5, panel * len(regions) + 2.4), 2.45 * len(families) + 1.0))
        grid = figure.subplots(len(families), len(regions), squeeze=False, sharey=True)
        for row, (key, (family, layers)) in zip(grid, families.items(), strict=True):
            for axes, region in zip(row, regions, strict=True):
                here = scores[(scores["region"] == region) & scores["model"].isin(family)]
                marked = committed[committed["region"] == region]
                _draw_panel(
                    axes,
                    here,
                    family,
                    layers,
                    look_of,
                    set(zip(marked["model"], marked["layer"], strict=True)),
                    low,
                    high,
                    is_raster=len(scores) > MAX_SHAPES,
                )
                style.label_layers(axes, range(len(layers)), layers, panel / len(layers))
                head, remark = heads[key, region]
                axes.set_title(head, loc="left", fontweight="bold")
                axes.set_title(remark, loc="right", color=style.GREY, fontsize=8)
            row[0].set_ylabel("Explained variance (fraction)")
            _name_family(row[-1], key[0], family, look_of)
        _explain_marks(figure, is_clipped=bool((values < low).any()))
        in_words = readout_name(readouts[readout], summary["n_components"])
        style.title(
            figure,
            "Explained variance of each site, layer by layer",
            f"{split_in_words(split)}, {int(summary['n_stimuli'].max())} stimuli; {in_words};"
            f" a point is a site.{_left_out(len(families), len(every_family))}",
        )
    return figure


def _select(table: pd.DataFrame, networks: Family, readout: str, split: str) -> pd.DataFrame:
    return table[
        table["model"].isin(networks) & (table["readout"] == readout) & (table["split"] == split)
    ]


def _families(
    networks: Family, scores: pd.DataFrame
) -> dict[tuple[str, str], tuple[Family, list[str]]]:
    """Return ``{(group, label): (models of the family that have scores, layers in order)}``."""
    families: dict[tuple[str, str], Family] = {}
    for model, description in networks.items():
        if (scores["model"] == model).any():
            key = description["group"], description["label"]
            families.setdefault(key, {})[model] = description
    merged = {
        key: (
            family,
            style.layers_in_order(
                family.values(), scores.loc[scores["model"].isin(family), "layer"]
            ),
        )
        for key, family in families.items()
    }
    return {key: (family, layers) for key, (family, layers) in merged.items() if layers}


def _best(
    families: dict[tuple[str, str], tuple[Family, list[str]]], chosen: pd.DataFrame
) -> dict[tuple[str, str], tuple[Family, list[str]]]:
    """Return the families whose best committed layer explains most, in the order given."""
    mean = chosen.pivot_table(
        index="model", columns="region", values="explained_variance_mean", dropna=False
    )

    def explained(key: tuple[str, str]) -> float:
        best = mean[mean.index.isin(families[key][0])].max().mean()
        return best if np.isfinite(best) else -np.inf

    best = sorted(families, key=explained, reverse=True)[:MOST_FAMILIES]
    return {key: found for key, found in families.items() if key in best}


def _left_out(shown: int, known: int) -> str:
    if shown == known:
        return ""
    return (
        f" The {shown} of {known} families of networks that explain most; heat_map_of_layers has"
        " every layer of all."
    )


def _draw_panel(
    axes: Axes,
    scores: pd.DataFrame,
    family: Family,
    layers: list[str],
    look_of: dict[str, style.Look],
    committed: set[tuple[str, str]],
    low: float,
    high: float,
    is_raster: bool,
) -> None:
    span = high - low
    is_clipped = bool((scores["explained_variance"] < low).any())
    foot = low - 0.16 * span
    width = 0.84 / len(family)
    axes.axhline(0, color=style.GREY, linewidth=0.8, zorder=1)
    for rank, model in enumerate(family):
        offset = (rank - (len(family) - 1) / 2) * width
        for index, layer in enumerate(layers):
            own = scores.loc[
                (scores["model"] == model) & (scores["layer"] == layer), "explained_variance"
            ].to_numpy(float)
            expected, own = own.size, own[np.isfinite(own)]
            x = index + offset
            look = look_of[model]
            name = f"{model}:{layer}"
            if own.size:
                _draw_sites(axes, own, x, 0.46 * width, low, look, name, is_raster)
            elif expected:
                axes.text(
                    x=x,
                    y=0,
                    s=" undefined ",
                    rotation=90,
                    ha="center",
                    va="bottom",
                    fontsize=7,
                    color=style.GREY,
                )
            if (below := int((own < low).sum())) > 0:
                axes.plot(x, low - 0.055 * span, "v", color=look.color, markersize=4)
                axes.text(
                    x=x,
                    y=low - 0.085 * span,
                    s=str(below),
                    ha="center",
                    va="top",
                    fontsize=7,
                    gid=f"below:{name}",
                )
            if (model, layer) in committed:
                axes.plot(
                    x,
                    high + 0.07 * span,
                    marker="*",
                    color="black",
                    markersize=7,
                    gid=f"committed:{name}",
                )
    if is_clipped:
        axes.axhspan(foot, low, color="0.95", linewidth=0, zorder=0)
    top = high + 0.14 * span
    axes.set_ylim(foot if is_clipped else low - 0.05 * span, top)
    axes.set_yticks([tick for tick in axes.get_yticks() if low <= tick <= top])
    axes.set_xlim(-0.55, len(layers) - 0.45)
    for edge in range(1, len(layers) if len(family) > 1 else 0):
        axes.axvline(edge - 0.5, color="0.92", linewidth=0.8, zorder=0)


def _draw_sites(
    axes: Axes,
    values: np.ndarray,
    x: float,
    half_width: float,
    low: float,
    look: style.Look,
    name: str,
    is_raster: bool,
) -> None:
    """Draw a violin, the sites inside it, their quartiles and their median."""
    shown = np.sort(values[values >= low])
    reach = np.full(shown.size, 0.35)
    density = _density(values)
    if density is not None and shown.size:
        heights = np.linspace(shown[0], shown[-1], 100)
        profile = density(heights)
        reach = density(shown) / profile.max()
        axes.fill_betweenx(
            heights,
            x - half_width * profile / profile.max(),
            x + half_width * profile / profile.max(),
            facecolor="white" if look.is_random else (look.color, 0.22),
            edgecolor=look.color,
            linestyle=look.line,
            linewidth=0.8,
            zorder=2,
        )
    # Steps of the golden ratio keep sites of similar score apart without random numbers.
    spread = 2 * ((np.arange(shown.size) * GOLDEN_RATIO + 0.5) % 1) - 1
    axes.scatter(
        x + 0.85 * half_width * reach * spread,
        shown,
        s=5,
        color=look.color,
        alpha=0.55,
        linewidth=0,
        # Of no other artist: the points of a panel become one image, and not one for each layer.
        zorder=2.5,
        gid=f"sites:{name}",
        rasterized=is_raster,
    )
    first, median, third = np.quantile(values, [0.25, 0.5, 0.75])
    if third > low:
        axes.plot([x, x], [max(first, low), third], color="black", linewidth=1.6, zorder=4)
    if median >= low:
        axes.plot(
            x,
            median,
            marker="o",
            markersize=4,
            markerfacecolor="white",
            markeredgecolor="black",
            zorder=5,
            gid=f"median:{name}",
        )


def _density(values: np.ndarray) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return a kernel density of Silverman's bandwidth, or None if there are too few values.

    The bandwidth is 0.9 min(s, IQR/1.34) n^(-1/5) (Silverman 1986, eq. 3.31), so that a few sites
    far below zero do not blur the rest.
    """
    if values.size < 5:
        return None
    deviation = values.std(ddof=1)
    first, third = np.quantile(values, [0.25, 0.75])
    spread = min(deviation, (third - first) / 1.34)
    if spread <= 1e-9:
        return None
    return gaussian_kde(values, bw_method=0.9 * spread / deviation * values.size**-0.2)


def _count_sites(scores: pd.DataFrame, region: str, family: Family) -> str:
    """Return how many sites a panel has, and how many scores are undefined."""
    here = scores[(scores["region"] == region) & scores["model"].isin(family)]
    sites = here["site_id"].nunique()
    undefined = int(here["explained_variance"].isna().sum())
    remark = style.count(sites, "site")
    return remark + (f", {undefined} scores undefined" if undefined else "")


def _name_family(axes: Axes, group: str, family: Family, look_of: dict[str, style.Look]) -> None:
    """Name the variants of a row of panels to the right of it."""
    names = model_names(family)
    patches = [
        Patch(
            facecolor="white" if look_of[model].is_random else (look_of[model].color, 0.22),
            edgecolor=look_of[model].color,
            linestyle=look_of[model].line,
            label=description.get("variant") or names[model],
        )
        for model, description in family.items()
    ]
    legend = axes.legend(
        handles=patches, title=group, loc="upper left", bbox_to_anchor=(1.01, 1.02)
    )
    legend.get_title().set(fontweight="bold", fontsize=8)
    legend.set_alignment("left")


def _explain_marks(figure: Figure, is_clipped: bool) -> None:
    """Explain below the panels the marks that they share."""
    marks: dict[str, dict[str, Any]] = {
        "committed layer": {"color": "black", "marker": "*", "markersize": 7, "linestyle": "none"},
        "median and quartiles": {
            "color": "black",
            "marker": "o",
            "markerfacecolor": "white",
            "markersize": 4,
        },
    }
    if is_clipped:
        marks["number of sites below the axis"] = {
            "color": style.GREY,
            "marker": "v",
            "markersize": 4,
            "linestyle": "none",
        }
    figure.legend(
        handles=[Line2D([], [], label=label, **mark) for label, mark in marks.items()],
        loc="outside lower center",
        ncols=len(marks),
    )
