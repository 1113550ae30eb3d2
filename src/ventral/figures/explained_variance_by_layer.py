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
    features_name,
    is_pixels,
    model_names,
    regions_in_order,
)

SHOWN = 0.98
"""Part of all sites that the axis covers where the negative tail is long."""

GOLDEN = (np.sqrt(5) - 1) / 2


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
    low = style.lowest_shown(values, SHOWN)
    high = max(np.nanmax(values, initial=0.1), 0.1)

    slots = max(len(layers) * len(family) for family, layers in families.values())
    longest = max(len(layers) for _, layers in families.values())
    panel = max(2.6, 0.32 * slots, 0.5 * longest) if slots > 1 else 2.6
    legend = 1.7
    with matplotlib.rc_context(style.STYLE):
        figure = Figure(
            figsize=(
                max(5.5, panel * len(regions) + legend + 0.7),
                2.45 * len(families) + 1.0,
            )
        )
        grid = figure.subplots(len(families), len(regions), squeeze=False, sharey=True)
        for row, ((group, label), (family, layers)) in zip(grid, families.items(), strict=True):
            for axes, region in zip(row, regions, strict=True):
                here = scores[(scores["region"] == region) & scores["model"].isin(family)]
                marked = {(model, layer) for at, model, layer in committed if at == region}
                _draw_panel(axes, here, family, layers, style.looks(models), marked, low, high)
                style.name_ticks(axes, list(range(len(layers))), layers, panel / len(layers))
                _head_panel(axes, f"{region}: {label}", here)
            row[0].set_ylabel("Explained variance (fraction)")
            _name_family(row[-1], group, family, style.looks(models))
        _explain_marks(figure)
        style.title(
            figure,
            "Explained variance of each site, layer by layer",
            f"{split.capitalize()} split; {readouts[readout]['label']} on"
            f" {features_name(readouts[readout]).replace('Top', 'the top').replace('Raw', 'all')}"
            f"{' features' if readouts[readout]['features'] == 'raw' else ''}; a point is a site.",
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
            own = own[np.isfinite(own)]
            at = index + offset
            look = look_of[model]
            name = f"{model}:{layer}"
            if own.size:
                _draw_sites(axes, own, at, 0.46 * width, low, look, name)
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
    axes.set_ylim(foot, high + 0.14 * span)
    axes.set_xlim(-0.55, len(layers) - 0.45)
    for edge in range(1, len(layers) if len(family) > 1 else 0):
        axes.axvline(edge - 0.5, color="0.92", linewidth=0.8, zorder=0)


def _draw_sites(
    axes: Axes, values: np.ndarray, at: float, half: float, low: float, look: style.Look, name: str
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


def _head_panel(axes: Axes, text: str, scores: pd.DataFrame) -> None:
    axes.set_title(text, loc="left", fontweight="bold")
    sites = scores["site_id"].nunique()
    remark = f"{sites} sites" if sites != 1 else "1 site"
    if undefined := int(scores["explained_variance"].isna().sum()):
        remark += f", {undefined} scores undefined"
    axes.set_title(remark, loc="right", color=style.QUIET, fontsize=8)


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


def _explain_marks(figure: Figure) -> None:
    """Explain the marks common to all panels, under them."""
    marks = [
        Line2D([], [], color="black", marker="*", markersize=7, linestyle="none"),
        Line2D([], [], color="black", marker="o", markerfacecolor="white", markersize=4),
        Line2D([], [], color=style.QUIET, marker="v", markersize=4, linestyle="none"),
    ]
    figure.legend(
        marks,
        ["committed layer", "median and quartiles", "number of sites below the axis"],
        loc="outside lower center",
        ncols=3,
    )
