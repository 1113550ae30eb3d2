"""Responses as a table in long form: a row for each stimulus, site and repetition.

The table is read in pieces, and names are kept as codes, so that a table of many millions of rows
takes a small part of the memory that its text would. Names are text whatever they look like:
``001`` is not ``1``.
"""

import csv
import importlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ventral.data.archives import MAX_UNPACKED
from ventral.data.time_windows import Window, bin_weights, refuse_time
from ventral.errors import VentralError, suggest
from ventral.machine_errors import reading_error

logger = logging.getLogger(__name__)

COLUMNS = {
    "stimulus": "stimulus_id",
    "site": "site_id",
    "repetition": "repetition",
    "response": "response",
    "time_start": "time_start",
    "time_end": "time_end",
}
"""What each column is called where the config does not name it."""
REQUIRED = ("stimulus", "site", "response")
TIMES = ("time_start", "time_end")
ROWS_AT_ONCE = 2**18
FIRST_ROW = 2
"""Number of the first row in messages: a spreadsheet counts the names of the columns too."""
MISSING = ("", "NaN", "nan", "NA")
ERRORS = (
    MemoryError,
    OSError,
    RuntimeError,  # includes NotImplementedError, for a form of Parquet that is not supported
    ValueError,
    UnicodeDecodeError,
    csv.Error,
    pd.errors.ParserError,
)


def is_long(path: Path) -> bool:
    """Return whether a table has the columns of the long form under their own names."""
    if path.suffix.lower() != ".csv":
        return True
    return {COLUMNS[name] for name in REQUIRED} <= set(_header(path))


