"""How well dissimilarities in a layer order pairs of stimuli as those of a region do."""

from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import squareform
from scipy.special import stdtrit
from scipy.stats import rankdata

TAIL = 0.975
FEWEST = 4
"""Stimuli without which no interval is given."""


class Correlation(NamedTuple):
    """Spearman's ρ of two sets of dissimilarities, and its 95 % interval over stimuli."""

    rho: float
    low: float
    high: float


class Ceilings(NamedTuple):
    """Between which values the mean correlation of the best model with the subjects lies."""

    low: float
    high: float


NO_CEILINGS = Ceilings(np.nan, np.nan)


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Return Spearman's ρ of dissimilarities, (n_pairs,); NaN if all of one are equal or NaN."""
    return _correlate(rankdata(first), rankdata(second))


def correlate_dissimilarities(
    first: np.ndarray, second: np.ndarray, seed: int, n_bootstrap: int
) -> Correlation:
    """Correlate two sets of dissimilarities, with an interval over stimuli.

    Stimuli are drawn with replacement, and with each all of its pairs, since the pairs of a
    stimulus are not independent; pairs of a stimulus with its own copy, 0 in every matrix, are left
    out. The interval is ρ ± t · deviation over resamples.

    Parameters
    ----------
    first, second : ndarray, (n_pairs,)
        Of the same pairs (0, 1), (0, 2), ….
    seed : int
        Of the resampling: the same draws for all layers and regions of as many stimuli.
    n_bootstrap : int
        Number of resamples.

    Returns
    -------
    Correlation
        Its interval is NaN with fewer than four stimuli.

    References
    ----------
    Nili et al., PLoS Comput. Biol. 2014; Schütt et al., eLife 2023.
    """
    rho = spearman(first, second)
    matrices = squareform(first, checks=False), squareform(second, checks=False)
    n = len(matrices[0])
    if n < FEWEST or np.isnan(rho):
        return Correlation(rho, np.nan, np.nan)
    rng = np.random.default_rng([seed, n])
    upper = np.triu_indices(n, 1)
    resampled = np.empty(n_bootstrap)
    for draw in range(n_bootstrap):
        drawn = np.sort(rng.integers(n, size=n))
        rows, columns = drawn[upper[0]], drawn[upper[1]]
        apart = rows != columns
        rows, columns = rows[apart], columns[apart]
        resampled[draw] = spearman(*(matrix[rows, columns] for matrix in matrices))
    half = float(stdtrit(n - 1, TAIL) * np.nanstd(resampled))
    return Correlation(rho, max(rho - half, -1.0), min(rho + half, 1.0))


def noise_ceilings(subjects: np.ndarray) -> Ceilings:
    """Return the noise ceilings between subjects.

    Parameters
    ----------
    subjects : ndarray, (n_subjects, n_pairs)
        Dissimilarities of each subject.

    Returns
    -------
    Ceilings
        Of the correlation of each subject's dissimilarities with the mean ranks of the other
        subjects, and of all subjects, which it is part of; means over subjects. NaN of one subject.

    References
    ----------
    Nili et al., PLoS Comput. Biol. 2014.
    """
    if len(subjects) < 2:
        return NO_CEILINGS
    ranks = rankdata(subjects, axis=1)
    whole = ranks.sum(axis=0)
    low = np.mean([_correlate(own, rankdata(whole - own)) for own in ranks])
    high = np.mean([_correlate(own, rankdata(whole)) for own in ranks])
    return Ceilings(float(low), float(high))


def _correlate(first: np.ndarray, second: np.ndarray) -> float:
    x, y = first - first.mean(), second - second.mean()
    scale = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / scale) if scale > 0 else np.nan
