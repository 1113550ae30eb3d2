"""Squared Euclidean distances between the representations of stimuli.

They do not change if a representation is shifted or rotated, and all measures but the Procrustes
distance follow from them. They are of raw values: a unit or a site with a large variance counts
more.
"""

import numpy as np
from scipy.spatial.distance import pdist, squareform


def distances_of_gram(gram: np.ndarray) -> np.ndarray:
    """Return the squared distances between stimuli.

    Parameters
    ----------
    gram : ndarray, (n, n)
        Gram matrix of the features, however centred, in squared units.

    Returns
    -------
    ndarray, (n, n)
        In the same units; ``G[i, i] + G[j, j] − 2 G[i, j]``, 0 on the diagonal.
    """
    squares = np.diag(gram)
    distances = np.maximum(squares[:, None] + squares - 2 * gram, 0)
    np.fill_diagonal(distances, 0)
    return distances


def distances_of_responses(responses: np.ndarray) -> np.ndarray:
    """Return the squared distances between stimuli, (n, n).

    Parameters
    ----------
    responses : ndarray, (n, n_sites)
        Finite. Differences are squared site by site, so that equal counts of spikes give distances
        that are equal and not nearly so: ranks depend on it.
    """
    return squareform(pdist(responses, "sqeuclidean"))


def gram_of_distances(distances: np.ndarray) -> np.ndarray:
    """Return the Gram matrix of features that are centred over the stimuli, (n, n).

    Parameters
    ----------
    distances : ndarray, (n, n)
        Squared.

    Notes
    -----
    ``−½ H D H`` with ``H = I − 11ᵀ/n`` (Torgerson, Psychometrika 1952).
    """
    means = distances.mean(axis=0)
    return -0.5 * (distances - means - means[:, None] + means.mean())
