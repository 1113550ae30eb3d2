"""Responses of a time series, such as counts of spikes per bin or multi-unit activity."""

import logging
from collections.abc import Mapping, Sequence

import h5py
import numpy as np
import pandas as pd

from ventral.data.hdf5 import read
from ventral.data.sources.nwb.presentations import sample_times, start_and_rate
from ventral.data.sources.nwb.tables import array_of, group_at
from ventral.data.time_windows import MILLISECONDS, Window
from ventral.errors import VentralError

logger = logging.getLogger(__name__)

VALUES_AT_ONCE = 2**22
SLACK = 1e-6
"""In samples: a window that starts at a sample, but for rounding, has that sample."""


def read_series(
    file: h5py.File, settings: Mapping, onset: np.ndarray, windows: Sequence[Window]
) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the responses of the sites of a time series to each presentation.

    Parameters
    ----------
    file : h5py.File
        The open NWB file.
    settings : Mapping
        ``series``, the path of the time series, (samples, sites); ``measure``: ``mean`` of the
        samples of a window, their sum (``count``), or their sum per second (``rate``); ``region``.
    onset : ndarray, (n_presentations,)
        In seconds.
    windows : sequence of Window
        A sample belongs to a window by its time; one at the window's end does not.

    Returns
    -------
    responses : ndarray, (n_windows, n_presentations, n_sites), float32
        NaN where the window is not within the series, or a sample in it is NaN.
    units : DataFrame, n_sites rows
        ``unit``, the place of the site, and ``region``.

    Raises
    ------
    VentralError
        Naming the series where it does not exist or has another shape, where its times are not
        sorted, and where a window is shorter than the time between two samples.

    """
    group = group_at(file, settings["series"], "series")
    where = f"{file.filename}: {group.name.strip('/')}"
    for key in ("units", "region_column", "electrode"):
        if settings.get(key):
            raise VentralError(f"{where} is a series, not the units; remove responses: {key}")
    data = array_of(group, "data", kind="iuf")
    if data.ndim not in (1, 2) or not len(data):
        raise VentralError(f"{where} has shape {data.shape}; it needs (samples, sites)")
    n_sites = data.shape[1] if data.ndim == 2 else 1
    conversion = float(data.attrs.get("conversion", 1.0))
    offset = float(data.attrs.get("offset", 0.0))
    responses = np.full((len(windows), len(onset), n_sites), np.nan, np.float32)
    measure = settings.get("measure", "mean")
    outside = 0
    for values, window in zip(responses, windows, strict=True):
        first, last = _samples(group, len(data), onset, window)
        known = (first >= 0) & (last <= len(data))
        outside += int((~known).sum())
        if (last <= first)[known].any():
            raise VentralError(f"{where} has no sample in {window} of some presentations")
        for presentations, low, high in _blocks(first, last, known, n_sites):
            block = read(data, slice(low, high)).reshape(high - low, n_sites).astype(np.float64)
            block = block * conversion + offset
            for each in presentations:
                own = block[first[each] - low : last[each] - low]
                values[each] = own.mean(axis=0) if measure == "mean" else own.sum(axis=0)
        if measure == "rate":
            values *= MILLISECONDS / window.length
    if outside:
        logger.warning(
            "%s: %d of %d windows are not within the series: their responses are missing",
            where,
            outside,
            len(windows) * len(onset),
        )
    units = pd.DataFrame({"unit": [f"{i:03d}" for i in range(n_sites)]}, dtype=object)
    units["region"] = settings["region"]
    return responses, units


def _samples(
    group: h5py.Group, n: int, onset: np.ndarray, window: Window
) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples of each presentation, [first, last).

    Before the first sample `first` is negative, behind the last one `last` is above `n`.
    """
    start, stop = onset + window.start / MILLISECONDS, onset + window.stop / MILLISECONDS
    if "timestamps" not in group:
        begin, rate = start_and_rate(group)
        first = np.ceil((start - begin) * rate - SLACK).astype(np.int64)
        last = np.ceil((stop - begin) * rate - SLACK).astype(np.int64)
        return first, last
    times = sample_times(group, n)
    if not np.isfinite(times).all() or (np.diff(times) < 0).any():
        raise VentralError(
            f"{group.file.filename}: {group.name.strip('/')}: timestamps are not sorted"
        )
    step = np.median(np.diff(times)) if n > 1 else 0.0
    start, stop = start - SLACK * step, stop - SLACK * step
    first, last = np.searchsorted(times, start), np.searchsorted(times, stop)
    first = np.where(start < times[0] - 2 * SLACK * step, -1, first)
    last = np.where(stop > times[-1] + step, n + 1, last)
    return first, last


def _blocks(
    first: np.ndarray, last: np.ndarray, known: np.ndarray, n_sites: int
) -> list[tuple[list[int], int, int]]:
    """Return runs of presentations whose samples are read at once, with the samples' range."""
    order = [each for each in np.argsort(first, kind="stable") if known[each]]
    rows_at_once = max(1, VALUES_AT_ONCE // n_sites)
    blocks: list[tuple[list[int], int, int]] = []
    for each in order:
        low, high = int(first[each]), int(last[each])
        if blocks:
            presentations, start, stop = blocks[-1]
            if max(stop, high) - start <= rows_at_once and low <= stop + (stop - start):
                blocks[-1] = ([*presentations, each], start, max(stop, high))
                continue
        blocks.append(([each], low, high))
    return blocks
