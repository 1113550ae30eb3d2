"""Arrays of numbers from NumPy's files; nothing in them is ever run."""

import tokenize
from pathlib import Path

import numpy as np

from ventral.errors import VentralError


def read_npy(path: str | Path) -> np.ndarray:
    """Return the array of an .npy file, integer or floating, in the machine's byte order.

    Raises `VentralError` naming the file where it is no .npy file (a pickle, an .npz), is
    truncated, or holds anything but real numbers: Python objects, which may carry code, above all.
    """
    try:
        # Mapped first: it compares the size that the header claims with the file's.
        array = np.lib.format.open_memmap(path, mode="r")
    except (ValueError, OverflowError, OSError, SyntaxError, tokenize.TokenError) as error:
        what = "holds Python objects, which may carry code" if "object" in str(error) else error
        raise VentralError(f"{path} is no whole .npy file of numbers: {what}") from error
    if array.dtype.kind not in "iuf":
        raise VentralError(f"{path} holds values of type {array.dtype}; real numbers are wanted")
    return np.array(array, dtype=array.dtype.newbyteorder("="))
