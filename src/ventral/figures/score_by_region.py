"""All data sets and regions in one figure: what is explained, and what could be."""

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from ventral.figures import style
from ventral.scores.reporting import (
    default_readout,
    is_pixels,
    model_names,
    readout_name,
    regions_in_order,
)

MEAN, LOW, HIGH = (f"explained_variance_{name}" for name in ("mean", "low", "high"))
CORRECTED = "explained_variance_corrected_ratio"
LOWEST = -0.3
"""Lower end of the axis: below it a prediction is far worse than the mean response."""

CEILING = "ceiling: median and quartiles of sites"

SLOT = 0.8
"""Fraction of the distance between two data sets that the marks of one take."""


def draw(
    table: pd.DataFrame, models: dict[str, dict], readouts: dict[str, dict], readout: str | None
) -> Figure:
    """Draw a panel per region, in it a column per data set, and in that a mark per model.

    A filled mark is the mean over sites of the explained variance at the committed layer, with its
    95% bootstrap interval; a hollow diamond is the same mean corrected for noise. The grey box
    shows the median and the quartiles of the sites' noise ceilings (split-half reliability); a data
    set without single trials has none.

    Parameters
    ----------
    table : DataFrame
        Returned by `ventral.scores.regions.table_of_regions`.
    models, readouts : dict
        Descriptions in the order of the config, see `ventral.scores.reporting`.
    readout : str or None
        The readout shown; by default the last ridge_cv of `readouts`. A data set without it shows
        its last readout, whose name is then under the data set's name.

    Returns
    -------
    Figure
        A figure with only a message if no model has a defined score.
    """
    readout = readout or default_readout(readouts)
    shown_readout = {
        str(dataset): readout
        if (rows["readout"] == readout).any()
        else [name for name in readouts if (rows["readout"] == name).any()][-1]
        for dataset, rows in table.groupby("dataset", sort=False)
    }
    shown = table[table["readout"] == table["dataset"].map(shown_readout)]
    shown = shown[shown[MEAN].notna()]
    if shown.empty:
        return style.placeholder("No model has a defined score: there is nothing to compare.")
    regions = regions_in_order(shown)
    places = {
        region: list(dict.fromkeys(shown.loc[shown["region"] == region, "dataset"]))
        for region in regions
    }
    names = [name for name in models if name in set(shown["model"])]
    slot = max(1.1, 0.17 * len(names) + 0.3)
    widths = [max(len(datasets), 1) for datasets in places.values()]
    with matplotlib.rc_context(style.STYLE):
        width, display_names = max(5.5, slot * sum(widths) + 1.2), model_names(models)
        labels = [CEILING, *(display_names[name] for name in names)]
        columns = style.legend_columns(width, labels, most=3)
        figure = Figure(figsize=(width, 4.1 + 0.18 * -(-len(names) // columns)))
        panels = figure.subplots(
            nrows=1, ncols=len(regions), squeeze=False, sharey=True, width_ratios=widths
        )[0]
        for axes, region in zip(panels, regions, strict=True):
            here = shown[shown["region"] == region]
            _draw_panel(axes, here, places[region], names, models)
            labels = [
                dataset
                if shown_readout[dataset] == readout
                else f"{dataset}\n({readouts[shown_readout[dataset]]['label']})"
                for dataset in places[region]
            ]
            axes.set_xticks(range(len(labels)), labels)
            axes.tick_params(axis="x", length=0)
            if max(map(len, labels)) * 0.085 > slot:
                axes.tick_params(axis="x", rotation=25)
                for text in axes.get_xticklabels():
                    text.set(ha="right", rotation_mode="anchor")
            axes.set_title(region, loc="left", fontweight="bold")
        panels[0].set_ylabel("Mean explained variance\n(fraction)")
        bottom = max(LOWEST, np.nanmin(shown[[MEAN, LOW]].to_numpy(float), initial=0)) - 0.03
        top = np.nanmax(shown[[MEAN, HIGH, CORRECTED, "ceiling_third_quartile"]].to_numpy(float))
        panels[0].set_ylim(bottom, min(top, 1.5) + 0.05)
        _add_legend(
            figure,
            names,
            models,
            columns,
            has_ceiling=bool(shown["ceiling_median"].notna().any()),
            has_lower=bool((shown[MEAN] < LOWEST).any()),
        )
        style.title(
            figure,
            "Explained variance by data set and region",
            "At each model's committed layer, on the stimuli that each data set reports: test,"
            f" validation or the test stimuli of all folds; {readout_name(readouts[readout])}; mean"
            " over sites and its 95% bootstrap interval.",
        )
    return figure


def _draw_panel(
    axes: Axes, rows: pd.DataFrame, datasets: list[str], names: list[str], models: dict[str, dict]
) -> None:
    looks = _looks(models)
    axes.axhline(0, color=style.GREY, linewidth=0.8, zorder=1)
    for place, dataset in enumerate(datasets):
        here = rows[rows["dataset"] == dataset].set_index("model")
        _draw_ceiling(axes, here.iloc[0], place)
        own = [name for name in names if name in here.index]
        step = min(SLOT / len(own), 0.2)
        for rank, name in enumerate(own):
            row, (marker, color) = here.loc[name], looks[name]
            x = place + (rank - (len(own) - 1) / 2) * step
            if row[MEAN] < LOWEST:
                axes.plot(
                    x,
                    LOWEST,
                    marker="v",
                    linestyle="none",
                    color=color,
                    markersize=4,
                    zorder=3,
                    gid=f"lower:{dataset}:{name}",
                )
                axes.annotate(
                    f"{row[MEAN]:.1f}",
                    xy=(x, LOWEST),
                    xytext=(0, 5),
                    textcoords="offset points",
                    ha="center",
                    fontsize=6,
                )
                continue
            axes.vlines(x, max(row[LOW], LOWEST), row[HIGH], color=color, linewidth=1.2)
            axes.plot(
                x,
                row[MEAN],
                marker=marker,
                linestyle="none",
                color=color,
                markersize=5,
                zorder=3,
                gid=f"mean:{dataset}:{name}",
            )
            if np.isfinite(row[CORRECTED]) and row[CORRECTED] >= LOWEST:
                axes.plot(
                    x + 0.38 * step,
                    row[CORRECTED],
                    marker="D",
                    linestyle="none",
                    color=color,
                    markerfacecolor="white",
                    markersize=4,
                    zorder=2,
                    gid=f"corrected:{dataset}:{name}",
                )
    axes.set_xlim(-0.55, len(datasets) - 0.45)


def _draw_ceiling(axes: Axes, row: pd.Series, place: int) -> None:
    if not np.isfinite(row["ceiling_median"]):
        return
    left, first = place - SLOT / 2, row["ceiling_first_quartile"]
    axes.add_patch(
        Rectangle((left, first), SLOT, row["ceiling_third_quartile"] - first, color="0.9", zorder=0)
    )
    axes.hlines(
        row["ceiling_median"],
        left,
        left + SLOT,
        color="0.6",
        linewidth=1.5,
        zorder=1,
        gid=f"ceiling:{row['dataset']}",
    )


def _looks(models: dict[str, dict]) -> dict[str, tuple[str, str]]:
    """Return {model: (marker, colour)}; a further marker begins when all colours are used."""
    networks = [name for name, description in models.items() if not is_pixels(description)]
    markers, colors = ("o", "^", "P", "X"), style.COLORS
    looks = {
        name: (markers[i // len(colors) % len(markers)], colors[i % len(colors)])
        for i, name in enumerate(networks)
    }
    return {name: looks.get(name, ("s", style.GREY)) for name in models}


def _add_legend(
    figure: Figure,
    names: list[str],
    models: dict[str, dict],
    columns: int,
    has_ceiling: bool,
    has_lower: bool,
) -> None:
    looks, display_names = _looks(models), model_names(models)
    marks: list[Artist] = [
        Line2D(
            xdata=[],
            ydata=[],
            linestyle="none",
            marker=looks[name][0],
            color=looks[name][1],
            markersize=5,
            label=display_names[name],
        )
        for name in names
    ]
    if has_lower:
        marks.append(
            Line2D(
                xdata=[],
                ydata=[],
                linestyle="none",
                marker="v",
                color="0.3",
                markersize=4,
                label="below the axis, at",
            )
        )
    if has_ceiling:
        marks.append(
            Line2D(
                xdata=[],
                ydata=[],
                linestyle="none",
                marker="D",
                markerfacecolor="white",
                color="0.3",
                markersize=4,
                label="corrected for noise",
            )
        )
        marks.append(Patch(color="0.9", label=CEILING))
    figure.legend(handles=marks, loc="outside lower center", ncols=columns)
