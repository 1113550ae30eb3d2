"""A lab's own files of responses and tables: CSV, Parquet, npy, npz, HDF5 or MATLAB."""

import csv
import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import h5py
import numpy as np
import pandas as pd

from ventral.data.archives import MAX_RATIO, MAX_UNPACKED
from ventral.data.arrays import read_npy
from ventral.data.hdf5 import BOMB_FLOOR, dataset, matlab_class, open_hdf5, read, read_names
from ventral.data.long_tables import is_long, read_long_table
from ventral.data.matlab_files import read_characters, read_matlab
from ventral.data.time_windows import Window, average_bins, bin_weights, refuse_time
from ventral.errors import VentralError, suggest
from ventral.machine_errors import reading_error

ARRAYS = ("responses", "stimulus_id", "site_id", "time_bins")
HDF5_ENDINGS = (".h5", ".hdf5", ".mat")
TABLE_ENDINGS = (".csv", ".parquet")
ENDINGS = (*TABLE_ENDINGS, ".npy", ".npz", *HDF5_ENDINGS)
BYTES_AT_ONCE = 2**26
"""Of responses with time bins, so many are in memory before they are averaged over time."""
LARGEST_ID = 2.0**53
"""From here on a floating-point number may stand for several whole ones."""
CSV_ERRORS = (MemoryError, OSError, ValueError, UnicodeDecodeError, pd.errors.ParserError)
NPZ_ERRORS = (
    EOFError,
    KeyError,
    MemoryError,
    OSError,
    OverflowError,
    RuntimeError,  # an encrypted entry; includes NotImplementedError, for an unknown compression
    SyntaxError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class ResponseFile:
    """The content of a file of responses.

    Parameters
    ----------
    stimulus_id : ndarray of str, (n_stimuli,), or None
        None if the file does not name its stimuli (npy).
    site_id : ndarray of str, (n_sites,), or None
        None if the file does not name its sites.
    values : ndarray, (n_stimuli, n_windows × n_sites, n_repetitions), float64
        NaN for a missing response. Averaged responses have one repetition. The sites of the first
        window of time come first; without time bins there is one window.
    """

    stimulus_id: np.ndarray | None
    site_id: np.ndarray | None
    values: np.ndarray


def read_response_file(
    path: Path, windows: Sequence[Window] = (), columns: Mapping[str, str] | None = None
) -> ResponseFile:
    """Read a file of responses in the format that its ending names.

    CSV has a column ``stimulus_id``, a column per site and, for repetitions, a column
    ``repetition``; an empty field is a missing response. npz and HDF5 have ``responses``,
    (n_stimuli, n_sites) or (n_stimuli, n_sites, n_repetitions), ``stimulus_id`` and optionally
    ``site_id``, as text or as whole numbers. A MATLAB file, of any version, has the same variables;
    its names are a cell of text or an array of characters, and its axes are those that MATLAB
    shows. npy has only the responses. A CSV or Parquet table may also be in long form, see
    `read_long_table`.

    Where npz, HDF5 or MATLAB files have ``time_bins``, in milliseconds, (n_bins, 2) or the n_bins
    + 1 edges, the last axis of ``responses`` is time.

    Parameters
    ----------
    path : Path
        The file.
    windows : sequence of Window
        Windows of time over whose bins the responses are averaged.
    columns : Mapping, optional
        Names of the columns of a table in long form.

    Returns
    -------
    ResponseFile

    Raises
    ------
    VentralError
        If the content is invalid. The message names the file and the row, column or array.
    """
    ending = path.suffix.lower()
    if ending in TABLE_ENDINGS and (columns is not None or is_long(path)):
        return ResponseFile(*read_long_table(path, columns or {}, windows))
    if columns is not None:
        raise VentralError(
            f"{path}: responses: columns is for a table in long form ({', '.join(TABLE_ENDINGS)})"
        )
    if ending == ".csv":
        refuse_time(path, windows, None)
        return _from_csv(path)
    if ending == ".npy":
        refuse_time(path, windows, None)
        return ResponseFile(None, None, _with_repetitions(read_npy(path), path))
    if ending == ".npz":
        return _from_arrays(path, _read_npz(path), windows)
    if ending == ".mat" and not h5py.is_hdf5(path):
        return _from_arrays(path, read_matlab(path, ARRAYS), windows)
    if ending in HDF5_ENDINGS:
        return _from_hdf5(path, windows)
    raise VentralError(f"{path}: responses are read from {', '.join(ENDINGS)}, not from {ending!r}")


def read_text_table(path: Path) -> pd.DataFrame:
    """Read a CSV table as text.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    DataFrame
        Of strings; an empty field is an empty string.

    Raises
    ------
    VentralError
        If the file is not a CSV table.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except CSV_ERRORS as error:
        reason, *_ = str(error).splitlines() or [""]
        what = f"{path} is not a table of comma-separated values: {reason}"
        raise reading_error(path, error, what) from error
    return table.astype(object)


def read_table(path: Path, required: tuple[str, ...]) -> pd.DataFrame:
    """Read a CSV table as text and check its columns.

    Parameters
    ----------
    path : Path
        The file.
    required : tuple of str
        Columns that the table must have, empty in no row.

    Returns
    -------
    DataFrame
        Of strings.

    Raises
    ------
    VentralError
        If the file is not a CSV table, lacks a column, has an empty field in one of them, or a
        column whose name is missing, duplicated or has spaces around it.
    """
    table = read_text_table(path)
    _check_header(path)
    for column in required:
        if column not in table:
            raise VentralError(f"{path} has no column {column!r}; {suggest(column, table.columns)}")
        empty = table[column].str.strip() == ""
        if empty.any():
            raise VentralError(f"{path}: row {int(empty.argmax()) + 2} has no {column}")
    return table


def _check_header(path: Path) -> None:
    """Refuse names of columns that pandas would complete or change."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        names = next(filter(None, csv.reader(file)))
    for number, name in enumerate(names, start=1):
        if not name.strip():
            raise VentralError(
                f"{path}: column {number} has no name. If it holds the row numbers that pandas"
                " writes, write the table again with to_csv(..., index=False); else name it"
            )
        if name != name.strip():
            raise VentralError(f"{path}: column {name!r} has spaces around its name; remove them")
        if name in names[: number - 1]:
            raise VentralError(f"{path}: column {name!r} is duplicated; rename or remove one")


def check_unique(names: np.ndarray, what: str, path: Path) -> None:
    """Raise `VentralError` if a name is duplicated.

    Parameters
    ----------
    names : ndarray, (n,)
        The names.
    what : str
        What they are, for the message.
    path : Path
        The file that has them.
    """
    duplicated = pd.Series(names).duplicated()
    if duplicated.any():
        raise VentralError(f"{path}: {what} {names[duplicated.argmax()]!r} is duplicated")


def _from_csv(path: Path) -> ResponseFile:
    table = read_table(path, ("stimulus_id",))
    sites = [column for column in table if column not in ("stimulus_id", "repetition")]
    if not sites:
        raise VentralError(f"{path} has no column of responses besides stimulus_id")
    numbers = table[sites].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    wrong = np.isnan(numbers) & ~table[sites].isin(["", "NaN", "nan", "NA"]).to_numpy()
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        value = table[sites].iloc[row, column]
        raise VentralError(
            f"{path}: row {row + 2}, column {sites[column]!r}: {value!r} is not a number"
        )
    names = table["stimulus_id"].to_numpy()
    if "repetition" not in table:
        check_unique(names, "stimulus_id", path)
        return ResponseFile(names, np.array(sites, object), numbers[:, :, None])
    pairs = table[["stimulus_id", "repetition"]].apply(tuple, axis=1).to_numpy()
    check_unique(pairs, "the pair of stimulus_id and repetition", path)
    place = table.groupby("stimulus_id", sort=False).cumcount().to_numpy()
    stimuli, row = np.unique(names.astype(str), return_inverse=True)
    values = np.full((len(stimuli), len(sites), place.max() + 1), np.nan)
    values[row, :, place] = numbers
    return ResponseFile(stimuli.astype(object), np.array(sites, object), values)


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_bombs(path, archive)
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in ARRAYS if name in arrays}
    except NPZ_ERRORS as error:
        what = (
            "it contains Python objects, which may contain code" if "bject" in str(error) else error
        )
        raise reading_error(path, error, f"{path} is not a valid .npz file: {what}") from error


