"""The alpha that each layer's sites chose, and the ends of the grid it was chosen from."""

import textwrap

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.typing import LineStyleType

from ventral.figures import style
from ventral.readouts.chosen_alphas import alphas_over_sites
from ventral.scores.reporting import default_readout, model_names, regions_in_order

MOST_COLUMNS = 6
MOST_NAMES = 8
"""Layers up to which all are named in a small panel; of more, the first and the last."""

STYLES: tuple[tuple[str, LineStyleType, str], ...] = (
    ("black", "-", "o"),
    ("0.5", "--", "s"),
    ("black", ":", "D"),
    ("0.5", "-.", "^"),
)
"""Colour, line and marker of each region: told apart in grey."""


def draw(
    alphas: pd.DataFrame,
    models: dict[str, dict],
    readouts: dict[str, dict],
    readout: str | None = None,
) -> Figure:
    """Draw a small panel per model: the median alpha over sites against the layer.

    Bands are from the 10th to the 90th centile of the sites; dotted lines are the lowest and the
    highest alpha of the grid. The share of a region's sites that chose one of these, where any
    did, is written into the panel.

    Parameters
    ----------
    alphas : DataFrame
        Returned by `ventral.readouts.chosen_alphas.chosen_alphas`, at the committed settings of
        sweeps.
    models, readouts, readout
        As of every figure of a data set, see `ventral.figures`. A readout that chooses no alpha
        gives way to the last ridge_cv.

    Returns
    -------
    Figure
        A figure with only a message if no site has an alpha.
    """
    readout = readout or default_readout(readouts)
    if not (alphas["readout"] == readout).any():
        readout = default_readout(readouts)
    shown = alphas[(alphas["readout"] == readout) & alphas["model"].isin(models)]
    if shown["alpha"].isna().all():
        return style.placeholder("No readout of this data set chose an alpha.")
    table = alphas_over_sites(shown)
    present = [model for model in models if (table["model"] == model).any()]
    regions, names = regions_in_order(table), model_names(models)
    n_columns = min(len(present), MOST_COLUMNS)
    n_rows = -(-len(present) // n_columns)
    with matplotlib.rc_context(style.STYLE):
        width = max(6.0, 2.0 * n_columns + 0.6)
        figure = Figure(figsize=(width, 2.15 * n_rows + 1.5))
        grid = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True)
        for axes in grid.ravel()[len(present) :]:
            axes.set_visible(False)
        for axes, model in zip(grid.ravel(), present, strict=False):
            own = table[table["model"] == model]
            _draw_panel(axes, own, models[model]["layers"], regions, model)
            axes.set_title(textwrap.fill(names[model], 30), loc="left", fontsize=7)
        relative = bool(table["relative"].iloc[0])
        grid[0, 0].set_yscale("log")
        low, high = table[["low", "lowest"]].min().min(), table[["high", "highest"]].max().max()
        grid[0, 0].set_ylim(low / (high / low) ** 0.04, high * (high / low) ** 0.04)
        figure.supylabel("alpha, in units of tr(K)/n" if relative else "alpha", fontsize=9)
        _add_legend(figure, regions, table)
        style.title(
            figure,
            "Alpha that was chosen, by layer",
            f"{readouts[readout]['label']}; {_stimuli(table)} train stimuli; median over sites,"
            " band from the 10th to the 90th centile; share of sites at an end of the"
            " grid, where a wider grid may do better.",
        )
    return figure


def _stimuli(table: pd.DataFrame) -> str:
    counts = sorted({int(count) for count in table["n_train"]})
    return " to ".join(str(count) for count in dict.fromkeys((counts[0], counts[-1])))


def _draw_panel(
    axes: Axes, table: pd.DataFrame, order: list[str], regions: list[str], model: str
) -> None:
    layers = [layer for layer in order if layer in set(table["layer"])]
    for index, region in enumerate(regions):
        rows = table[table["region"] == region].set_index("layer").reindex(layers)
        color, line, marker = STYLES[index % len(STYLES)]
        aside = 0.16 * (index - (len(regions) - 1) / 2) if len(layers) == 1 else 0.0
        place = np.arange(len(layers)) + aside
        low, high = rows["low"].to_numpy(float), rows["high"].to_numpy(float)
        if len(layers) == 1:
            axes.vlines(place, low, high, color=color, linewidth=1.2)
        axes.fill_between(place, low, high, color=color, alpha=0.16, linewidth=0, zorder=1)
        axes.plot(
            place,
            rows["median"],
            color=color,
            linestyle=line,
            linewidth=1.2,
            marker=marker,
            markersize=3,
            zorder=3,
            gid=f"alpha:{model}:{region}",
        )
        if index == 0:
            for end in ("lowest", "highest"):
                edge = rows[end].to_numpy(float)
                axes.plot(
                    [-0.4, *place, len(layers) - 0.6],
                    [edge[0], *edge, edge[-1]],
                    color=style.GREY,
                    linestyle=(0, (1, 2)),
                    linewidth=1.2,
                    zorder=2,
                    gid=f"{end}:{model}",
                )
    axes.set_xlim(-0.4, len(layers) - 0.6)
    ends = layers if len(layers) <= MOST_NAMES else [layers[0], layers[-1]]
    axes.set_xticks([layers.index(layer) for layer in ends], ends, fontsize=6)
    if len(ends) > 1 and max(map(len, ends)) * len(ends) > 24:
        for text in axes.get_xticklabels():
            text.set(rotation=45, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", length=0)
    axes.tick_params(axis="y", labelsize=7)
    at_end = table.assign(sites=table["on_edge"] * table["n_sites"]).groupby("region", sort=False)
    shares = at_end["sites"].sum() / at_end["n_sites"].sum()
    remark = ", ".join(f"{region} {shares[region]:.0%}" for region in regions if region in shares)
    if (shares > 0).any():
        remark = f"at an end: {remark}"
        axes.text(0.5, 0.12, remark, transform=axes.transAxes, ha="center", fontsize=6)


def _most_sites(table: pd.DataFrame, region: str) -> int:
    return int(table.loc[table["region"] == region, "n_sites"].max())


def _add_legend(figure: Figure, regions: list[str], table: pd.DataFrame) -> None:
    handles: list[Line2D] = []
    for index, region in enumerate(regions):
        color, line, marker = STYLES[index % len(STYLES)]
        label = style.heading(region, _most_sites(table, region))
        handles.append(
            Line2D([], [], color=color, linestyle=line, marker=marker, markersize=3, label=label)
        )
    handles.append(
        Line2D([], [], color=style.GREY, linestyle=(0, (1, 2)), label="ends of the grid")
    )
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
