"""Single sites: the two best models against each other, and the best one against the ceiling."""

import textwrap

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ventral.figures import style
from ventral.scores.reporting import (
    committed_rows,
    default_readout,
    model_names,
    readout_name,
    regions_in_order,
    split_in_words,
)

MEAN, SCORE = "explained_variance_mean", "explained_variance"
PANEL = 3.2
"""Inches of a side of a panel."""


def draw(
    scores: pd.DataFrame,
    summary: pd.DataFrame,
    models: dict[str, dict],
    readouts: dict[str, dict],
    split: str,
    readout: str | None = None,
) -> Figure:
    """Draw a row of panels per region, with a point per site.

    On the left the model with the highest mean explained variance against the second, both at
    their committed layers; on the right, where single trials are known, the first against the
    site's noise ceiling.

    Parameters
    ----------
    scores, summary, models, readouts, split, readout
        As of every figure of a data set, see `ventral.figures`.

    Returns
    -------
    Figure
        A figure with only a message if no model has a defined score.
    """
    readout = readout or default_readout(readouts)
    chosen = summary[committed_rows(summary) & (summary["split"] == split)]
    chosen = chosen[(chosen["readout"] == readout) & chosen[MEAN].notna()]
    if chosen.empty:
        return style.placeholder("No model has a defined score with this readout.")
    shown = scores[(scores["split"] == split) & (scores["readout"] == readout)]
    regions = regions_in_order(chosen)
    names, looks = model_names(models), style.looks(models)
    has_ceiling = bool(shown["ceiling"].notna().any())
    with matplotlib.rc_context(style.STYLE):
        columns = 2 if has_ceiling else 1
        figure = Figure(figsize=(PANEL * columns + 1.2, PANEL * len(regions) + 1.1))
        grid = figure.subplots(len(regions), columns, squeeze=False)
        for row, region in zip(grid, regions, strict=True):
            ranked = chosen[chosen["region"] == region].sort_values(
                MEAN, ascending=False, kind="stable"
            )
            of_models = [
                shown[
                    (shown["region"] == region)
                    & (shown["model"] == best.model)
                    & (shown["layer"] == best.layer)
                ].set_index("site_id")
                for best in ranked.itertuples()
            ][:2]
            first = of_models[0]
            look = looks.get(ranked["model"].iloc[0])
            labels = [
                textwrap.fill(f"{names[model]}, {layer}", 36)
                for model, layer in ranked[["model", "layer"]].to_numpy()
            ]
            row[0].set_title(style.heading(region, len(first)), loc="left", fontweight="bold")
            if len(of_models) > 1:
                second = of_models[1][SCORE].reindex(first.index)
                _draw_points(row[0], second, first[SCORE], look)
                row[0].set_xlabel(labels[1])
            else:
                row[0].text(0.5, 0.5, "one model alone", ha="center", transform=row[0].transAxes)
            row[0].set_ylabel(labels[0])
            if has_ceiling:
                _draw_points(row[1], first["ceiling"], first[SCORE], look)
                row[1].set_xlabel("noise ceiling (split-half reliability)")
        style.title(
            figure,
            "Explained variance site by site",
            f"{split_in_words(split)}, {int(chosen['n_stimuli'].max())} stimuli; committed layers;"
            f" {readout_name(readouts[readout], chosen['n_components'])}; a point is a site; the"
            " line marks equal values.",
        )
    return figure


def _draw_points(axes: Axes, x: pd.Series, y: pd.Series, look: style.Look | None) -> None:
    """Draw a point per site on two axes of one scale, and where the lowest are cut off."""
    low = style.lowest_shown(np.concatenate([x.to_numpy(float), y.to_numpy(float)]))
    axes.plot([low, 1], [low, 1], color=style.GREY, linewidth=0.8, zorder=1)
    mark = style.mark_of(look)
    axes.plot(x.clip(lower=low), y.clip(lower=low), **mark, markersize=3.5, alpha=0.7, zorder=2)
    axes.set(xlim=(low - 0.03, 1.03), ylim=(low - 0.03, 1.03), aspect="equal")
    axes.grid(axis="both", color="0.92")
