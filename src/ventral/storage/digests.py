"""Digests of arrays, as a manifest holds them: they do not depend on chunks or files."""

import hashlib
import json

import numpy as np

from ventral.storage.layout import DIGEST_COLUMNS


class ContentDigest:
    """sha256 of a two-dimensional array that is never whole in memory.

    The columns are cut into blocks of `DIGEST_COLUMNS`; each block is hashed row by row, so the
    digest can be fed by rows (an extraction) or by columns (a Gram matrix), and does not depend
    on batch or chunk sizes.

    Parameters
    ----------
    shape : tuple of int
        Shape of the whole array, of two axes: (stimuli, features).
    dtype : numpy.dtype or str
        Type of its numbers.

    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype | str):
        rows, columns = shape
        self.shape = (int(rows), int(columns))
        self.dtype = np.dtype(dtype)
        blocks = -(-self.shape[1] // DIGEST_COLUMNS)
        self._blocks = [hashlib.sha256() for _ in range(blocks)]

    def update_rows(self, rows: np.ndarray) -> None:
        """Take the next rows.

        Parameters
        ----------
        rows : numpy.ndarray
            (rows, features).

        """
        for block, start in zip(self._blocks, range(0, self.shape[1], DIGEST_COLUMNS), strict=True):
            block.update(np.ascontiguousarray(rows[:, start : start + DIGEST_COLUMNS]).data)

    def update_columns(self, start: int, columns: np.ndarray) -> None:
        """Take some columns, all rows at once.

        Parameters
        ----------
        start : int
            The first column, a multiple of `DIGEST_COLUMNS`.
        columns : numpy.ndarray
            (stimuli, width), the columns ``start:start + width``. Only the last slab may end
            inside a block.

        Raises
        ------
        ValueError
            Where `start` is inside a block.

        """
        if start % DIGEST_COLUMNS:
            raise ValueError(f"columns start at {start}, not at a multiple of {DIGEST_COLUMNS}")
        for offset in range(0, columns.shape[1], DIGEST_COLUMNS):
            block = self._blocks[(start + offset) // DIGEST_COLUMNS]
            block.update(np.ascontiguousarray(columns[:, offset : offset + DIGEST_COLUMNS]).data)

    def hexdigest(self) -> str:
        """Return the digest of shape, dtype and content."""
        whole = hashlib.sha256(f"{self.shape} {self.dtype.str}".encode())
        for block in self._blocks:
            whole.update(block.digest())
        return whole.hexdigest()


class RowDigest:
    """sha256 of an array that comes a few rows at a time, in order.

    Parameters
    ----------
    shape : tuple of int
        Shape of the whole array.
    dtype : numpy.dtype or str
        Type of its numbers.

    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype | str):
        shape = tuple(int(size) for size in shape)
        self._digest = hashlib.sha256(f"{shape} {np.dtype(dtype).str}".encode())

    def update(self, rows: np.ndarray) -> None:
        """Take the next rows.

        Parameters
        ----------
        rows : numpy.ndarray
            (rows, …), of the array's type.

        """
        self._digest.update(np.ascontiguousarray(rows).data)

    def hexdigest(self) -> str:
        """Return the digest of shape, dtype and content."""
        return self._digest.hexdigest()


def array_digest(array: np.ndarray) -> str:
    """Return the sha256 of an array's shape, dtype and content.

    Parameters
    ----------
    array : numpy.ndarray
        Numbers, or strings, which count as JSON in UTF-8.

    Returns
    -------
    str
        64 hexadecimal digits.

    """
    if array.dtype.kind in "TUO":
        strings = json.dumps([str(value) for value in array.ravel()])
        return hashlib.sha256(f"{array.shape} {strings}".encode()).hexdigest()
    digest = RowDigest(array.shape, array.dtype)
    digest.update(array)
    return digest.hexdigest()
