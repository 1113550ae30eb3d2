"""Figure 1 of the report: how explained variance is distributed over sites, layer by layer."""

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

GOLDEN = (np.sqrt(5) - 1) / 2

MANY = 4000
"""From so many points on they go into the SVG as one image: each as a shape takes megabytes."""


def draw(
    scores: pd.DataFrame,
    summary: pd.DataFrame,
    models: dict[str, dict],
    readouts: dict[str, dict],
    split: str,
    readout: str | None = None,
) -> Figure:
    """Draw a panel per region and model family: a violin per layer, a point per site.

    A family is the models of one group with one label. Sites below the axis are counted at its
    foot; sites without a defined score are counted above the panel. `readout` is by default
    the last ridge_cv of `readouts`.
    """
    readout = readout or default_readout(readouts)
    networks = {model: given for model, given in models.items() if not is_pixels(given)}
    scores = _chosen(scores, networks, readout, split)
    committed = _chosen(summary, networks, readout, split)
    committed = set(
        committed.loc[committed_rows(committed), ["region", "model", "layer"]].itertuples(
            index=False, name=None
        )
    )
    families = _families(networks, scores)
    if not families:
        return style.placeholder("No network was scored: there are no layers to compare.")
    regions = regions_in_order(scores)
    values = scores["explained_variance"].to_numpy(float)
    low = style.lowest_shown(values)
    high = max(np.nanmax(values, initial=0.1), 0.1)

    look_of = style.looks(models)
    heads = {
        (key, region): (f"{region}: {key[1]}", _remark(scores, region, family))
        for key, (family, _) in families.items()
        for region in regions
    }
    panel = max(
        *(0.32 * len(layers) * len(family) for family, layers in families.values()),
        *(0.5 * len(layers) for _, layers in families.values()),
        *(0.1 * len(head) + 0.065 * len(remark) + 0.1 for head, remark in heads.values()),
        2.6,
    )
    with matplotlib.rc_context(style.STYLE):
        figure = Figure(figsize=(max(5.5, panel * len(regions) + 2.4), 2.45 * len(families) + 1.0))
        grid = figure.subplots(len(families), len(regions), squeeze=False, sharey=True)
        for row, (key, (family, layers)) in zip(grid, families.items(), strict=True):
            for axes, region in zip(row, regions, strict=True):
                here = scores[(scores["region"] == region) & scores["model"].isin(family)]
                marked = {(model, layer) for at, model, layer in committed if at == region}
                _draw_panel(
                    axes, here, family, layers, look_of, marked, low, high, len(scores) > MANY
                )
                style.name_ticks(axes, list(range(len(layers))), layers, panel / len(layers))
                head, remark = heads[key, region]
                axes.set_title(head, loc="left", fontweight="bold")
                axes.set_title(remark, loc="right", color=style.QUIET, fontsize=8)
            row[0].set_ylabel("Explained variance (fraction)")
            _name_family(row[-1], key[0], family, look_of)
        _explain_marks(figure, is_cut=bool((values < low).any()))
        style.title(
            figure,
            "Explained variance of each site, layer by layer",
            f"{split_in_words(split)}; {readout_name(readouts[readout])}; a point is a site.",
        )
    return figure


def _chosen(table: pd.DataFrame, networks: dict, readout: str, split: str) -> pd.DataFrame:
    return table[
        table["model"].isin(networks) & (table["readout"] == readout) & (table["split"] == split)
    ]


def _families(networks: dict[str, dict], scores: pd.DataFrame) -> dict:
    """Return ``{(group, label): (models of the family that have scores, layers in order)}``."""
    families: dict[tuple[str, str], dict] = {}
    for model, given in networks.items():
        if (scores["model"] == model).any():
            families.setdefault((given["group"], given["label"]), {})[model] = given
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


