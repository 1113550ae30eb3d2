"""All measures of two representations of the same stimuli, also on resampled stimuli."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial.distance import squareform

from ventral.similarity.alignment import FEWEST, Alignment, align, pair_means
from ventral.similarity.distances import (
    angles_of_distances,
    distances_of_gram,
    distances_of_responses,
    gram_of_distances,
)
from ventral.similarity.procrustes import factor, procrustes_distance
from ventral.similarity.ranks import correlate, places, rank

RANGES = {
    "cka": (0.0, 1.0),
    "cka_debiased": (-1.0, 1.0),
    "rsa_spearman": (-1.0, 1.0),
    "rsa_cosine": (-1.0, 1.0),
    "rsa_whitened": (-1.0, 1.0),
    "procrustes_distance": (0.0, 2**0.5),
}
"""The measures, and which values each can have. Only the last is smaller for the more similar."""

MEASURES = tuple(RANGES)


@dataclass(frozen=True)
class Geometry:
    """What is known of a representation of stimuli.

    Attributes
    ----------
    distances : ndarray, (n, n)
        Squared, between stimuli.
    features : ndarray, (n, p)
        Any with these distances, such as the responses of p sites.
    """

    distances: np.ndarray
    features: np.ndarray

    @classmethod
    def of_gram(cls, gram: np.ndarray) -> "Geometry":
        """Describe the features of a layer.

        Parameters
        ----------
        gram : ndarray, (n, n)
            However centred.
        """
        distances = distances_of_gram(gram)
        return cls(distances, factor(gram_of_distances(distances)))

    @classmethod
    def of_responses(cls, responses: np.ndarray, counts: np.ndarray | None = None) -> "Geometry":
        """Describe the responses of sites.

        Parameters
        ----------
        responses : ndarray, (n, n_sites)
            Finite.
        counts : ndarray, (n_sites,), optional
            How often each site is drawn; by default once.
        """
        if counts is not None:
            responses = (responses * np.sqrt(counts))[:, counts > 0]
        return cls(distances_of_responses(responses), responses)

    @cached_property
    def places(self) -> np.ndarray:
        """The place of each distance among the different ones, (n, n)."""
        return squareform(places(squareform(self.distances, checks=False)))

    @cached_property
    def places_of_angles(self) -> np.ndarray:
        """The place of each angle between patterns among the different ones, (n, n).

        Patterns are less their mean over all stimuli, also in a resample, like the unit of a site.
        """
        angles = angles_of_distances(self.distances)
        return squareform(places(squareform(angles, checks=False)))


def measure(first: Geometry, second: Geometry, counts: np.ndarray | None = None) -> np.ndarray:
    """Return each of `MEASURES`.

    Parameters
    ----------
    first, second : Geometry
        Of the same n stimuli.
    counts : ndarray, (n,), optional
        How often each stimulus is drawn; by default once. A stimulus and its own copy do not form
        a pair.

    Returns
    -------
    ndarray, (n_measures,)
        NaN if a representation is constant, or with fewer than four different stimuli.
    """
    n = len(first.distances)
    counts = np.ones(n) if counts is None else counts
    drawn = np.flatnonzero(counts > 0)
    if len(drawn) < FEWEST:
        return np.full(len(MEASURES), np.nan)
    w = counts[drawn].astype(float)
    block = np.ix_(drawn, drawn)
    d, e = first.distances[block], second.distances[block]
    if d.max() == 0 or e.max() == 0:
        return np.full(len(MEASURES), np.nan)
    alignment: Alignment = align(
        pair_means(d, d, w), pair_means(e, e, w), pair_means(d, e, w), int(w.sum())
    )
    i, j = np.triu_indices(len(drawn), 1)
    weights, pairs = w[i] * w[j], (drawn[i], drawn[j])
    x, y = (rank(geometry.places[pairs], weights) for geometry in (first, second))
    u, v = (rank(geometry.places_of_angles[pairs], weights) for geometry in (first, second))
    return np.array(
        [
            alignment.cka,
            alignment.cka_debiased,
            correlate(x, y, weights),
            correlate(u, v, weights),
            alignment.rsa_whitened,
            procrustes_distance(first.features, second.features, counts),
        ]
    )
