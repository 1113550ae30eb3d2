"""The Procrustes distance: what remains between two shapes that are turned onto one another."""

import numpy as np
from scipy.linalg import eigh, qr, svdvals


def factor(gram: np.ndarray) -> np.ndarray:
    """Return features with a Gram matrix, one for each eigenvalue that is not rounding.

    Parameters
    ----------
    gram : ndarray, (n, n)
        Centred.

    Returns
    -------
    ndarray, (n, rank)
    """
    eigenvalues, vectors = eigh(gram)
    kept = eigenvalues > len(gram) * np.finfo(float).eps * max(eigenvalues[-1], 0)
    return vectors[:, kept] * np.sqrt(eigenvalues[kept])


def procrustes_distance(
    first: np.ndarray, second: np.ndarray, counts: np.ndarray | None = None
) -> float:
    """Return the distance of two representations after the best rotation.

    Parameters
    ----------
    first : ndarray, (n, p)
        Features, such as those of `factor`.
    second : ndarray, (n, q)
        Features, such as the responses of sites.
    counts : ndarray, (n,), optional
        How often each stimulus is drawn; by default once.

    Returns
    -------
    float
        ``√(2 − 2 ‖XᵀY‖*)`` of features that are centred and of sum of squares 1, where ‖·‖* is the
        sum of singular values: 0 for the same shape, √2 at most. NaN if one is constant.

    References
    ----------
    Schönemann, Psychometrika 1966; Williams et al., NeurIPS 2021, for neural representations.
    """
    weights = np.ones(len(first)) if counts is None else np.asarray(counts, float)
    drawn = weights > 0
    root = np.sqrt(weights[drawn])[:, None]
    x, y = (_centred(features[drawn], root) for features in (first, second))
    sizes = np.linalg.norm(x), np.linalg.norm(y)
    if not min(sizes) > 0:
        return np.nan
    if y.shape[1] > len(y):
        y = qr(y.T, mode="r")[0][: len(y)].T  # the same products of stimuli in fewer columns
    nuclear = svdvals(x.T @ y).sum() / (sizes[0] * sizes[1])
    return float(np.sqrt(max(2 - 2 * nuclear, 0)))


def _centred(features: np.ndarray, root: np.ndarray) -> np.ndarray:
    """Return weighted features; zero where all that remains is the rounding of their mean."""
    mean = (root**2 * features).sum(axis=0) / (root**2).sum()
    centred = features - mean
    noise = len(features) * np.finfo(float).eps * np.abs(features).max(axis=0, initial=0)
    return root * np.where(np.abs(centred).max(axis=0, initial=0) > noise, centred, 0)