def _draw_panel(
    axes: Axes,
    scores: pd.DataFrame,
    family: dict[str, dict],
    layers: list[str],
    look_of: dict[str, style.Look],
    committed: set[tuple[str, str]],
    low: float,
    high: float,
    is_raster: bool,
) -> None:
    span = high - low
    is_cut = bool((scores["explained_variance"] < low).any())
    foot = low - 0.16 * span
    width = 0.84 / len(family)
    axes.axhline(0, color=style.QUIET, linewidth=0.8, zorder=1)
    for rank, model in enumerate(family):
        offset = (rank - (len(family) - 1) / 2) * width
        for index, layer in enumerate(layers):
            own = scores.loc[
                (scores["model"] == model) & (scores["layer"] == layer), "explained_variance"
            ].to_numpy(float)
            expected, own = own.size, own[np.isfinite(own)]
            at = index + offset
            look = look_of[model]
            name = f"{model}:{layer}"
            if own.size:
                _draw_sites(axes, own, at, 0.46 * width, low, look, name, is_raster)
            elif expected:
                axes.text(
                    *(at, 0, " undefined "),
                    rotation=90,
                    ha="center",
                    va="bottom",
                    fontsize=7,
                    color=style.QUIET,
                )
            if (below := int((own < low).sum())) > 0:
                axes.plot(at, low - 0.055 * span, "v", color=look.color, markersize=4)
                axes.text(
                    *(at, low - 0.085 * span, str(below)),
                    ha="center",
                    va="top",
                    fontsize=7,
                    gid=f"below:{name}",
                )
            if (model, layer) in committed:
                axes.plot(
                    *(at, high + 0.07 * span),
                    marker="*",
                    color="black",
                    markersize=7,
                    gid=f"committed:{name}",
                )
    if is_cut:
        axes.axhspan(foot, low, color="0.95", linewidth=0, zorder=0)
    top = high + 0.14 * span
    axes.set_ylim(foot if is_cut else low - 0.05 * span, top)
    axes.set_yticks([tick for tick in axes.get_yticks() if low <= tick <= top])
    axes.set_xlim(-0.55, len(layers) - 0.45)
    for edge in range(1, len(layers) if len(family) > 1 else 0):
        axes.axvline(edge - 0.5, color="0.92", linewidth=0.8, zorder=0)


def _draw_sites(
    axes: Axes,
    values: np.ndarray,
    at: float,
    half: float,
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
            at - half * profile / profile.max(),
            at + half * profile / profile.max(),
            facecolor="white" if look.is_random else (look.color, 0.22),
            edgecolor=look.color,
            linestyle=look.line,
            linewidth=0.8,
            zorder=2,
        )
    # Golden-ratio steps spread neighbours in value apart, and the same way each time.
    spread = 2 * ((np.arange(shown.size) * GOLDEN + 0.5) % 1) - 1
    axes.scatter(
        at + 0.85 * half * reach * spread,
        shown,
        s=5,
        color=look.color,
        alpha=0.55,
        linewidth=0,
        zorder=3,
        gid=f"sites:{name}",
        rasterized=is_raster,
    )
    first, median, third = np.quantile(values, [0.25, 0.5, 0.75])
    if third > low:
        axes.plot([at, at], [max(first, low), third], color="black", linewidth=1.6, zorder=4)
    if median >= low:
        axes.plot(
            *(at, median),
            marker="o",
            markersize=4,
            markerfacecolor="white",
            markeredgecolor="black",
            zorder=5,
            gid=f"median:{name}",
        )


def _density(values: np.ndarray):
    """Return a kernel density of Silverman's width, or None where there are too few values.

    The width is 0.9 min(s, IQR/1.34) n^(-1/5) (Silverman 1986, eq. 3.31): a few sites far below
    zero do not blur the rest.
    """
    if values.size < 5:
        return None
    deviation = values.std(ddof=1)
    spread = min(deviation, np.subtract(*np.quantile(values, [0.75, 0.25])) / 1.34)
    if spread <= 1e-9:
        return None
    return gaussian_kde(values, bw_method=0.9 * spread / deviation * values.size**-0.2)


def _remark(scores: pd.DataFrame, region: str, family: dict[str, dict]) -> str:
    """Return how many sites a panel has, and how many scores are undefined."""
    here = scores[(scores["region"] == region) & scores["model"].isin(family)]
    sites = here["site_id"].nunique()
    undefined = int(here["explained_variance"].isna().sum())
    remark = f"{sites} site{'' if sites == 1 else 's'}"
    return remark + (f", {undefined} scores undefined" if undefined else "")


def _name_family(
    axes: Axes, group: str, family: dict[str, dict], look_of: dict[str, style.Look]
) -> None:
    """Name the variants of a row of panels, at its right."""
    names = model_names(family)
    patches = [
        Patch(
            facecolor="white" if look_of[model].is_random else (look_of[model].color, 0.22),
            edgecolor=look_of[model].color,
            linestyle=look_of[model].line,
            label=given.get("variant") or names[model],
        )
        for model, given in family.items()
    ]
    legend = axes.legend(
        handles=patches, title=group, loc="upper left", bbox_to_anchor=(1.01, 1.02)
    )
    legend.get_title().set(fontweight="bold", fontsize=8)
    legend.set_alignment("left")


def _explain_marks(figure: Figure, is_cut: bool) -> None:
    """Explain the marks common to all panels, under them."""
    marks = {
        "committed layer": {"color": "black", "marker": "*", "markersize": 7, "linestyle": "none"},
        "median and quartiles": {
            "color": "black",
            "marker": "o",
            "markerfacecolor": "white",
            "markersize": 4,
        },
    }
    if is_cut:
        marks["number of sites below the axis"] = {
            "color": style.QUIET,
            "marker": "v",
            "markersize": 4,
            "linestyle": "none",
        }
    figure.legend(
        handles=[Line2D([], [], label=label, **mark) for label, mark in marks.items()],
        loc="outside lower center",
        ncols=len(marks),
    )
