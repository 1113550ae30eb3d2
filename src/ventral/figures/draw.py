"""Draw a figure from the tables of a data set."""

from collections.abc import Callable, Mapping
from pathlib import Path

from matplotlib.figure import Figure

from ventral.figures.style import save
from ventral.scores.reporting import at_committed_settings, reported_split
from ventral.storage.tables import read_csv


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
    scores, summary : str or Path
        The tables ``scores.csv`` and ``summary.csv`` of the data set.
    display : mapping
        ``models``, ``readouts`` and ``readout``, as `ventral.scores.reporting` describes them.
    svg, png : str or Path
        Where the figure is written.

    Raises
    ------
    VentralError
        If the summary has no defined score on any split that could be shown.
    """
    table = read_csv(summary)
    figure = draw(
        at_committed_settings(read_csv(scores), table),
        at_committed_settings(table, table),
        display["models"],
        display["readouts"],
        reported_split(table),
        display["readout"],
    )
    save(figure, svg, png)
