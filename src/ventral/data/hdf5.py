"""HDF5 files (and netCDF4, which is HDF5): arrays of numbers and names, nothing from elsewhere.

Links to other files, virtual datasets and external storage are refused: they would read whatever
path the file names. Python objects cannot stand in HDF5; a filter that is not built in is an error.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

from ventral.errors import VentralError, suggest

MOST_CHARACTERS = 4096
HDF5_ERRORS = (OSError, RuntimeError, ValueError, KeyError, TypeError)


@contextlib.contextmanager
def open_hdf5(path: str | Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading. Raises `VentralError` where it is none or not whole."""
    try:
        file = h5py.File(path, "r")
    except HDF5_ERRORS as error:
        raise VentralError(f"{path} is no whole HDF5 file: {error}") from error
    with file:
        yield file


def dataset(
    file: h5py.File, key: str, shape: Sequence[int | None] | None = None, kind: str = "iuf"
) -> h5py.Dataset:
    """Return a dataset of an open file, unread.

    shape: what it must be; None stands for any length of an axis. kind: NumPy's letters of the
        element types that are right; "SO" for text.

    Raises `VentralError` naming file, key and shape where the dataset is missing, lies in another
    file, or has another shape or type.
    """
    found = _inside(file, key)
    if not isinstance(found, h5py.Dataset):
        raise VentralError(f"{file.filename}: key {key!r} is a group; an array is wanted")
    if found.is_virtual or found.external:
        raise VentralError(f"{file.filename}: key {key!r} takes its values from another file")
    if found.dtype.kind not in kind:
        wanted = {"f": "fractions are", "SO": "text is"}.get(kind, "numbers are")
        raise VentralError(
            f"{file.filename}: key {key!r} holds values of type {found.dtype}; {wanted} wanted"
        )
    if shape is not None and not _fits(found.shape, shape):
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise VentralError(
            f"{file.filename}: key {key!r} has shape {found.shape}; it needs ({wanted})"
        )
    return found


def read(found: h5py.Dataset, selection: object = ...) -> np.ndarray:
    """Return the values of a dataset, or a part; `VentralError` where they cannot be read."""
    try:
        return np.asarray(found[selection])
    except HDF5_ERRORS as error:
        where = f"{found.file.filename}: key {found.name.lstrip('/')!r}"
        raise VentralError(f"{where} is damaged: {error}") from error


def read_names(found: h5py.Dataset, encoding: str = "utf-8") -> np.ndarray:
    """Return a dataset of text as an array of strings, whatever way HDF5 holds them."""
    values = read(found).ravel()
    try:
        names = [name.decode(encoding) if isinstance(name, bytes) else str(name) for name in values]
    except UnicodeDecodeError as error:
        where = f"{found.file.filename}: key {found.name.lstrip('/')!r}"
        raise VentralError(f"{where} is no {encoding} text: {error}") from error
    return np.array(names, dtype=object).reshape(found.shape)


def read_referenced_text(file: h5py.File, key: str) -> list[str]:
    """Return the strings that an array of references points to, as MATLAB keeps a cell of text.

    A string is an array of UTF-16 code units in the same file; `MOST_CHARACTERS` at most.
    Raises `VentralError` naming file and key where it is not so.
    """
    found = dataset(file, key, kind="O")
    if h5py.check_ref_dtype(found.dtype) is not h5py.Reference:
        raise VentralError(f"{file.filename}: key {key!r} holds no references to text")
    return [_text_behind(file, key, reference) for reference in read(found).ravel()]


def _text_behind(file: h5py.File, key: str, reference: h5py.Reference) -> str:
    what = f"{file.filename}: key {key!r}"
    try:
        target = file[reference]
    except HDF5_ERRORS as error:
        raise VentralError(f"{what} has a reference to nothing: {error}") from error
    right = isinstance(target, h5py.Dataset) and target.dtype == np.uint16
    if not right or target.is_virtual or target.external or target.size > MOST_CHARACTERS:
        raise VentralError(f"{what} has a reference to something that is no short text")
    try:
        return read(target).ravel().astype("<u2").tobytes().decode("utf-16-le")
    except UnicodeDecodeError as error:
        raise VentralError(f"{what} has a text that is no UTF-16: {error}") from error


def _inside(file: h5py.File, key: str) -> h5py.Dataset | h5py.Group:
    """Return what stands at a key, following no link out of the file."""
    here: h5py.Group = file
    for part in key.split("/"):
        if not isinstance(here, Mapping) or part not in here.keys():  # noqa: SIM118
            raise VentralError(f"{file.filename} has no key {key!r}; {suggest(key, file)}")
        if not isinstance(here.get(part, getlink=True), h5py.HardLink):
            raise VentralError(
                f"{file.filename}: key {key!r} is a link; the array itself is wanted"
            )
        try:
            here = here[part]
        except HDF5_ERRORS as error:
            raise VentralError(f"{file.filename}: key {key!r} is damaged: {error}") from error
    return here


def _fits(found: Sequence[int], wanted: Sequence[int | None]) -> bool:
    return len(found) == len(wanted) and all(
        size is None or size == length for length, size in zip(found, wanted, strict=True)
    )
