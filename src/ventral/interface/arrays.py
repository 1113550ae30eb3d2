"""Check the arrays that a user gives, and walk through wide ones without copying them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from ventral.errors import VentralError
from ventral.features.slabs import product_width


def as_matrix(values: ArrayLike, name: str, columns: str) -> np.ndarray:
    """Return values as a two-dimensional array of finite real numbers, uncopied where possible.

    Parameters
    ----------
    values : (n, columns) or (n,) array-like
        One-dimensional values become one column.
    name : str
        What error messages call the array.
    columns : str
        What a column is, in error messages.

    Returns
    -------
    (n, columns) array
        Of the dtype of `values`.

    Raises
    ------
    VentralError
        Where the array has another number of dimensions, is empty, does not hold real numbers, or
        holds NaN or infinity.

    """
    array = np.asarray(values)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or not array.size:
        raise VentralError(
            f"{name} must have shape (stimuli, {columns}s) and must not be empty; it has shape"
            f" {array.shape}"
        )
    if array.dtype.kind not in "fiub":
        raise VentralError(f"{name} must hold real numbers, but its dtype is {array.dtype}")
    if array.dtype.kind == "f":
        for columns_of_slab in slabs(array):
            finite = np.isfinite(array[:, columns_of_slab])
            if not finite.all():
                row, column = np.argwhere(~finite)[0]
                column += columns_of_slab.start
                raise VentralError(
                    f"{name} holds {array[row, column]} at stimulus {row}, {columns} {column}"
                    f" (counted from 0). Remove that stimulus or that {columns}, or fill the value"
                    " in"
                )
    return array


def slabs(features: np.ndarray) -> Iterator[slice]:
    """Cut the columns of a matrix into slices, each a few dozen megabytes in float64."""
    n, p = features.shape
    width = product_width(n)
    for start in range(0, p, width):
        yield slice(start, min(start + width, p))


def column_means(features: np.ndarray) -> np.ndarray:
    """Return the mean of each column, (p,) float64, of an (n, p) matrix of any real dtype."""
    means = np.empty(features.shape[1])
    for columns in slabs(features):
        means[columns] = features[:, columns].mean(axis=0, dtype=np.float64)
    return means


def back_project(
    features: np.ndarray, means: np.ndarray, dual: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """Give ``Xcᵀ dual``, (p, m), a slab of rows at a time.

    ``Xc`` are the centred features. A weight for each stimulus becomes a weight for each feature:
    every linear readout is such a combination of stimuli, whatever the number of features.

    Parameters
    ----------
    features : (n, p) array
    means : (p,) array
        What is subtracted of each column.
    dual : (n, m) array

    Yields
    ------
    columns : slice
        Which features.
    weights : (width, m) float64 array

    """
    for columns in slabs(features):
        yield columns, (features[:, columns] - means[columns]).T @ dual


def check_same_stimuli(first: np.ndarray, second: np.ndarray, names: tuple[str, str]) -> None:
    """Refuse two arrays that differ in their number of stimuli.

    Raises
    ------
    VentralError
        Naming both arrays and both numbers.

    """
    if len(first) != len(second):
        raise VentralError(
            f"{names[0]} has {len(first)} stimuli and {names[1]} has {len(second)}: row i of both"
            " must belong to the same stimulus"
        )


def check_columns(array: np.ndarray, expected: int, name: str, columns: str) -> None:
    """Refuse an array with another number of columns than a fit has seen.

    Raises
    ------
    VentralError
        Naming both numbers.

    """
    if array.shape[1] != expected:
        raise VentralError(
            f"{name} has {array.shape[1]} {columns}s, but the fit was made with {expected}"
        )
