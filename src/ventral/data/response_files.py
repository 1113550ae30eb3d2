"""A lab's own files of responses and tables: CSV, npy, npz or HDF5."""

import csv
import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import h5py
import numpy as np
import pandas as pd

from ventral.data.archives import MAX_RATIO, MAX_UNPACKED
from ventral.data.arrays import read_npy
from ventral.data.hdf5 import BOMB_FLOOR, dataset, matlab_class, open_hdf5, read, read_names
from ventral.errors import VentralError, suggest
from ventral.machine_errors import reading_error

NPZ_ARRAYS = ("responses", "stimulus_id", "site_id")
HDF5_ENDINGS = (".h5", ".hdf5", ".mat")
ENDINGS = (".csv", ".npy", ".npz", *HDF5_ENDINGS)
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
    values : ndarray, (n_stimuli, n_sites, n_repetitions), float64
        NaN for a missing response. Averaged responses have one repetition.
    """

    stimulus_id: np.ndarray | None
    site_id: np.ndarray | None
    values: np.ndarray


def read_response_file(path: Path) -> ResponseFile:
    """Read a file of responses in the format that its ending names.

    CSV has a column ``stimulus_id``, a column per site and, for repetitions, a column
    ``repetition``; an empty field is a missing response. npz and HDF5 have ``responses``,
    (n_stimuli, n_sites) or (n_stimuli, n_sites, n_repetitions), ``stimulus_id`` and optionally
    ``site_id``, as text or as whole numbers. HDF5 may be a MATLAB file of version 7.3, whose names
    are a cell of text; its axes, which MATLAB writes in reverse, are those that MATLAB shows. npy
    has only the responses.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    ResponseFile

    Raises
    ------
    VentralError
        If the content is invalid. The message names the file and the row, column or array.
    """
    ending = path.suffix.lower()
    if ending == ".csv":
        return _from_csv(path)
    if ending == ".npy":
        return ResponseFile(None, None, _with_repetitions(read_npy(path), path))
    if ending == ".npz":
        return _from_arrays(path, _read_npz(path))
    if ending in HDF5_ENDINGS:
        return _from_arrays(path, _read_hdf5(path))
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
            return {name: arrays[name] for name in NPZ_ARRAYS if name in arrays}
    except NPZ_ERRORS as error:
        what = (
            "it contains Python objects, which may contain code" if "bject" in str(error) else error
        )
        raise reading_error(path, error, f"{path} is not a valid .npz file: {what}") from error


def _refuse_bombs(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse arrays that take more memory than the file has reason to, before any is read."""
    entries = [e for e in archive.infolist() if e.filename.removesuffix(".npy") in NPZ_ARRAYS]
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


def _read_hdf5(path: Path) -> dict[str, np.ndarray]:
    if path.suffix.lower() == ".mat" and not h5py.is_hdf5(path):
        raise VentralError(
            f"{path} is not a MATLAB file of version 7.3; save it again in MATLAB with the option"
            " '-v7.3'"
        )
    with open_hdf5(path) as file:
        found = dataset(file, "responses")
        # MATLAB writes the first axis last.
        arrays = {"responses": read(found).T if matlab_class(found) else read(found)}
        for name in ("stimulus_id", "site_id"):
            if name in file:
                arrays[name] = _hdf5_names(dataset(file, name, kind="SOiuf"))
        return arrays


def _hdf5_names(found: h5py.Dataset) -> np.ndarray:
    kind = matlab_class(found)
    if kind in ("char", "string"):
        key = found.name.lstrip("/")
        raise VentralError(
            f"{found.file.filename}: {key} is a {kind} array of MATLAB; save a cell of text, as by"
            f" {key} = cellstr({key})"
        )
    return read_names(found) if found.dtype.kind in "SO" else read(found)


def _from_arrays(path: Path, arrays: dict[str, np.ndarray]) -> ResponseFile:
    for name in ("responses", "stimulus_id"):
        if name not in arrays:
            raise VentralError(f"{path} has no array {name!r}; {suggest(name, arrays)}")
    values = _with_repetitions(arrays["responses"], path)
    names: dict[str, np.ndarray | None] = {"stimulus_id": None, "site_id": None}
    for axis, name in enumerate(names):
        given = arrays.get(name)
        if given is None:
            continue
        if given.size != values.shape[axis] or max(given.shape, default=1) != given.size:
            raise VentralError(
                f"{path}: {name} has shape {given.shape}; responses of shape"
                f" {arrays['responses'].shape} need ({values.shape[axis]},)"
            )
        texts = _texts(given.ravel(), f"{path}: {name}")
        check_unique(texts, name, path)
        names[name] = texts
    return ResponseFile(names["stimulus_id"], names["site_id"], values)


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
