"""Arrays and names from MATLAB files before version 7.3, read with scipy.

Version 7.3 is HDF5, see `ventral.data.hdf5`.
"""

import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ventral.data.archives import MAX_RATIO
from ventral.data.hdf5 import BOMB_FLOOR
from ventral.errors import VentralError
from ventral.machine_errors import reading_error

MATLAB_ERRORS = (
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    MemoryError,
    NotImplementedError,
    OSError,
    OverflowError,
    TypeError,
    ValueError,  # includes MatReadError's parents' messages and UnicodeDecodeError
    zlib.error,
)
BYTES_OF_A_NUMBER = 8


def read_matlab(path: Path, names: Iterable[str]) -> dict[str, np.ndarray]:
    """Read variables of a MATLAB file of a version before 7.3.

    Parameters
    ----------
    path : Path
        The file.
    names : iterable of str
        Variables to read; those that the file does not have are left out.

    Returns
    -------
    dict of str to ndarray
        Of numbers, or of text: a cell of text, or the rows of an array of characters without the
        spaces at their ends.

    Raises
    ------
    VentralError
        If the file is not a MATLAB file or is damaged, or a variable is a struct, a sparse array or
        an object, or would be far larger than the file.
    """
    from scipy.io import loadmat, whosmat  # slow to import, and other files do not need it
    from scipy.io.matlab import MatReadError

    try:
        known = {name: (shape, kind) for name, shape, kind in whosmat(str(path))}
        wanted = [name for name in names if name in known]
        _refuse_bombs(path, {name: known[name][0] for name in wanted})
        arrays = loadmat(str(path), variable_names=wanted) if wanted else {}
        return {name: _plain(arrays[name], f"{path}: {name}") for name in wanted}
    except (*MATLAB_ERRORS, MatReadError) as error:
        raise reading_error(path, error, f"{path} is not a valid MATLAB file: {error}") from error


def read_characters(codes: np.ndarray, where: str) -> np.ndarray:
    """Return the rows of an array of MATLAB's characters as text.

    Parameters
    ----------
    codes : ndarray, (n, width), uint16
        UTF-16 code units.
    where : str
        The variable, for messages.

    Returns
    -------
    ndarray of str, (n,)
        Without the spaces with which MATLAB fills rows.

    Raises
    ------
    VentralError
        If the array has another type or shape, or is not UTF-16.
    """
    if codes.ndim != 2 or codes.dtype != np.uint16:
        raise VentralError(f"{where} has shape {codes.shape}; characters need (names, length)")
    try:
        rows = [np.ascontiguousarray(row, "<u2").tobytes().decode("utf-16-le") for row in codes]
    except UnicodeDecodeError as error:
        raise VentralError(f"{where} is not UTF-16 text: {error}") from error
    return np.array([row.rstrip(" ") for row in rows], object)


def _refuse_bombs(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """Refuse variables that take more memory than the file has reason to, before any is read."""
    stored = path.stat().st_size
    for name, shape in shapes.items():
        size = BYTES_OF_A_NUMBER * int(np.prod(shape, dtype=object))
        if size > max(BOMB_FLOOR, MAX_RATIO * stored):
            raise VentralError(
                f"{path}: {name} declares {size} bytes (shape {shape}) in a file of {stored}: a"
                " bomb?"
            )


def _plain(values: object, where: str) -> np.ndarray:
    """Return an array of numbers or of text."""
    if not isinstance(values, np.ndarray) or values.dtype.names:
        raise VentralError(
            f"{where} is a struct, a sparse array or an object of MATLAB; save an array of numbers"
            " (full), or for names a cell of text (cellstr)"
        )
    if values.dtype.kind == "U":
        return np.array([text.rstrip(" ") for text in values.ravel()], object)
    if values.dtype.kind != "O":
        return values
    texts = []
    for cell in values.ravel():
        text = np.asarray(cell)
        if text.dtype.kind != "U" or text.size != 1:
            raise VentralError(f"{where} is a cell that has something other than one text in each")
        texts.append(str(text.reshape(-1)[0]))
    return np.array(texts, object)
