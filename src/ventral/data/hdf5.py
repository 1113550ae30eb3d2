"""Arrays of numbers and names from HDF5 files (and netCDF4, which is HDF5).

Links to other files, virtual datasets and external storage are refused, because they would read any
path that the file names. HDF5 cannot contain Python objects. A filter that is not built in is an
error.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ventral.data.archives import MAX_RATIO
from ventral.errors import VentralError, suggest
from ventral.machine_errors import reading_error

BOMB_FLOOR = 2**28
"""Arrays of fewer bytes than these 256 MiB may be stored in any few: all their values are equal."""

MAX_CHARACTERS = 4096
"""Longest text behind a reference."""

HDF5_ERRORS = (MemoryError, OSError, RuntimeError, ValueError, KeyError, TypeError)


@contextlib.contextmanager
def open_hdf5(path: str | Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading.

    Parameters
    ----------
    path : str or Path
        The file.

    Yields
    ------
    h5py.File
        Closed at the end of the ``with`` block.

    Raises
    ------
    VentralError
        If the file is not HDF5 or is truncated.
    """
    try:
        file = h5py.File(path, "r")
    except HDF5_ERRORS as error:
        raise reading_error(path, error, f"{path} is not a valid HDF5 file: {error}") from error
    with file:
        yield file


def dataset(
    file: h5py.File, key: str, shape: Sequence[int | None] | None = None, kind: str = "iuf"
) -> h5py.Dataset:
    """Return a dataset of an open file without reading its values.

    Parameters
    ----------
    file : h5py.File
        The open file.
    key : str
        Path of the dataset in the file.
    shape : sequence of int or None, optional
        Required shape; None allows any length of an axis.
    kind : str
        NumPy's letters for the allowed kinds of type; "SO" for text.

    Returns
    -------
    h5py.Dataset

    Raises
    ------
    VentralError
        If the dataset is missing, is stored in another file, has another shape or type, or
        declares far more values than it stores. The message names file and key.
    """
    found = _inside(file, key)
    if not isinstance(found, h5py.Dataset):
        raise VentralError(f"{file.filename}: key {key!r} is a group; it must be an array")
    if found.is_virtual or found.external:
        raise VentralError(f"{file.filename}: key {key!r} takes its values from another file")
    if found.dtype.kind not in kind:
        wanted = {"f": "floating-point numbers", "SO": "text", "SOiuf": "text or numbers"}.get(
            kind, "numbers"
        )
        raise VentralError(
            f"{file.filename}: key {key!r} has values of type {found.dtype}; it needs {wanted}"
        )
    if shape is not None and not _fits(found.shape, shape):
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise VentralError(
            f"{file.filename}: key {key!r} has shape {found.shape}; it needs ({wanted})"
        )
    stored = found.id.get_storage_size()
    if found.nbytes > max(BOMB_FLOOR, MAX_RATIO * stored):
        raise VentralError(
            f"{file.filename}: key {key!r} declares {found.nbytes} bytes (shape {found.shape}) and"
            f" stores {stored}: a bomb, or an array that was never filled?"
        )
    return found


def read(found: h5py.Dataset, selection: Any = ...) -> np.ndarray:
    """Read the values of a dataset.

    Parameters
    ----------
    found : h5py.Dataset
        Returned by `dataset`.
    selection : object
        Index of a part; by default all values.

    Returns
    -------
    ndarray

    Raises
    ------
    VentralError
        If the values cannot be read. The message names file and key.
    """
    try:
        return np.asarray(found[selection])
    except HDF5_ERRORS as error:
        where = _name(found)
        raise reading_error(where, error, f"{where} is damaged: {error}") from error


