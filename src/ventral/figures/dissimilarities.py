"""How well each layer orders pairs of stimuli as a region does, along the layers."""

from collections.abc import Mapping, Sequence
from itertools import product

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ventral.figures import style
from ventral.scores.reporting import is_pixels, model_names

RHO = "rho_of_subjects"
LOW, HIGH = f"{RHO}_low", f"{RHO}_high"
MOST_BANDS = 6
"""More models than that, and their intervals would hide one another."""


def draw(table: pd.DataFrame, models: Mapping[str, Mapping]) -> Figure:
    """Draw a panel per region: Spearman's ρ, its mean over subjects, against the layer.

    Models of an architecture share its layers, architectures are side by side; many are in
    lines. Lines across are the
    pixels and the other regions, the grey band lies between the noise ceilings.

    Parameters
    ----------
    table : DataFrame
        ``tables/dissimilarities.csv`` of the data set.
    models : Mapping
        Descriptions in the order of the config, see `ventral.scores.reporting`.

    Returns
    -------
    Figure
        With a message alone if no network was recorded.
    """
    described = {name: dict(description) for name, description in models.items()}
    networks = {name: one for name, one in described.items() if not is_pixels(one)}
    families: dict[str, dict[str, dict]] = {}
    for name, one in networks.items():
        if (table["model"] == name).any():
            families.setdefault(one["architecture"], {})[name] = one
    if not families:
        return style.placeholder("No network was recorded: there are no layers to compare.")
    layers = {
        architecture: style.layers_in_order(
            family.values(), table.loc[table["model"].isin(family), "layer"]
        )
        for architecture, family in families.items()
    }
    lines = [
        _places(list(layers)[line], layers)
        for line in style.in_lines(list(map(len, layers.values())))
    ]
    end = max(place for places in lines for place in places.values())
    regions = list(dict.fromkeys(table["region"]))
    drawn = [name for family in families.values() for name in family]
    names = model_names(described)
    width = max(5.5, 0.36 * (end + 2) + 1.5)
    with matplotlib.rc_context(style.STYLE):
        columns = style.legend_columns(width, [names[name] for name in drawn])
        legend = 0.2 * -(-(len(drawn) + 2) // columns)
        n_panels = len(regions) * len(lines)
        figure = Figure(figsize=(width, 2.7 * n_panels + 1.6 + legend))
        panels = figure.subplots(n_panels, 1, squeeze=False, sharey=True)[:, 0]
        for axes, (region, places) in zip(panels, product(regions, lines), strict=True):
            here = table[table["region"] == region]
            _draw_across(axes, here, described, end)
            on_line = {name: families[name] for name, _ in places}
            _draw_lines(axes, here, on_line, places, bands=len(drawn) <= MOST_BANDS)
            labels = [layer for _, layer in places]
            style.label_layers(axes, list(places.values()), labels, (width - 1) / (end + 1))
            axes.set_title(f"{region}, {_counts(here)}", loc="left", fontweight="bold")
            axes.set_ylabel("Spearman's ρ of\ndissimilarities")
        panels[-1].set_xlabel("Layer, in network order")
        handles = style.legend_of_lines(drawn, drawn, style.looks(described), names)
        figure.legend(handles=handles, loc="outside lower center", ncols=columns, handlelength=3)
        style.title(
            figure,
            "Dissimilarities of stimuli, layers against regions",
            "One less the correlation over all features of a layer, with each subject's, on the"
            " mean; lines across: pixels, and the other regions; grey band: between the noise"
            f" ceilings of subjects; {_intervals(len(drawn))}.",
        )
    return figure


def _intervals(n_models: int) -> str:
    drawn = "bands and bars" if n_models <= MOST_BANDS else "bars"
    return f"{drawn}: 95% bootstrap intervals over stimuli"


def _places(
    architectures: Sequence[str], layers: Mapping[str, Sequence[str]]
) -> dict[tuple[str, str], float]:
    """Return where each layer is on a line; there is a gap after each architecture."""
    places: dict[tuple[str, str], float] = {}
    for gaps, architecture in enumerate(architectures):
        start = len(places) + gaps
        for index, layer in enumerate(layers[architecture]):
            places[architecture, layer] = start + index
    return places


def _counts(rows: pd.DataFrame) -> str:
    stimuli, subjects = int(rows["n_stimuli"].iloc[0]), int(rows["n_subjects"].iloc[0])
    of_subjects = f", {subjects} subjects" if subjects > 1 else ""
    return f"{stimuli} stimuli{of_subjects}"


def _draw_across(axes: Axes, rows: pd.DataFrame, models: Mapping[str, dict], end: float) -> None:
    """Draw what has no layers: ceilings, the pixels and the other regions."""
    axes.axhline(0, color=style.GREY, linewidth=0.8, zorder=1)
    low, high = rows[["ceiling_low", "ceiling_high"]].iloc[0]
    if np.isfinite(low):
        axes.axhspan(low, high, color="0.85", linewidth=0, zorder=0, gid="ceilings")
    pixels = [name for name, one in models.items() if is_pixels(one)]
    others = rows[rows["model"].isin(pixels) | rows["model"].isna() | (rows["model"] == "")]
    for _, row in others.iterrows():
        axes.axhline(row[RHO], color="0.35", linestyle=(0, (1, 2)), linewidth=1.2, zorder=2)
        axes.text(end + 0.6, row[RHO], row["layer"], fontsize=7, va="center", color=style.GREY)
        axes.vlines(end + 0.45, row[LOW], row[HIGH], color="0.35", linewidth=1.0)
    axes.set_xlim(-0.6, end + 0.5)


def _draw_lines(
    axes: Axes,
    rows: pd.DataFrame,
    families: Mapping[str, Mapping[str, dict]],
    places: Mapping[tuple[str, str], float],
    bands: bool,
) -> None:
    look_of = style.looks(
        {name: one for family in families.values() for name, one in family.items()}
    )
    for architecture, family in families.items():
        for name in family:
            own = rows[rows["model"] == name]
            x = np.array([places[architecture, layer] for layer in own["layer"]])
            own, x, look = own.iloc[np.argsort(x)], np.sort(x), look_of[name]
            axes.plot(x, own[RHO], **style.line_of(look), zorder=3, gid=f"rho:{name}")
            if bands:
                axes.fill_between(
                    x, own[LOW], own[HIGH], color=look.color, alpha=0.14, linewidth=0, zorder=2
                )
