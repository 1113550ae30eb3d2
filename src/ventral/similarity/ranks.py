"""Representational similarity analysis: the rank correlation of dissimilarities."""

import numpy as np

ROUNDING = 1e-12
"""Of the largest distance: smaller differences are rounding errors, and count as ties."""


def places(distances: np.ndarray) -> np.ndarray:
    """Return the place of each distance among the different ones.

    Parameters
    ----------
    distances : ndarray
        Of any shape.

    Returns
    -------
    ndarray of int
        Of the same shape, from 0; equal for distances that are equal but for rounding.
    """
    largest = np.abs(distances).max(initial=0)
    if largest == 0:
        return np.zeros(distances.shape, int)
    rounded = np.round(distances / (ROUNDING * largest))
    return np.unique(rounded, return_inverse=True)[1].reshape(distances.shape)


def rank(places: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return weighted ranks; those of ties are the mean of their ranks.

    Parameters
    ----------
    places : ndarray of int, (n_pairs,)
        Of `places`.
    weights : ndarray, (n_pairs,)
        How often each pair is drawn.

    Returns
    -------
    ndarray, (n_pairs,)
    """
    totals = np.bincount(places, weights)
    return (np.cumsum(totals) - totals / 2)[places]


def correlate(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> float:
    """Return the weighted correlation of ranks: Spearman's ρ.

    Parameters
    ----------
    first, second : ndarray, (n_pairs,)
        Of `rank`.
    weights : ndarray, (n_pairs,)
        The same.

    Returns
    -------
    float
        NaN if all pairs are tied.

    References
    ----------
    Kriegeskorte, Mur and Bandettini, Front. Syst. Neurosci. 2008.
    """
    total = weights.sum()
    x, y = (values - weights @ values / total for values in (first, second))
    scale = (weights @ x**2) * (weights @ y**2)
    return float((weights * x) @ y / np.sqrt(scale)) if scale > 0 else np.nan