def _refuse_bombs(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse arrays that take more memory than the file has reason to, before any is read."""
    entries = [e for e in archive.infolist() if e.filename.removesuffix(".npy") in ARRAYS]
    size = sum(entry.file_size for entry in entries)
    if size > MAX_UNPACKED:
        raise VentralError(f"{path} unpacks to {size} bytes; the limit is {MAX_UNPACKED}")
    for entry in entries:
        what = f"{path}: array {entry.filename.removesuffix('.npy')!r}"
        if entry.flag_bits & 0x1:
            raise VentralError(f"{what} is encrypted; save it without a password")
        if entry.file_size > max(BOMB_FLOOR, MAX_RATIO * entry.compress_size):
            raise VentralError(
                f"{what} unpacks from {entry.compress_size} to {entry.file_size} bytes: a bomb?"
            )
        with archive.open(entry) as file:
            declared = _declared_bytes(file)
        if declared is not None and declared > entry.file_size:
            raise VentralError(
                f"{what} declares {declared} bytes of numbers and has {entry.file_size}"
            )


def _declared_bytes(file: IO[bytes]) -> int | None:
    """Return the size of the array that the header of an .npy file declares, or None."""
    version = np.lib.format.read_magic(file)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read_header is None:  # 3.0 is for fields with names, which are refused as no numbers
        return None
    shape, _, dtype = read_header(file)
    return math.prod(shape) * dtype.itemsize


def _from_hdf5(path: Path, windows: Sequence[Window]) -> ResponseFile:
    with open_hdf5(path) as file:
        arrays = {}
        for name in ("stimulus_id", "site_id"):
            if name in file:
                arrays[name] = _hdf5_names(dataset(file, name, kind="SOiuf"))
        found = dataset(file, "responses")
        if "time_bins" not in file:
            return _from_arrays(path, {"responses": _oriented(found), **arrays}, windows)
        bins = _oriented(dataset(file, "time_bins"))
        return _from_arrays(path, {"responses": found, "time_bins": bins, **arrays}, windows)


def _oriented(found: h5py.Dataset) -> np.ndarray:
    """Return an array with the axes that its author sees: MATLAB writes the first one last."""
    return read(found).T if matlab_class(found) else read(found)


def _hdf5_names(found: h5py.Dataset) -> np.ndarray:
    kind = matlab_class(found)
    key = found.name.lstrip("/")
    if kind == "string":
        raise VentralError(
            f"{found.file.filename}: {key} is a string array of MATLAB; save a cell of text, as by"
            f" {key} = cellstr({key})"
        )
    if kind == "char":
        return read_characters(read(found).T, f"{found.file.filename}: {key}")
    return read_names(found) if found.dtype.kind in "SO" else read(found)


def _from_arrays(
    path: Path, arrays: Mapping[str, np.ndarray | h5py.Dataset], windows: Sequence[Window]
) -> ResponseFile:
    for name in ("responses", "stimulus_id"):
        if name not in arrays:
            raise VentralError(f"{path} has no array {name!r}; {suggest(name, arrays)}")
    shape, values = _averaged(path, arrays, windows)
    names: dict[str, np.ndarray | None] = {"stimulus_id": None, "site_id": None}
    for axis, name in enumerate(names):
        given = arrays.get(name)
        if given is None:
            continue
        if given.size != shape[axis] or max(given.shape, default=1) != given.size:
            raise VentralError(
                f"{path}: {name} has shape {given.shape}; responses of shape {shape} need"
                f" ({shape[axis]},)"
            )
        texts = _texts(given.ravel(), f"{path}: {name}")
        check_unique(texts, name, path)
        names[name] = texts
    return ResponseFile(names["stimulus_id"], names["site_id"], values)


def _averaged(
    path: Path, arrays: Mapping[str, np.ndarray | h5py.Dataset], windows: Sequence[Window]
) -> tuple[tuple[int, ...], np.ndarray]:
    """Return the shape of the responses in the file, and their averages over windows of time."""
    given = arrays["responses"]
    bins = arrays.get("time_bins")
    refuse_time(path, windows, bins)
    if bins is None:
        return given.shape, _with_repetitions(given, path)
    # A dataset of a MATLAB file is not read yet, and has its axes in reverse.
    reverse = isinstance(given, h5py.Dataset) and matlab_class(given) is not None
    shape = given.shape[::-1] if reverse else given.shape
    edges = _edges(bins, path)
    n = len(edges)
    # MATLAB has no last axis of length one.
    dropped = n == 1 and (len(shape) == 2 or (len(shape) == 3 and shape[2] != 1))
    if given.dtype.kind not in "iuf" or 0 in shape or not (dropped or _ends_with(shape, n)):
        raise VentralError(
            f"{path}: responses have shape {shape} and type {given.dtype}; with {n} time bins they"
            f" need numbers as (stimuli, sites, {n}) or (stimuli, sites, repetitions, {n})"
        )
    weights = bin_weights(edges[:, 0], edges[:, 1], windows, path)
    n_stimuli, n_sites = shape[:2]
    repetitions = math.prod(shape[2:]) // n
    averages = np.empty((n_stimuli, len(windows), n_sites, repetitions))
    rows = max(1, BYTES_AT_ONCE // (8 * math.prod(shape[1:])))
    for start in range(0, n_stimuli, rows):
        part = slice(start, start + rows)
        block = _part(given, part, reverse).astype(np.float64)
        block = block.reshape(len(block), n_sites, repetitions, n)
        averages[part] = average_bins(block, weights).swapaxes(0, 1)
    return shape, averages.reshape(n_stimuli, -1, repetitions)


def _ends_with(shape: tuple[int, ...], n_bins: int) -> bool:
    return len(shape) in (3, 4) and shape[-1] == n_bins


def _part(given: np.ndarray | h5py.Dataset, rows: slice, reverse: bool) -> np.ndarray:
    """Return the responses to some stimuli."""
    if isinstance(given, np.ndarray):
        return given[rows]
    return read(given, (..., rows)).T if reverse else read(given, rows)


def _edges(bins: np.ndarray, path: Path) -> np.ndarray:
    """Return the start and the stop of each time bin, (n_bins, 2)."""
    if bins.dtype.kind in "iuf":
        bins = np.asarray(bins, float)
        if bins.ndim == 2 and bins.shape[1] == 2:
            return bins
        if bins.size > 1 and max(bins.shape) == bins.size:
            return np.stack([bins.ravel()[:-1], bins.ravel()[1:]], axis=1)
    raise VentralError(
        f"{path}: time_bins have shape {bins.shape} and type {bins.dtype}; they need the start and"
        " the stop of each bin as (bins, 2), or their edges, one more than there are bins"
    )


def _texts(values: np.ndarray, where: str) -> np.ndarray:
    """Return names as text: of whole numbers their digits."""
    if values.dtype.kind == "f" and np.all(np.abs(values) < LARGEST_ID):
        whole = values.astype(np.int64)
        values = whole if np.array_equal(whole, values) else values
    if values.dtype.kind not in "SUOTiu":
        raise VentralError(
            f"{where} has the type {values.dtype}; it needs text or whole numbers. Save it as text"
        )
    try:
        texts = [
            value.decode("utf-8") if isinstance(value, bytes) else str(value) for value in values
        ]
    except UnicodeDecodeError as error:
        raise VentralError(f"{where} is not UTF-8 text: {error}") from error
    return np.array(texts, object)


def _with_repetitions(values: np.ndarray, path: Path) -> np.ndarray:
    if values.dtype.kind not in "iuf" or values.ndim not in (2, 3) or 0 in values.shape:
        raise VentralError(
            f"{path}: responses have shape {values.shape} and type {values.dtype}; they need"
            " numbers as (stimuli, sites) or (stimuli, sites, repetitions)"
        )
    return values.astype(np.float64).reshape(*values.shape[:2], -1)
