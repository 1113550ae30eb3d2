"""Squared Euclidean distances between the representations of stimuli.

They do not change if a representation is shifted or rotated, and all measures but the Procrustes
distance follow from them. A unit with a large variance counts more; so that no site does, sites are
standardised first (`ventral.similarity.standardised`).
"""

import numpy as np
from scipy.spatial.distance import pdist, squareform

SMALLEST = 1e-12
"""Of the largest: a pattern whose squared length is less is the mean, but for rounding."""


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


def angles_of_distances(distances: np.ndarray) -> np.ndarray:
    """Return one less the cosine between patterns, (n, n), each less the mean over the stimuli.

    Parameters
    ----------
    distances : ndarray, (n, n)
        Squared, between the patterns.

    Returns
    -------
    ndarray, (n, n)
        From 0 to 2, 0 on the diagonal. A pattern that is the mean has no direction: 1.
    """
    gram = gram_of_distances(distances)
    squares = np.diag(gram)
    has_direction = squares > SMALLEST * squares.max(initial=0)
    lengths = np.sqrt(np.where(has_direction, squares, np.inf))
    angles = np.clip(1 - gram / lengths / lengths[:, None], 0, 2)
    np.fill_diagonal(angles, 0)
    return angles


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
