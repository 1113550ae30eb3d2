"""Figure: how similar the layers of each network are to the sites of every region."""

from collections.abc import Sequence

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ventral.figures import style
from ventral.scores.reporting import (
    default_readout,
    is_pixels,
    model_names,
    regions_in_order,
    split_in_words,
)
from ventral.similarity.entries import at_committed

MEASURES = {
    "cka_debiased": "Debiased CKA",
    "rsa_spearman": "RSA\n(Spearman's ρ of distances)",
    "rsa_whitened": "Whitened RDM\ncorrelation",
    "procrustes_distance": "Procrustes distance\n(less is more similar)",
}
BEST_BY = "rsa_spearman"
"""The measure by which the networks are chosen that are in colour, where there are many."""

DOTTED, DASHED = (0, (1, 2)), (0, (6, 2))
ROOM = 0.3
"""Above and below what an axis must show, in parts of it."""
MOST_BANDS = 8
"""Networks whose intervals can be told apart in a panel."""


def draw(
    similarity: pd.DataFrame,
    summary: pd.DataFrame,
    models: dict[str, dict],
    readouts: dict[str, dict],
    readout: str | None = None,
) -> Figure:
    """Draw a panel per region and measure: the similarity against the place of the layer.

    Networks of any depth share the horizontal axis: their first recorded layer is on the left, and
    the last one on the right. Bands are 95 % intervals; with more than `MOST_BANDS` networks there
    are none. Dotted lines are the noise ceilings, the dashed line is the similarity of an animal's
    sites and those of the others, the grey line is the pixel baseline. Wide bands are cut, so that
    the values can be told apart.

    Parameters
    ----------
    similarity, summary : DataFrame
        ``tables/similarity.csv`` and ``summary.csv`` of the data set; the latter says which variant
        of a sweep is shown.
    models, readouts : dict
        Descriptions in the order of the config, see `ventral.scores.reporting`.
    readout : str, optional
        Whose variant of a sweep is shown; by default that of the last ridge_cv.

    Returns
    -------
    Figure
        A figure with only a message if nothing can be compared.
    """
    shown = at_committed(similarity, summary, readout or default_readout(readouts))
    shown = shown[shown["entry"].isin(models) & shown["measure"].isin(MEASURES)]
    if shown["value"].notna().sum() == 0:
        return style.placeholder("No layer could be compared with the sites of a region.")
    networks = [
        model
        for model, description in models.items()
        if not is_pixels(description) and (shown["entry"] == model).any()
    ]
    best = shown[shown["measure"] == BEST_BY].groupby(["region", "entry"])["value"].max()
    coloured = style.most_explaining(best.groupby("entry").mean(), networks)
    regions = regions_in_order(shown)
    width = max(6.5, 3.0 * len(regions) + 1.2)
    names = model_names(models)
    with matplotlib.rc_context(style.STYLE):
        handles = style.legend_of_lines(networks, coloured, style.looks(models), names)
        handles += _handles_across(models, shown)
        columns = style.legend_columns(width, [str(handle.get_label()) for handle in handles])
        legend_rows = -(-len(handles) // columns)
        height = 1.75 * len(MEASURES) + 1.3 + 0.17 * legend_rows
        figure = Figure(figsize=(width, height))
        panels = figure.subplots(
            len(MEASURES), len(regions), squeeze=False, sharex=True, sharey="row"
        )
        for row, (measure, label) in zip(panels, MEASURES.items(), strict=True):
            for axes, region in zip(row, regions, strict=True):
                here = shown[(shown["region"] == region) & (shown["measure"] == measure)]
                _draw_panel(axes, here, networks, coloured, models)
            row[0].set_ylabel(label)
            row[0].set_ylim(_limits(shown[shown["measure"] == measure]))
        for axes, region in zip(panels[0], regions, strict=True):
            here = shown[shown["region"] == region]
            sites, stimuli = (int(here[name].max()) for name in ("n_sites", "n_stimuli"))
            axes.set_title(
                style.heading(region, sites, stimuli),
                loc="left",
                fontweight="bold",
            )
        for axes in panels[-1]:
            axes.set_xticks([0, 1], ["first layer", "last layer"])
            for text, side in zip(axes.get_xticklabels(), ("left", "right"), strict=True):
                text.set_horizontalalignment(side)
            axes.set_xlim(-0.06, 1.06)
        figure.legend(handles=handles, loc="outside lower center", ncols=columns, handlelength=3)
        style.title(
            figure,
            "Similarity of layers and regions",
            _remark(shown, len(networks)),
        )
    return figure


def _remark(shown: pd.DataFrame, n_networks: int) -> str:
    bands = (
        "Bands are 95% intervals, over stimuli and sites."
        if n_networks <= MOST_BANDS
        else "The table has the 95% intervals."
    )
    ceilings = (
        " Dotted lines are the noise ceilings."
        if shown["noise_ceiling_lower"].notna().any()
        else " No noise ceilings: no repeated trials."
    )
    split = split_in_words(shown["split"].iloc[0]).partition(",")[0]
    return f"{split}. {bands}{ceilings}"


def _limits(rows: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of the vertical axis: all values and ceilings, and room for their bands."""
    columns = ["value", "noise_ceiling_lower", "noise_ceiling_upper"]
    columns += ["animal_ceiling_lower"] if _has_animals(rows) else []
    needed = [*rows[columns].to_numpy(float).ravel(), *((0.0,) if _has_zero(rows) else ())]
    low, high = float(np.nanmin(needed)), float(np.nanmax(needed))
    room = ROOM * max(high - low, 0.1)
    return (
        max(low - room, np.nanmin([low - 0.02, rows["low"].min() - 0.02])),
        min(high + room, np.nanmax([high + 0.02, rows["high"].max() + 0.02])),
    )


def _has_animals(rows: pd.DataFrame) -> bool:
    """Tell whether it is known how similar the sites of other animals are."""
    return "animal_ceiling_lower" in rows and bool(rows["animal_ceiling_lower"].notna().any())


def _has_zero(rows: pd.DataFrame) -> bool:
    """Tell whether no similarity is at zero."""
    return not (rows["measure"] == "procrustes_distance").any()


def _draw_panel(
    axes: Axes,
    here: pd.DataFrame,
    networks: Sequence[str],
    coloured: Sequence[str],
    models: dict[str, dict],
) -> None:
    look_of = style.looks(models)
    if _has_zero(here):
        axes.axhline(0, color=style.GREY, linewidth=0.8, zorder=1)
    ceilings = here[["noise_ceiling_lower", "noise_ceiling_upper"]].dropna()
    if len(ceilings):
        lower, upper = ceilings.iloc[0]
        for value in (lower, upper):
            axes.axhline(value, color="black", linestyle=DOTTED, linewidth=1.2, gid="ceiling")
    if _has_animals(here):
        other = here["animal_ceiling_lower"].dropna().iloc[0]
        axes.axhline(other, color="black", linestyle=DASHED, linewidth=1.1, gid="animals")
    for model, description in models.items():
        rows = here[here["entry"] == model]
        if is_pixels(description) and rows["value"].notna().any():
            row = rows.iloc[0]
            axes.axhspan(row["low"], row["high"], color="0.6", alpha=0.25, linewidth=0, zorder=0)
            axes.axhline(row["value"], color="0.45", linewidth=1.4, zorder=1, gid="pixels")
    for model in networks:
        line = style.line_of(look_of[model]) if model in coloured else style.OTHER
        line = {"zorder": 3, **line}
        order = [layer for layer in models[model]["layers"] if layer in set(here["layer"])]
        rows = here[here["entry"] == model].set_index("layer").reindex(order)
        rows = rows[rows["measure"].notna()]
        if rows.empty:
            continue
        place = np.linspace(0, 1, len(rows)) if len(rows) > 1 else np.array([0.5])
        value, low, high = (rows[name].to_numpy(float) for name in ("value", "low", "high"))
        if len(networks) <= MOST_BANDS:
            if len(rows) == 1:
                axes.vlines(place, low, high, color=line["color"], linewidth=1.2, zorder=2)
            axes.fill_between(
                place, low, high, color=line["color"], alpha=0.14, linewidth=0, zorder=2
            )
        axes.plot(place, value, **line, gid=f"similarity:{model}")


def _handles_across(models: dict[str, dict], shown: pd.DataFrame) -> list[Line2D]:
    """Return the entries of the legend for what has no layers."""
    handles = []
    if any(is_pixels(models[model]) for model in set(shown["entry"]) & set(models)):
        handles.append(Line2D([], [], color="0.45", linewidth=1.4, label="pixel baseline"))
    if shown["noise_ceiling_lower"].notna().any():
        handles.append(
            Line2D([], [], color="black", linestyle=DOTTED, linewidth=1.2, label="noise ceilings")
        )
    if _has_animals(shown):
        handles.append(
            Line2D([], [], color="black", linestyle=DASHED, linewidth=1.1, label="other animals")
        )
    return handles
