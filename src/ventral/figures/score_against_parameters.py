"""The score of each network against the number of parameters that its training learnt."""

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

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

MOST_ROWS = 6
"""Of a legend below the panels. A longer one is beside them."""

SPREAD = 0.4
"""Half the width, in parts of the linear scale, over which networks not trained here are drawn."""

MEAN, LOW, HIGH = (f"explained_variance_{name}" for name in ("mean", "low", "high"))


def draw(
    summary: pd.DataFrame,
    training: pd.DataFrame,
    models: dict[str, dict],
    readouts: dict[str, dict],
    split: str,
    readout: str | None = None,
) -> Figure:
    """Draw a panel per region: explained variance at the committed layer against parameters.

    Every variant of a sweep is a point; the committed one is larger and has the 95% bootstrap
    interval of `summary`. The horizontal axis counts the parameters learnt in this study, of
    network and head, on a logarithmic scale that begins with 0 for networks not trained here,
    which are side by side on grey. A
    cross marks a network whose training did not beat its start.

    Parameters
    ----------
    summary : DataFrame
        Returned by `ventral.scores.summary.commit_settings`.
    training : DataFrame
        Returned by `ventral.training.tables.table_of_training`.
    models, readouts, split, readout
        As of every figure of a data set, see `ventral.figures`.

    Returns
    -------
    Figure
        A figure with only a message if no network has a score.
    """
    readout = readout or default_readout(readouts)
    networks = [model for model, description in models.items() if not is_pixels(description)]
    shown = summary[
        (summary["split"] == split)
        & (summary["readout_entry"] == readout)
        & summary["model_entry"].isin(networks)
        & committed_rows(summary)
    ]
    if shown.empty:
        return style.placeholder("No network was scored: there is nothing to compare.")
    learnt = training.set_index("model")
    regions = regions_in_order(shown)
    with matplotlib.rc_context(style.STYLE):
        names = [name for name in networks if name in set(shown["model_entry"])]
        width = max(5.5, 3.4 * len(regions) + 1.0)
        display_names, looks = model_names(models), style.looks(models)
        columns = style.legend_columns(width, [display_names[name] for name in names])
        rows, beside = -(-len(names) // columns), 0.0
        if rows > MOST_ROWS:
            beside = 0.065 * max(len(display_names[name]) for name in names) + 0.5
            figure = Figure(figsize=(width + beside, max(3.6, 0.18 * len(names) + 0.9)))
        else:
            figure = Figure(figsize=(width, 3.6 + 0.2 * rows))
        panels = figure.subplots(1, len(regions), squeeze=False, sharey=True)[0]
        for axes, region in zip(panels, regions, strict=True):
            here = shown[shown["region"] == region]
            _draw_panel(axes, here, learnt, looks)
            sites = style.count(int(here["n_sites"].max()), "site")
            axes.set_title(f"{region}, {sites}", loc="left", fontweight="bold")
            axes.set_xlabel("Parameters learnt, network and head")
        panels[0].set_ylabel("Mean explained variance\n(fraction)")
        handles = [
            Line2D([], [], **style.mark_of(looks[name]), label=display_names[name])
            for name in names
        ]
        if beside:
            figure.legend(handles=handles, loc="outside right center")
        else:
            figure.legend(handles=handles, loc="outside lower center", ncols=columns)
        in_words = readout_name(readouts[readout], shown["n_components"])
        style.title(
            figure,
            "Score against the number of retrained parameters",
            f"{split_in_words(split)}, {int(shown['n_stimuli'].max())} stimuli; committed layer;"
            f" {in_words}; mean"
            " over sites and its 95% bootstrap interval; on grey: not trained here; small: variants"
            " of a sweep that were not chosen; a cross: training is not shown to beat its start.",
        )
    return figure


def _draw_panel(
    axes: Axes, rows: pd.DataFrame, learnt: pd.DataFrame, look_of: dict[str, style.Look]
) -> None:
    axes.axhline(0, color=style.GREY, linewidth=0.8, zorder=1)
    counts = learnt["retrained_parameters"] + learnt["head_parameters"]
    smallest = 10.0 ** np.floor(np.log10(max(counts.min(), 1)))
    untrained = rows.loc[~rows["model"].isin(learnt.index), "model"].tolist()
    for _, row in rows.iterrows():
        variant, model = row["model"], row["model_entry"]
        trained = variant in learnt.index
        count = 0.0
        if len(untrained) > 1 and not trained:  # side by side, around 0
            count = SPREAD * smallest * (2 * untrained.index(variant) / (len(untrained) - 1) - 1)
        if trained:
            count = learnt.loc[variant, ["retrained_parameters", "head_parameters"]].sum()
        look, size = look_of[model], matplotlib.rcParams["lines.markersize"]
        if row["setting_committed"]:
            axes.vlines(count, row[LOW], row[HIGH], color=look.color, linewidth=1.2, zorder=2)
        axes.plot(
            count,
            row[MEAN],
            **style.mark_of(look),
            markersize=size if row["setting_committed"] else 0.5 * size,
            zorder=3,
            gid=f"mean:{variant}",
        )
        if trained and learnt.loc[variant, "beats_start"] != "yes":
            axes.plot(count, row[MEAN], "x", color="black", zorder=4, gid=f"no gain:{variant}")
    axes.set_xscale("symlog", linthresh=smallest, linscale=0.7)
    axes.set_xlim(-1.5 * SPREAD * smallest, 3 * counts.max())
    axes.xaxis.set_minor_locator(NullLocator())
    powers = np.arange(np.log10(smallest), np.ceil(np.log10(counts.max())) + 1)
    axes.set_xticks([0, *10.0 ** powers[10.0**powers <= 3 * counts.max()]])
    if untrained:
        axes.axvspan(-1.5 * SPREAD * smallest, 1.5 * SPREAD * smallest, color="0.96", zorder=0)
