"""Arrays of numbers from NumPy's files, read without executing anything in them."""

import tokenize
from pathlib import Path

import numpy as np

from ventral.errors import VentralError
from ventral.machine_errors import reading_error

NPY_ERRORS = (
    MemoryError,
    OSError,
    OverflowError,
    SyntaxError,
    ValueError,
    tokenize.TokenError,
)


def read_npy(path: str | Path) -> np.ndarray:
    """Read an .npy file of numbers.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    ndarray
        Of integers or floating-point numbers, in the byte order of this machine.

    Raises
    ------
    VentralError
        If the file is not an .npy file (a pickle, an .npz), is truncated, or contains anything but
        real numbers. Python objects are refused because they may contain code.
    """
    try:
        # Mapping compares the size that the header claims with that of the file.
        array = np.lib.format.open_memmap(path, mode="r")
    except NPY_ERRORS as error:
        what = (
            "it contains Python objects, which may contain code"
            if "object" in str(error)
            else error
        )
        what = f"{path} is not a valid .npy file of numbers: {what}"
        raise reading_error(path, error, what) from error
    if array.dtype.kind not in "iuf":
        raise VentralError(f"{path} has values of type {array.dtype}; it needs real numbers")
    return np.array(array, dtype=array.dtype.newbyteorder("="))
