"""How the score rises and falls along the layers, pretrained against random weights."""

from collections import Counter
from itertools import product

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ventral.figures import style
from ventral.scores.between_animals_tables import of_region
from ventral.scores.reporting import (
    committed_rows,
    default_readout,
    is_pixels,
    model_names,
    readout_name,
    regions_in_order,
    split_in_words,
)

MEAN, LOW, HIGH = (f"explained_variance_{name}" for name in ("mean", "low", "high"))

DASHED = (0, (6, 2))

Block = tuple[str, dict[str, dict], list[str]]
"""An architecture on the horizontal axis: heading, models, layers in network order."""


def draw(
    scores: pd.DataFrame,
    summary: pd.DataFrame,
    models: dict[str, dict],
    readouts: dict[str, dict],
    split: str,
    readout: str | None = None,
    between: pd.DataFrame | None = None,
) -> Figure:
    """Draw a panel per region: mean explained variance over sites against the layer.

    Architectures are side by side, each with its layers in network order; many are in lines. Bands
    are the 95% bootstrap intervals of `summary`; the grey line is the pixel baseline with the same
    readout.
    The noise ceiling is the median over sites of the ceiling on the stimuli that are shown: a
    site's split-half reliability, which bounds its explained variance. The dashed line is what the
    sites of other animals explain.

    Parameters
    ----------
    scores, summary, models, readouts, split, readout
        As of every figure of a data set, see `ventral.figures`.
    between : DataFrame, optional
        ``tables/between_animals.csv`` of the data set.

    Returns
    -------
    Figure
        A figure with only a message if no network has a score.
    """
    readout = readout or default_readout(readouts)
    shown = summary[(summary["split"] == split) & (summary["readout"] == readout)]
    blocks = _blocks(models, shown)
    if not blocks:
        return style.placeholder("No network was scored: there are no layers to compare.")
    drawn = shown[shown["model"].isin({model for _, family, _ in blocks for model in family})]
    regions = regions_in_order(drawn)
    lines = [blocks[line] for line in style.in_lines([len(layers) for *_, layers in blocks])]
    ticks = max(sum(len(layers) + 1 for *_, layers in line) for line in lines)
    width = max(5.5, 0.36 * ticks + 1.0)
    with matplotlib.rc_context(style.STYLE):
        n_panels = len(regions) * len(lines)
        figure = Figure(figsize=(width, 2.9 * n_panels + 1.5))
        panels = figure.subplots(n_panels, 1, squeeze=False)[:, 0]
        has_animals = False
        for axes, (region, line) in zip(panels, product(regions, lines), strict=True):
            here = shown[shown["region"] == region]
            at_region = scores[(scores["region"] == region) & (scores["split"] == split)]
            others = None if between is None else of_region(between, region, split)
            has_animals |= others is not None
            slot = (width - 1.0) / (ticks - 0.6)
            _draw_panel(axes, here, line, models, at_region, slot, others)
            axes.set_xlim(-0.7, ticks - 1.3)  # so that layers of all lines are as far apart
            axes.set_ylabel("Mean explained variance\n(fraction)")
        panels[-1].set_xlabel("Layer, in network order")
        _add_legend(figure, models, drawn, shown, width, has_animals)
        style.title(
            figure,
            "Explained variance along the layers of each network",
            f"{split_in_words(split)}, {style.count(int(drawn['n_stimuli'].max()), 'stimulus')};"
            f" {readout_name(readouts[readout], drawn['n_components'])};"
            " mean over sites and its 95% bootstrap interval.",
        )
    return figure


def _blocks(models: dict[str, dict], shown: pd.DataFrame) -> list[Block]:
    """Return a block for each architecture that has a score."""
    families: dict[str, dict[str, dict]] = {}
    for model, description in models.items():
        if not is_pixels(description) and (shown["model"] == model).any():
            families.setdefault(description["architecture"], {})[model] = description
    labels = [next(iter(family.values()))["label"] for family in families.values()]
    blocks = []
    for label, family in zip(labels, families.values(), strict=True):
        layers = style.layers_in_order(
            family.values(), shown.loc[shown["model"].isin(family), "layer"]
        )
        first = next(iter(family.values()))
        variant = first.get("variant") if labels.count(label) > 1 else None
        blocks.append((f"{label}\n{variant}" if variant else label, family, layers))
    return [block for block in blocks if block[2]]


