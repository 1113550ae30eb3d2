"""Responses of units: spikes in windows of time after each presentation."""

import itertools
import logging
from collections.abc import Mapping, Sequence

import h5py
import numpy as np
import pandas as pd

from ventral.data.hdf5 import read
from ventral.data.sources.nwb.tables import Table, array_of, group_at, text_of
from ventral.data.time_windows import MILLISECONDS, Window
from ventral.errors import VentralError

logger = logging.getLogger(__name__)

SPIKES_AT_ONCE = 2**22
"""32 MB of spike times are in memory at a time, or those of one unit if it has more."""
SLACK = 1e-7
"""In seconds: a spike at the start of a window, but for rounding, is in it."""
ELECTRODES = "general/extracellular_ephys/electrodes"
OF_ELECTRODES = "electrodes."


def read_units(
    file: h5py.File, settings: Mapping, onset: np.ndarray, windows: Sequence[Window]
) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the responses of the units of a session to each presentation.

    Parameters
    ----------
    file : h5py.File
        The open NWB file.
    settings : Mapping
        ``units``, ``measure`` (rate or count), ``region``, ``region_column``, ``electrode``: see
        the schema.
    onset : ndarray, (n_presentations,)
        In seconds.
    windows : sequence of Window
        A spike at the start of a window is counted, one at its end is not.

    Returns
    -------
    responses : ndarray, (n_windows, n_presentations, n_units), float32
        Spikes per second, or spikes. NaN where the window is not within the times in which the unit
        was observed (``obs_intervals``), if the file has these.
    units : DataFrame, n_units rows
        ``unit``, its id, and ``region``.

    Raises
    ------
    VentralError
        Naming the table, column or unit: where there is no unit, where a spike time is not finite,
        and for what `Table` refuses.

    """
    of_units = settings.get("units", {})
    table = Table(group_at(file, of_units.get("table", "units"), "table"))
    kept = np.flatnonzero(table.chosen(of_units.get("where", {}), "responses: units: where"))
    if not kept.size:
        raise VentralError(f"{table.where} has no units")
    if "spike_times" not in table.columns:
        raise VentralError(
            f"{table.where} has no spike_times; if the responses are a time series, give its path"
            " as responses: series"
        )
    times, edges = table.ragged("spike_times")
    observed = table.ragged("obs_intervals") if "obs_intervals" in table.columns else None
    starts = [onset + window.start / MILLISECONDS - SLACK for window in windows]
    stops = [onset + window.stop / MILLISECONDS - SLACK for window in windows]
    counts = np.empty((len(windows), len(onset), len(kept)), np.float32)
    unsorted = 0
    for first, last in _blocks(edges, kept):
        low = edges[kept[first]]
        block = read(times, slice(low, edges[kept[last - 1] + 1])).astype(np.float64, copy=False)
        for place in range(first, last):
            unit = kept[place]
            own = block[edges[unit] - low : edges[unit + 1] - low]
            if not np.isfinite(own).all():
                raise VentralError(
                    f"{table.where}: unit {table.id[unit]} has a spike time that is not finite"
                )
            if (np.diff(own) < 0).any():
                own = np.sort(own)
                unsorted += 1
            for i, (start, stop) in enumerate(zip(starts, stops, strict=True)):
                counts[i, :, place] = np.searchsorted(own, stop) - np.searchsorted(own, start)
            if observed is not None:
                values, rows = observed
                within = read(values, slice(rows[unit], rows[unit + 1])).reshape(-1, 2)
                for i, (start, stop) in enumerate(zip(starts, stops, strict=True)):
                    counts[i, ~_inside(within, start, stop), place] = np.nan
        del own, block  # before the next one is read
    _report(table.where, counts, table.id[kept], unsorted)
    if settings.get("measure", "rate") == "rate":
        for values, window in zip(counts, windows, strict=True):
            values *= MILLISECONDS / window.length
    units = pd.DataFrame({"unit": [str(each) for each in table.id[kept]]}, dtype=object)
    units["region"] = _regions(file, table, settings)[kept]
    return counts, units


def _blocks(edges: np.ndarray, kept: np.ndarray) -> list[tuple[int, int]]:
    """Return runs of kept units, [first, last), whose spike times are read at once.

    Also what lies between them is read, so a run ends before a gap that is longer than it.
    """
    blocks, first = [], 0
    for place in range(1, len(kept) + 1):
        if place < len(kept):
            span = edges[kept[place] + 1] - edges[kept[first]]
            gap = edges[kept[place]] - edges[kept[place - 1] + 1]
            if span <= SPIKES_AT_ONCE and gap <= span - gap:
                continue
        blocks.append((first, place))
        first = place
    return blocks


def _inside(intervals: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Return whether each window lies within one of the intervals, (n_presentations,)."""
    inside = np.zeros(len(start), bool)
    for low, high in intervals:
        inside |= (start >= low - 2 * SLACK) & (stop <= high)
    return inside


