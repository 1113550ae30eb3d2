"""The noise ceiling of a site: its split-half reliability over repetitions."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
from scipy.stats import PermutationMethod, pearsonr

from ventral.data.folds import IN_DISTRIBUTION
from ventral.data.splits import FOLDS, SCORED, SINGLE_PARTITION
from ventral.scores.measures import pearson_r

N_SPLITS_IN_HALF = 10
"""Number of random split halves that a ceiling is the mean of."""
N_PERMUTATIONS = 999
FEWEST_STIMULI = 3


def estimate_ceilings(
    sites: pd.DataFrame,
    repetitions: np.ndarray | None,
    parts: Mapping[str, np.ndarray] = MappingProxyType({}),
    seed: int = 0,
) -> pd.DataFrame:
    """Return the noise ceiling of each site.

    Parameters
    ----------
    sites : DataFrame, n_sites rows
        Has the columns ``site_id`` and ``region``.
    repetitions : ndarray, (n_stimuli, n_sites, n_repetitions), or None
        Responses on single trials; NaN for a missing trial. None if the data set has no trials.
    parts : Mapping
        {name: rows} of the stimuli that are scored together: ``validation`` and ``test``, or the
        test stimuli of each fold.
    seed : int
        Seed of the random split halves.

    Returns
    -------
    DataFrame, n_sites rows
        ``site_id``, ``region``, ``ceiling`` over all stimuli, ``ceiling_p`` (`reliability_p`) over
        the same, ``n_repetitions`` (the mean over stimuli) and ``ceiling_{part}`` over the stimuli
        of each part. With folds ``ceiling_folds``
        is over the stimuli of all folds, where no two share one; else it is the mean of the folds'
        ceilings. All are NaN without repetitions.
    """
    unknown = np.full(len(sites), np.nan)
    ceiling, chance, count = unknown, unknown, unknown
    of_parts = dict.fromkeys(parts, unknown)
    if repetitions is not None and len(repetitions):
        ceiling = split_half_reliability(repetitions, seed)
        chance = reliability_p(repetitions, seed)
        count = (~np.isnan(repetitions)).sum(axis=2).mean(axis=0)
        of_parts = {
            name: split_half_reliability(repetitions[rows], seed) for name, rows in parts.items()
        }
    if of_parts and not of_parts.keys() & set(SCORED):
        rows = np.concatenate(list(parts.values()))
        of_all = np.mean(list(of_parts.values()), axis=0)
        if repetitions is not None and len(rows) == len(np.unique(rows)) > 0:
            of_all = split_half_reliability(repetitions[np.sort(rows)], seed)
        of_parts = {FOLDS: of_all, **of_parts}
    return pd.DataFrame(
        {
            "site_id": sites["site_id"],
            "region": sites["region"],
            "ceiling": ceiling,
            "ceiling_p": chance,
            "n_repetitions": count,
            **{f"ceiling_{name}": values for name, values in of_parts.items()},
        }
    )


def scored_together(partitions: Mapping[str, pd.DataFrame]) -> dict[str, np.ndarray]:
    """Return which stimuli are scored together.

    Parameters
    ----------
    partitions : Mapping
        Of `ventral.data.splits.partitions_of`.

    Returns
    -------
    dict
        {part: rows}: ``validation`` and ``test``, and `IN_DISTRIBUTION` where there is one; or the
        test stimuli of each fold.
    """
    if SINGLE_PARTITION in partitions:
        split = partitions[SINGLE_PARTITION]["split"]
        rows = {part: np.flatnonzero(split == part) for part in SCORED if part != "train"}
        return {part: own for part, own in rows.items() if part != IN_DISTRIBUTION or len(own)}
    return {name: np.flatnonzero(fold["split"] == "test") for name, fold in partitions.items()}


def split_half_reliability(
    repetitions: np.ndarray, seed: int = 0, n_splits: int = N_SPLITS_IN_HALF
) -> np.ndarray:
    """Return the reliability of each site's response averaged over repetitions.

    Parameters
    ----------
    repetitions : ndarray, (n_stimuli, n_sites, n_repetitions)
        Responses on single trials; NaN for a missing trial.
    seed : int
        Seed of the random split halves.
    n_splits : int
        Number of random split halves.

    Returns
    -------
    ndarray, (n_sites,)
        Stimuli with fewer than two repetitions are left out; a site with fewer than three other
        stimuli is NaN, and so is a site with a constant half.

    Notes
    -----
    The repetitions of each stimulus are split at random into two halves. The means of the halves
    are correlated over stimuli, and the Spearman-Brown formula ``2r / (1 + r)`` corrects the
    correlation to the full number of repetitions. The result is the mean over the splits.

    References
    ----------
    Spearman, Br. J. Psychol. 1910; Brown, Br. J. Psychol. 1910.
    """
    reliabilities = np.full((n_splits, repetitions.shape[1]), np.nan)
    for split, halves in enumerate(_split_halves(repetitions, seed, n_splits)):
        for site, (first, second) in enumerate(_of_sites(*halves)):
            if len(first) >= FEWEST_STIMULI:
                correlation = pearson_r(first[:, None], second[:, None])[0]
                reliabilities[split, site] = 2 * correlation / (1 + correlation)
    return reliabilities.mean(axis=0)


def reliability_p(
    repetitions: np.ndarray, seed: int = 0, n_permutations: int = N_PERMUTATIONS
) -> np.ndarray:
    """Return how probable a reliability as high as that of each site is by chance.

    Parameters
    ----------
    repetitions : ndarray, (n_stimuli, n_sites, n_repetitions)
        Responses on single trials; NaN for a missing trial.
    seed : int
        Seed of the halves and of the permutations.
    n_permutations : int
        Permutations of the stimuli; p is at least 1 / (n_permutations + 1).

    Returns
    -------
    ndarray, (n_sites,)
        One-sided p of the correlation over stimuli between two random halves of the repetitions,
        under permutations of the stimuli of one half. NaN where the reliability is.
    """
    p = np.full(repetitions.shape[1], np.nan)
    (halves,) = _split_halves(repetitions, seed, 1)
    for site, (first, second) in enumerate(_of_sites(*halves)):
        if len(first) < FEWEST_STIMULI or np.ptp(first) == 0 or np.ptp(second) == 0:
            continue
        rng = np.random.default_rng([seed, site])
        method = PermutationMethod(n_resamples=n_permutations, rng=rng)
        p[site] = pearsonr(first, second, alternative="greater", method=method).pvalue
    return p


def _split_halves(
    repetitions: np.ndarray, seed: int, n_splits: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give the means of two random halves of the repetitions, (n_stimuli, n_sites) each.

    NaN for a stimulus with fewer than two repetitions.
    """
    n, _, r = repetitions.shape
    rng = np.random.default_rng(seed)
    absent = np.isnan(repetitions)
    count = r - absent.sum(axis=2)
    values = np.where(absent, 0.0, repetitions)
    # If all sites lack the same repetitions, the usual case, one order serves all sites.
    pattern = absent[:, :1] if (absent == absent[:, :1]).all() else absent
    half = count // 2
    size = np.where(count >= 2, count, np.nan)
    for _ in range(n_splits):
        keys = np.where(pattern, np.inf, rng.random((n, 1, r)))
        place = keys.argsort(axis=2).argsort(axis=2)
        is_first = place < half[:, : pattern.shape[1], None]
        first, rest = (values * is_first).sum(axis=2), (values * ~is_first).sum(axis=2)
        yield first / (size // 2), rest / (size - size // 2)


def _of_sites(first: np.ndarray, second: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give the two halves of each site, on the stimuli that have both."""
    for of_first, of_second in zip(first.T, second.T, strict=True):
        use = ~np.isnan(of_first)
        yield of_first[use], of_second[use]