def _draw_panel(
    axes: Axes,
    summary: pd.DataFrame,
    blocks: list[Block],
    models: dict[str, dict],
    scores: pd.DataFrame,
    slot: float,
    others: pd.Series | None,
) -> None:
    look_of = style.looks(models)
    drawn = summary[summary["model"].isin(models)]
    top = max(np.nanmax(drawn[[MEAN, HIGH]].to_numpy(float), initial=0.05), 0.05)
    low = _lowest_shown(drawn)
    ceiling = scores.drop_duplicates("site_id")["ceiling"].median()

    axes.axhline(0, color=style.GREY, linewidth=0.8, zorder=1)
    pixels = _draw_pixels(axes, summary, models, low)
    below: Counter[float] = Counter()
    start = 0
    positions: list[float] = []
    names: list[str] = []
    for heading, family, layers in blocks:
        here = np.arange(start, start + len(layers))
        for model in family:
            own = [layer in models[model]["layers"] for layer in layers]  # the line skips the rest
            rows = summary[summary["model"] == model].set_index("layer").reindex(layers)[own]
            _draw_model(axes, here[own], rows, look_of[model], model, low, below)
        axes.text(
            x=here.mean(),
            y=1.03,
            s=heading,
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=8,
        )
        if start:
            axes.axvline(start - 1, color="0.85", linewidth=0.8, zorder=0)
        positions += here.tolist()
        names += layers
        start += len(layers) + 1
    if np.isfinite(ceiling):
        axes.axhline(ceiling, color="black", linestyle=(0, (1, 2)), linewidth=1.2, gid="ceiling")
        top = max(top, ceiling)
        remark = f"{pixels}noise ceiling, median of sites: {ceiling:.2f} (dotted)"
    else:
        remark = f"{pixels}no noise ceiling: no repeated trials"
    if others is not None:
        axes.axhspan(others[LOW], others[HIGH], color="0.3", alpha=0.1, linewidth=0, zorder=0)
        axes.axhline(others[MEAN], color="black", linestyle=DASHED, linewidth=1.1, gid="animals")
        top = max(top, others[HIGH])
        axes.annotate(
            style.number(others[MEAN]),
            (1, others[MEAN]),
            (-2, 1.5),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            fontsize=7,
            ha="right",
            va="bottom",
        )
    span = top - low
    axes.set_ylim(low - 0.05 * span, top + 0.08 * span)
    style.label_layers(axes, positions, names, slot)
    sites = scores["site_id"].nunique()
    lines = max(heading.count("\n") for heading, _, _ in blocks) + 1
    pad = 8 + 11 * lines
    head = style.heading(summary["region"].iloc[0], sites)
    axes.set_title(head, loc="left", fontweight="bold", pad=pad)
    axes.set_title(remark, loc="right", color=style.GREY, fontsize=8, pad=pad)


def _lowest_shown(drawn: pd.DataFrame) -> float:
    """Return the lower end of a panel: it shows means down to −1 and intervals down to −0.5."""
    mean = np.nanmin(drawn[MEAN].to_numpy(float), initial=-0.02)
    interval = np.nanmin(drawn[LOW].to_numpy(float), initial=-0.02)
    return float(max(min(mean, max(interval, -0.5)), -1.0))


def _draw_pixels(axes: Axes, summary: pd.DataFrame, models: dict[str, dict], low: float) -> str:
    """Draw the pixel baseline and its interval; return a remark if it is below the panel."""
    pixels = [model for model, description in models.items() if is_pixels(description)]
    for _, row in summary[summary["model"].isin(pixels)].iterrows():
        if row[MEAN] < low:
            return f"pixel baseline {style.number(row[MEAN])}, below the axis; "
        if np.isfinite(row[MEAN]):
            axes.axhspan(row[LOW], row[HIGH], color="0.6", alpha=0.25, linewidth=0, zorder=0)
            axes.axhline(row[MEAN], color="0.45", linewidth=1.4, zorder=1, gid="pixels")
    return ""


def _draw_model(
    axes: Axes,
    here: np.ndarray,
    rows: pd.DataFrame,
    look: style.Look,
    model: str,
    low: float,
    below: Counter[float],
) -> None:
    mean, lower, upper = (rows[name].to_numpy(float) for name in (MEAN, LOW, HIGH))
    if np.isfinite(mean).sum() == 1:  # a band needs two layers
        axes.vlines(here, lower, upper, color=look.color, linewidth=1.2, zorder=2)
    axes.fill_between(here, lower, upper, color=look.color, alpha=0.14, linewidth=0, zorder=2)
    axes.plot(here, mean, **style.line_of(look), zorder=3, gid=f"mean:{model}")
    for position, value in zip(here[mean < low], mean[mean < low], strict=True):
        axes.annotate(
            f"▾ {style.number(value)}",
            (position, low),
            (0, 9 * below[position]),  # several models below the axis: one above the other
            textcoords="offset points",
            color=look.color,
            fontsize=7,
            ha="center",
            va="bottom",
        )
        below[position] += 1
    chosen = committed_rows(rows).to_numpy()
    axes.plot(
        here[chosen],
        np.maximum(mean[chosen], low),
        linestyle="none",
        marker="o",
        markersize=10,
        markerfacecolor="none",
        markeredgecolor="black",
        markeredgewidth=1.0,
        zorder=4,
        gid=f"committed:{model}",
    )


def _add_legend(
    figure: Figure,
    models: dict[str, dict],
    drawn: pd.DataFrame,
    shown: pd.DataFrame,
    width: float,
    has_animals: bool,
) -> None:
    names, look_of = model_names(models), style.looks(models)
    present = [model for model in models if model in set(drawn["model"])]
    handles = style.legend_of_lines(present, present, look_of, names)
    handles.append(
        Line2D(
            xdata=[],
            ydata=[],
            linestyle="none",
            marker="o",
            markersize=10,
            markerfacecolor="none",
            markeredgecolor="black",
            label="committed layer",
        )
    )
    if any(is_pixels(models[model]) for model in set(shown["model"]) & set(models)):
        handles.append(Line2D([], [], color="0.45", linewidth=1.4, label="pixel baseline"))
    if has_animals:
        label = "sites of other animals"
        handles.append(Line2D([], [], color="black", linestyle=DASHED, linewidth=1.1, label=label))
    columns = style.legend_columns(width, [str(handle.get_label()) for handle in handles])
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, handlelength=3)