def _report(where: str, counts: np.ndarray, unit: np.ndarray, unsorted: int) -> None:
    if unsorted:
        logger.warning("%s: the spike times of %d units were not sorted", where, unsorted)
    unobserved = np.isnan(counts)
    if unobserved.any():
        logger.warning(
            "%s: %d of %d responses are missing: their windows are not within obs_intervals",
            where,
            unobserved.sum(),
            counts.size,
        )
    silent = ~(np.nan_to_num(counts) > 0).any(axis=(0, 1))
    if silent.any():
        logger.warning(
            "%s: %d of %d units have no spike in any window, so they cannot be scored: %s",
            where,
            silent.sum(),
            len(silent),
            ", ".join(map(str, unit[silent][:5])),
        )


def _regions(file: h5py.File, table: Table, settings: Mapping) -> np.ndarray:
    """Return the region of each unit, (n_units,)."""
    name = settings.get("region_column")
    if name is None:
        return np.full(len(table), settings["region"], object)
    if not name.startswith(OF_ELECTRODES):
        return np.array([text_of(value) for value in table.column(name)], object)
    column = name.removeprefix(OF_ELECTRODES)
    electrodes = Table(group_at(file, ELECTRODES, "table"))
    region = np.array([text_of(value) for value in electrodes.column(column)], object)
    rows = _electrode_rows(table, electrodes, settings.get("electrode"))
    result = np.empty(len(table), object)
    for unit, own in enumerate(rows):
        found = sorted(set(region[own]))
        if len(found) > 1:
            raise VentralError(
                f"{table.where}: unit {table.id[unit]} has electrodes in {' and '.join(found)}; say"
                " which electrode counts, as responses: electrode"
            )
        result[unit] = found[0] if found else ""
    return result


def _electrode_rows(table: Table, electrodes: Table, column: str | None) -> list[np.ndarray]:
    """Return the rows of the electrodes table that belong to each unit."""
    if column is not None:
        given = table.numbers(column)
        place = {int(number): row for row, number in enumerate(electrodes.id)}
        missing = [unit for unit, number in enumerate(given) if number not in place]
        if missing:
            raise VentralError(
                f"{table.where}: {column} {given[missing[0]]:g} of unit {table.id[missing[0]]} is"
                f" not the id of an electrode in {electrodes.name}"
            )
        return [np.array([place[int(number)]]) for number in given]
    if "electrodes" not in table.columns:
        raise VentralError(
            f"{table.where} has no column 'electrodes'; say which column has the id of the"
            f" electrode, as responses: electrode; there is {', '.join(table.columns)}"
        )
    if "electrodes_index" in table.group:
        values, edges = table.ragged("electrodes")
        all_rows = read(values).astype(np.int64)
        rows = [all_rows[a:b] for a, b in itertools.pairwise(edges)]
    else:
        all_rows = read(array_of(table.group, "electrodes", (len(table),), "iu")).astype(np.int64)
        rows = list(all_rows[:, None])
    if all_rows.size and not 0 <= all_rows.min() <= all_rows.max() < len(electrodes):
        raise VentralError(
            f"{table.where}: column 'electrodes' names row {all_rows.max()} of {electrodes.name},"
            f" which has {len(electrodes)} rows"
        )
    return rows