def read_long_table(
    path: Path, columns: Mapping[str, str], windows: Sequence[Window]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read responses from a table in long form.

    Parameters
    ----------
    path : Path
        CSV, or Parquet if pyarrow is installed.
    columns : Mapping
        Names of the columns ``stimulus``, ``site``, ``response``, ``repetition``, ``time_start``
        and ``time_end`` (milliseconds) where they are not those of `COLUMNS`. The last three need
        not exist.
    windows : sequence of Window
        Windows of time, where the table has time bins.

    Returns
    -------
    stimulus_id : ndarray of str, (n_stimuli,)
        In the order of the table.
    site_id : ndarray of str, (n_sites,)
        In the order of the table.
    values : ndarray, (n_stimuli, n_windows × n_sites, n_repetitions), float64
        NaN for a combination that the table does not have, or whose response is empty, or where
        one of the bins of a window is missing; the log says how many. The repetitions of a stimulus
        are in the order of the table.

    Raises
    ------
    VentralError
        Naming the row, where a response is not a number, a name is empty or a combination is
        duplicated; for a column that does not exist; and for time bins without a window.
    """
    names = _columns(path, columns)
    coded = _read_coded(path, names)
    _check_unique(path, coded, names)
    weights = _weights(path, coded, windows)
    n_stimuli, n_sites = (len(coded.of[name]) for name in ("stimulus", "site"))
    place, deepest = _repetition_places(coded)
    shape = (n_stimuli, len(weights), n_sites, deepest)
    size = 16 * int(np.prod(shape, dtype=np.int64))
    if size > MAX_UNPACKED:
        raise VentralError(
            f"{path}: {n_stimuli} stimuli, {n_sites} sites and up to {deepest} repetitions of a"
            f" stimulus would take {size / 2**30:.0f} GiB; average the repetitions, or leave some"
            " out"
        )
    values = np.full(shape, np.nan)
    for window, weight in enumerate(weights):
        values[:, window] = _sum(coded, weight, place, values[:, window].shape)
    absent = int(np.isnan(values).sum())
    if absent:
        logger.info(
            "%s: %d of %d combinations of stimulus, site and repetition have no response",
            path,
            absent,
            values.size,
        )
    stimulus_id, site_id = (np.array(list(coded.of[name]), object) for name in ("stimulus", "site"))
    return stimulus_id, site_id, values.reshape(n_stimuli, -1, deepest)


class _Coded:
    """The columns of a table, names as codes.

    of : dict of dict
        For each column of names {name: code}, in the order of the table.
    codes : dict of ndarray
        For each column of names the code of each row.
    """

    def __init__(self, of: dict[str, dict], codes: dict[str, np.ndarray], response: np.ndarray):
        self.of = of
        self.codes = codes
        self.response = response


def _columns(path: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Return the names of the columns that are read, by what they are."""
    header = _header(path)
    names = {}
    for what, default in COLUMNS.items():
        name = given.get(what, default)
        if name in header:
            names[what] = name
        elif what in given or what in REQUIRED:
            raise VentralError(
                f"{path} has no column {name!r} (responses: columns: {what});"
                f" {suggest(name, header)}"
            )
    for name in names.values():
        if header.count(name) > 1:
            raise VentralError(f"{path}: column {name!r} is duplicated; rename or remove one")
    if len(set(names.values())) < len(names):
        raise VentralError(f"{path}: responses: columns: two of them are the same column")
    if sum(name in names for name in TIMES) == 1:
        raise VentralError(f"{path} needs both of time_start and time_end, or neither")
    return names


def _header(path: Path) -> list[str]:
    try:
        if path.suffix.lower() == ".parquet":
            return list(_parquet(path).schema_arrow.names)
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(filter(None, csv.reader(file)), [])
    except ERRORS as error:
        raise _unreadable(path, error) from error


def _parquet(path: Path) -> Any:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise VentralError(
            f"{path}: Parquet is read with pyarrow, which is not installed: pip install pyarrow, or"
            " save the table as .csv"
        ) from None
    return parquet.ParquetFile(path)


def _pieces(path: Path, names: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Yield the table in pieces of text, or of the types that Parquet has."""
    try:
        if path.suffix.lower() == ".parquet":
            for batch in _parquet(path).iter_batches(ROWS_AT_ONCE, columns=list(names)):
                yield batch.to_pandas()
            return
        with pd.read_csv(
            path,
            dtype=str,
            usecols=list(names),
            keep_default_na=False,
            encoding="utf-8-sig",
            chunksize=ROWS_AT_ONCE,
        ) as pieces:
            yield from pieces
    except ERRORS as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: BaseException) -> VentralError:
    reason, *_ = str(error).splitlines() or [""]
    what = "a Parquet table" if path.suffix == ".parquet" else "a table of comma-separated values"
    return reading_error(path, error, f"{path} is not {what}: {reason}")


def _read_coded(path: Path, names: Mapping[str, str]) -> _Coded:
    named = [what for what in names if what != "response"]
    of: dict[str, dict] = {what: {} for what in named}
    codes: dict[str, list[np.ndarray]] = {what: [] for what in named}
    responses = []
    start = FIRST_ROW
    for piece in _pieces(path, list(names.values())):
        responses.append(_numbers(path, piece[names["response"]], names["response"], start))
        for what in named:
            column = piece[names[what]]
            if what in TIMES:
                column = pd.Series(_numbers(path, column, names[what], start, needed=True))
            code, values = pd.factorize(column.to_numpy(), use_na_sentinel=True)
            texts = [value if what in TIMES else _text(value) for value in values]
            empty = (code < 0) | np.isin(code, [i for i, text in enumerate(texts) if text == ""])
            if empty.any():
                raise VentralError(
                    f"{path}: row {start + int(empty.argmax())} has no {names[what]}"
                )
            known = of[what]
            place = np.array([known.setdefault(text, len(known)) for text in texts], np.int64)
            codes[what].append(place[code].astype(np.int32) if len(texts) else code)
        start += len(piece)
    if start == FIRST_ROW:
        raise VentralError(f"{path} has no rows")
    joined = {what: np.concatenate(parts) for what, parts in codes.items()}
    return _Coded(of, joined, np.concatenate(responses))


def _text(value: object) -> str:
    """Return a name as text: of a whole number, as Parquet may have it, its digits."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _numbers(
    path: Path, column: pd.Series, name: str, start: int, needed: bool = False
) -> np.ndarray:
    """Return a column as numbers; NaN where it is empty, which `needed` refuses."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    nothing = np.isnan(numbers)
    wrong = nothing if needed else nothing & ~(column.isin(MISSING) | column.isna()).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise VentralError(
            f"{path}: row {start + row}, column {name!r}: {column.iloc[row]!r} is not a number"
        )
    return numbers


def _check_unique(path: Path, coded: _Coded, names: Mapping[str, str]) -> None:
    """Refuse a combination that is duplicated."""
    key = np.zeros(len(coded.response), np.int64)
    for what, codes in coded.codes.items():
        key = key * len(coded.of[what]) + codes
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(key[order][1:] == key[order][:-1])
    if not same.size:
        return
    second = int(order[1:][same].min())
    first = int(np.flatnonzero(key == key[second])[0])
    values = ", ".join(
        f"{names[what]} {list(coded.of[what])[codes[second]]!r}"
        for what, codes in coded.codes.items()
    )
    remedy = (
        ""
        if "repetition" in names
        else "; if these are repetitions, name the column that numbers them, as responses: columns:"
        " repetition"
    )
    raise VentralError(
        f"{path}: row {second + FIRST_ROW} repeats row {first + FIRST_ROW} ({values}){remedy}"
    )


def _weights(path: Path, coded: _Coded, windows: Sequence[Window]) -> list[np.ndarray | None]:
    """Return for each window the weight of each row's bin; None where there are no time bins."""
    if "time_start" not in coded.codes:
        refuse_time(path, windows, None)
        return [None]
    edges = [np.array(list(coded.of[name]))[coded.codes[name]] for name in TIMES]
    bins, of_row = np.unique(np.stack(edges, axis=1), axis=0, return_inverse=True)
    refuse_time(path, windows, bins)
    return [
        weight[of_row.reshape(-1)] for weight in bin_weights(bins[:, 0], bins[:, 1], windows, path)
    ]


def _repetition_places(coded: _Coded) -> tuple[np.ndarray, int]:
    """Return the place of each row among the repetitions of its stimulus, and how many there are.

    Trials may be numbered through the session: what counts is the order among those of the
    stimulus, which is the same for all sites.
    """
    repetition = coded.codes.get("repetition")
    if repetition is None:
        return np.zeros(len(coded.response), np.int64), 1
    key = coded.codes["stimulus"].astype(np.int64) * len(coded.of["repetition"]) + repetition
    pairs, of_row = np.unique(key, return_inverse=True)
    stimulus = pairs // len(coded.of["repetition"])
    place = np.arange(len(pairs)) - np.searchsorted(stimulus, stimulus)
    return place[of_row.reshape(-1)], int(place.max()) + 1


def _sum(
    coded: _Coded, weight: np.ndarray | None, place: np.ndarray, shape: tuple[int, ...]
) -> np.ndarray:
    """Return the responses of one window, (stimuli, sites, repetitions)."""
    at = (coded.codes["stimulus"], coded.codes["site"], place)
    if weight is None:
        values = np.full(shape, np.nan)
        values[at] = coded.response
        return values
    rows = np.flatnonzero(weight > 0)
    index = np.ravel_multi_index(tuple(axis[rows] for axis in at), shape)
    size = int(np.prod(shape))
    total = np.bincount(index, coded.response[rows] * weight[rows], minlength=size)
    share = np.bincount(index, weight[rows], minlength=size)
    # A window of which a bin is missing is not comparable with the others.
    return np.where(np.abs(share - 1) < 1e-9, total, np.nan).reshape(shape)
