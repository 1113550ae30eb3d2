"""Draw a figure from the tables of a data set."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from ventral.figures.style import save
from ventral.scores.reporting import at_committed_settings, default_readout, reported_split
from ventral.storage.tables import read_csv


def shown_scores(
    scores: str | Path, summary: str | Path, display: Mapping
) -> tuple[pd.DataFrame, pd.DataFrame, str, str]:
    """Read what the figures of a data set show.

    Parameters
    ----------
    scores, summary : str or Path
        The tables ``scores.csv`` and ``summary.csv`` of the data set.
    display : mapping
        ``models``, ``readouts`` and ``readout``, as `ventral.scores.reporting` describes them.

    Returns
    -------
    scores, summary : DataFrame
        At the committed settings of sweeps.
    split, readout : str
        Whose scores are shown.

    Raises
    ------
    VentralError
        If the summary has no defined score on any split that could be shown.
    """
    table = read_csv(summary)
    return (
        at_committed_settings(read_csv(scores), table),
        at_committed_settings(table, table),
        reported_split(table),
        display["readout"] or default_readout(display["readouts"]),
    )


def draw_figure(
    draw: Callable[..., Figure],
    scores: str | Path,
    summary: str | Path,
    display: Mapping,
    svg: str | Path,
    png: str | Path,
) -> None:
    """Draw and save one figure.

    Parameters
    ----------
    draw : callable
        The function ``draw`` of a figure's module.
    scores, summary, display
        As of `shown_scores`, which raises errors.
    svg, png : str or Path
        Where the figure is written.
    """
    of_sites, of_populations, split, readout = shown_scores(scores, summary, display)
    models, readouts = display["models"], display["readouts"]
    save(draw(of_sites, of_populations, models, readouts, split, readout), svg, png)
