"""When which stimulus was shown: from a table of intervals, or from an index series."""

import logging
import re
from collections.abc import Mapping

import h5py
import numpy as np
import pandas as pd

from ventral.data.hdf5 import read
from ventral.data.sources.nwb.tables import Table, array_of, follow, group_at, text_of
from ventral.data.sources.nwb.templates import ordered_names
from ventral.errors import VentralError

logger = logging.getLogger(__name__)

PLACES = ("intervals", "stimulus/presentation")
PLACEHOLDER = re.compile(r"\{(\w+)(?::0(\d+)d)?\}")


def read_presentations(file: h5py.File, settings: Mapping) -> pd.DataFrame:
    """Return the presentations of a session.

    Parameters
    ----------
    file : h5py.File
        The open NWB file.
    settings : Mapping
        ``presentations``, ``stimulus``, ``onset``, ``where``: see the schema.

    Returns
    -------
    DataFrame
        ``stimulus`` (str) and ``onset`` (seconds), in the order of the file. Presentations without
        a stimulus or without an onset are left out; the log says how many.

    Raises
    ------
    VentralError
        Naming the table or the column that does not exist, and where no presentation is left.

    """
    group = _place(file, settings["presentations"])
    where = f"{file.filename}: {group.name.strip('/')}"
    if "data" in group:
        shown = _of_series(group, settings)
    else:
        table = Table(group)
        kept = table.chosen(settings.get("where", {}), "responses: where")
        onset = table.numbers(settings["onset"])
        shown = pd.DataFrame({"stimulus": _names(table, settings), "onset": onset})[kept]
    unnamed = (shown["stimulus"] == "").to_numpy()
    untimed = ~np.isfinite(shown["onset"].to_numpy()) & ~unnamed
    for out, what in ((unnamed, "stimulus"), (untimed, f"{settings['onset']} (a finite number)")):
        if out.any():
            logger.warning(
                "%s: %d of %d presentations have no %s and are left out",
                where,
                out.sum(),
                len(shown),
                what,
            )
    shown = shown[~unnamed & ~untimed].reset_index(drop=True)
    if shown.empty:
        raise VentralError(f"{where}: no presentation has a stimulus and an onset")
    return shown


def _place(file: h5py.File, name: str) -> h5py.Group:
    """Return the group of the presentations; of a bare name under one of `PLACES`."""
    if "/" in name.strip("/"):
        return group_at(file, name, "presentations")
    known: list[str] = []
    for place in PLACES:
        try:
            group = group_at(file, place, "group")
        except VentralError:
            continue
        if name in group.keys():  # noqa: SIM118
            return group_at(file, f"{place}/{name}", "presentations")
        known += group.keys()
    raise VentralError(
        f"{file.filename} has no table {name!r} of presentations (responses: presentations); there"
        f" is {', '.join(known) or 'none, neither under intervals nor under stimulus/presentation'}"
    )


def _names(table: Table, settings: Mapping) -> np.ndarray:
    """Return the name of the stimulus of each row: of a column, or of a pattern of columns."""
    given = settings.get("stimulus")
    if given is None:
        raise VentralError(
            f"{table.where}: which column names the stimulus? Give it as responses: stimulus; there"
            f" is {', '.join(table.columns)}"
        )
    if "{" not in given:
        return np.array([text_of(value) for value in table.column(given)], object)
    if not PLACEHOLDER.search(given) or re.search(r"[{}]", PLACEHOLDER.sub("", given)):
        raise VentralError(
            f"responses: stimulus: {given!r} is not a pattern of columns, such as"
            " 'shape{stim_ID:03d}_{rotation}'"
        )
    columns = {
        match[1]: [text_of(value) for value in table.column(match[1])]
        for match in PLACEHOLDER.finditer(given)
    }
    rows = zip(*columns.values(), strict=True)
    return np.array([_filled(given, dict(zip(columns, row, strict=True))) for row in rows], object)


def _filled(pattern: str, values: Mapping[str, str]) -> str:
    """Return a pattern with the values of its columns; empty where one of them is missing."""
    if not all(values.values()):
        return ""
    return PLACEHOLDER.sub(lambda match: values[match[1]].zfill(int(match[2] or 0)), pattern)


def _of_series(group: h5py.Group, settings: Mapping) -> pd.DataFrame:
    """Return the presentations of an index series: at each time the place of an image."""
    where = f"{group.file.filename}: {group.name.strip('/')}"
    for key in ("stimulus", "where"):
        if settings.get(key):
            raise VentralError(
                f"{where} is an index series, which has no columns; remove responses: {key}"
            )
    index = read(array_of(group, "data", (None,), "iuf")).astype(np.int64)
    images = next((key for key in ("indexed_images", "indexed_timeseries") if key in group), None)
    names = None
    if images == "indexed_images":
        container = follow(group, images)
        names = ordered_names(container)
    if names is None:
        stimulus = [str(i) if i >= 0 else "" for i in index]
    else:
        if index.max(initial=0) >= len(names):
            raise VentralError(f"{where} shows image {index.max()}, but there are {len(names)}")
        stimulus = [names[i] if i >= 0 else "" for i in index]
    return pd.DataFrame(
        {"stimulus": np.array(stimulus, object), "onset": sample_times(group, len(index))}
    )


def sample_times(group: h5py.Group, n: int) -> np.ndarray:
    """Return the time of each sample of a time series in seconds, (n,)."""
    if "timestamps" in group:
        return read(array_of(group, "timestamps", (n,), "iuf")).astype(np.float64)
    start, rate = start_and_rate(group)
    return start + np.arange(n) / rate


def start_and_rate(group: h5py.Group) -> tuple[float, float]:
    """Return when a regularly sampled time series starts, in seconds, and its rate in Hz."""
    where = f"{group.file.filename}: {group.name.strip('/')}"
    if "starting_time" not in group:
        raise VentralError(f"{where} has neither timestamps nor a starting_time")
    found = array_of(group, "starting_time", kind="iuf")
    rate = float(np.max(found.attrs.get("rate", np.nan)))
    start = float(read(found).reshape(-1)[0]) if found.size == 1 else np.nan
    if not rate > 0 or not np.isfinite([rate, start]).all():
        raise VentralError(f"{where}: starting_time has the rate {rate:g}; it must be positive")
    return start, rate
