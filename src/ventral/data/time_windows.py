"""Windows of time after a stimulus; several windows make several regions, one for each.

All times are in milliseconds after the onset of the stimulus. A response to several windows is kept
as sites of several regions, ``IT 70–120 ms`` and ``IT 120–170 ms``, so that whatever is shown by
region is shown by time.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ventral.errors import VentralError

logger = logging.getLogger(__name__)

MILLISECONDS = 1000.0
"""In a second: windows are in milliseconds, and NWB files in seconds."""

SHORTEST = 1.0
"""In milliseconds. A shorter window is one that was given in seconds."""
TOLERANCE = 1e-6
"""In milliseconds; edges of bins are often sums of fractions."""


@dataclass(frozen=True)
class Window:
    """A window of time, in milliseconds after the onset; its start belongs to it, its end not."""

    start: float
    stop: float

    @property
    def length(self) -> float:
        """Its length in milliseconds."""
        return self.stop - self.start

    def __str__(self) -> str:
        """Return what a region of this window is called after the region itself."""
        return f"{self.start:g}–{self.stop:g} ms"

    @property
    def suffix(self) -> str:
        """What the name of a site of this window ends with."""
        return f"@{self.start:g}-{self.stop:g}ms"


def windows_of(settings: Mapping) -> list[Window]:
    """Return the windows that the settings of a data set name.

    Parameters
    ----------
    settings : Mapping
        ``time``, if it is given: ``window``, [from, to], or ``windows``, a list of these.

    Returns
    -------
    list of Window
        Empty where ``time`` is not given.

    Raises
    ------
    VentralError
        If a window ends before it starts, is shorter than `SHORTEST`, or is given twice.
    """
    time = settings.get("time")
    if time is None:
        return []
    if ("window" in time) == ("windows" in time):
        raise VentralError("responses: time: needs either window, [from, to], or windows, a list")
    windows = [Window(*map(float, each)) for each in time.get("windows") or [time["window"]]]
    for window in windows:
        given = f"responses: time: the window [{window.start:g}, {window.stop:g}]"
        if not np.isfinite([window.start, window.stop]).all() or window.length <= 0:
            raise VentralError(f"{given} must end after it starts")
        if window.length < SHORTEST:
            raise VentralError(
                f"{given} is shorter than a millisecond: times are in milliseconds, not in seconds"
            )
    if len(set(windows)) < len(windows):
        raise VentralError("responses: time: a window is given twice")
    return windows


def sites_in_time(sites: pd.DataFrame, windows: Sequence[Window]) -> pd.DataFrame:
    """Return a site table with the sites of each window, window by window.

    Parameters
    ----------
    sites : DataFrame
        ``site_id``, ``region`` and further columns.
    windows : sequence of Window
        Of one window, or none, the table stays as it is.

    Returns
    -------
    DataFrame
        Of several windows, regions and site_id name the window.
    """
    if len(windows) < 2:
        return sites
    return pd.concat(
        [
            sites.assign(
                site_id=[f"{site}{window.suffix}" for site in sites["site_id"]],
                region=[f"{region} {window}" for region in sites["region"]],
            )
            for window in windows
        ],
        ignore_index=True,
    )


def bin_weights(
    starts: np.ndarray, stops: np.ndarray, windows: Sequence[Window], where: str | Path
) -> np.ndarray:
    """Return the weight of each bin in the mean of each window.

    A bin counts in a window if it lies within it, by its length.

    Parameters
    ----------
    starts, stops : ndarray, (n_bins,)
        Edges of the bins in milliseconds.
    windows : sequence of Window
        The windows.
    where : str or Path
        The file, for messages.

    Returns
    -------
    ndarray, (n_windows, n_bins)
        Each row sums to 1.

    Raises
    ------
    VentralError
        If a bin does not end after it starts, or no bin lies within a window.
    """
    starts, stops = np.asarray(starts, float), np.asarray(stops, float)
    wrong = ~(stops > starts)
    if wrong.any():
        first = int(wrong.argmax())
        raise VentralError(
            f"{where}: time bin {first + 1} goes from {starts[first]:g} to {stops[first]:g} ms; a"
            " bin must end after it starts"
        )
    weights = np.zeros((len(windows), len(starts)))
    for row, window in zip(weights, windows, strict=True):
        inside = (starts >= window.start - TOLERANCE) & (stops <= window.stop + TOLERANCE)
        if not inside.any():
            raise VentralError(
                f"{where}: no time bin lies within {window}; there are {len(starts)} bins from"
                f" {starts.min():g} to {stops.max():g} ms (responses: time)"
            )
        row[inside] = (stops - starts)[inside]
        row /= row.sum()
        covered = starts[inside].min(), stops[inside].max()
        logger.info(
            "%s: %s is the mean of %d time bins, which go from %g to %g ms",
            where,
            window,
            inside.sum(),
            *covered,
        )
    return weights


def refuse_time(path: Path, windows: Sequence[Window], bins: np.ndarray | None) -> None:
    """Raise `VentralError` where windows are given without time bins, or these without windows.

    Parameters
    ----------
    path : Path
        The file.
    windows : sequence of Window
        Of the config.
    bins : ndarray or None
        What the file says of its time bins.
    """
    if bins is not None and not windows:
        raise VentralError(
            f"{path} has time bins; say over which of them responses are averaged, as responses:"
            " time: {window: [70, 170]}, in milliseconds"
        )
    if bins is None and windows:
        raise VentralError(
            f"{path} has no time bins (time_bins, or time_start and time_end in a table in long"
            " form); add them, or remove responses: time"
        )


def average_bins(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average responses over the time bins of each window.

    Parameters
    ----------
    values : ndarray, (..., n_bins)
        Responses.
    weights : ndarray, (n_windows, n_bins)
        Of `bin_weights`.

    Returns
    -------
    ndarray, (n_windows, ...)
        NaN where a bin within the window is NaN.
    """
    means = np.empty((len(weights), *values.shape[:-1]))
    for mean, weight in zip(means, weights, strict=True):
        inside = weight > 0
        mean[...] = values[..., inside] @ weight[inside]
    return means