def read_names(found: h5py.Dataset, encoding: str = "utf-8") -> np.ndarray:
    """Read a dataset of text, in any of the forms in which HDF5 and MATLAB store it.

    Parameters
    ----------
    found : h5py.Dataset
        Returned by `dataset`.
    encoding : str
        Encoding of strings that are stored as bytes.

    Returns
    -------
    ndarray of str
        Of the dataset's shape.

    Raises
    ------
    VentralError
        If a string has another encoding, or there are references to anything but short texts.
    """
    values = read(found).ravel()
    if h5py.check_ref_dtype(found.dtype) is not None:
        key = found.name.lstrip("/")
        texts = [_text_behind(found.file, key, reference) for reference in values]
        return np.array(texts, dtype=object).reshape(found.shape)
    try:
        names = [name.decode(encoding) if isinstance(name, bytes) else str(name) for name in values]
    except UnicodeDecodeError as error:
        raise VentralError(f"{_name(found)} is not {encoding} text: {error}") from error
    return np.array(names, dtype=object).reshape(found.shape)


def read_referenced_text(file: h5py.File, key: str) -> list[str]:
    """Read the strings to which an array of references points, MATLAB's form of a cell of text.

    Parameters
    ----------
    file : h5py.File
        The open file.
    key : str
        Path of the references in the file.

    Returns
    -------
    list of str
        Each is stored as an array of at most `MAX_CHARACTERS` UTF-16 code units in the same file.

    Raises
    ------
    VentralError
        If the key holds anything else. The message names file and key.
    """
    found = dataset(file, key, kind="O")
    if h5py.check_ref_dtype(found.dtype) is not h5py.Reference:
        raise VentralError(f"{file.filename}: key {key!r} does not hold references to text")
    return [_text_behind(file, key, reference) for reference in read(found).ravel()]


def _text_behind(file: h5py.File, key: str, reference: h5py.Reference) -> str:
    what = f"{file.filename}: key {key!r}"
    try:
        target = file[reference]
    except HDF5_ERRORS as error:
        raise reading_error(what, error, f"{what} has a reference to nothing: {error}") from error
    right = isinstance(target, h5py.Dataset) and target.dtype == np.uint16
    if not right or target.is_virtual or target.external or target.size > MAX_CHARACTERS:
        raise VentralError(f"{what} has a reference to something other than a short text")
    try:
        return read(target).ravel().astype("<u2").tobytes().decode("utf-16-le")
    except UnicodeDecodeError as error:
        raise VentralError(f"{what} has a text that is not UTF-16: {error}") from error


def _inside(file: h5py.File, key: str) -> h5py.Dataset | h5py.Group:
    """Return the dataset or group at a key without following links."""
    here: h5py.Group = file
    for part in key.split("/"):
        if not isinstance(here, h5py.Group) or part not in here.keys():  # noqa: SIM118
            raise VentralError(f"{file.filename} has no key {key!r}; {suggest(key, file)}")
        if not isinstance(here.get(part, getlink=True), h5py.HardLink):
            raise VentralError(
                f"{file.filename}: key {key!r} is a link; it must be the array itself"
            )
        try:
            here = here[part]
        except HDF5_ERRORS as error:
            where = f"{file.filename}: key {key!r}"
            raise reading_error(where, error, f"{where} is damaged: {error}") from error
    return here


def matlab_class(found: h5py.Dataset) -> str | None:
    """Return the type that MATLAB says an array has, or None if MATLAB did not write it.

    Parameters
    ----------
    found : h5py.Dataset
        Returned by `dataset`.
    """
    try:
        value = found.attrs.get("MATLAB_class")
    except HDF5_ERRORS as error:
        raise reading_error(_name(found), error, f"{_name(found)} is damaged: {error}") from error
    return value.decode("ascii", "replace") if isinstance(value, bytes) else None


def _name(found: h5py.Dataset) -> str:
    return f"{found.file.filename}: key {found.name.lstrip('/')!r}"


def _fits(found: Sequence[int], wanted: Sequence[int | None]) -> bool:
    return len(found) == len(wanted) and all(
        size is None or size == length for length, size in zip(found, wanted, strict=True)
    )
