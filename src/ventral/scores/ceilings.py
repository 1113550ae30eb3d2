"""The ceiling of a site: its split-half reliability over repetitions."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ventral.scores.measures import pearson_r

N_SPLITS_IN_HALF = 10


def estimate_ceilings(
    sites: pd.DataFrame,
    repetitions: np.ndarray | None,
    tests: Sequence[np.ndarray] = (),
    seed: int = 0,
) -> pd.DataFrame:
    """Return ``site_id, region, ceiling, n_repetitions, ceiling_test``, one row per site.

    sites: ``site_id`` and ``region``. repetitions: (stimuli, sites, r), NaN where absent, or None.
    tests: the rows of the test stimuli of each partition.

    ``ceiling`` is over all stimuli, ``ceiling_test`` over the test stimuli alone, averaged over
    folds; n_repetitions is the mean number over stimuli that have any. Without repetitions all
    three are NaN.
    """
    ceiling, test, count = (np.full(len(sites), np.nan) for _ in range(3))
    if repetitions is not None and len(repetitions):
        ceiling = split_half_reliability(repetitions, seed)
        count = (~np.isnan(repetitions)).sum(axis=2).mean(axis=0)
        if tests:
            test = np.mean([split_half_reliability(repetitions[r], seed) for r in tests], axis=0)
    return pd.DataFrame(
        {
            "site_id": sites["site_id"],
            "region": sites["region"],
            "ceiling": ceiling,
            "n_repetitions": count,
            "ceiling_test": test,
        }
    )


def split_half_reliability(
    repetitions: np.ndarray, seed: int = 0, n_splits: int = N_SPLITS_IN_HALF
) -> np.ndarray:
    """Return the reliability of each site's repetition average, (sites,).

    repetitions: (stimuli, sites, r), NaN where absent. The repetitions of each stimulus are halved
    at random, the half means correlated over stimuli, corrected to full length by Spearman-Brown,
    ``2r / (1 + r)``, and averaged over halvings (Spearman 1910, Brown 1910). Stimuli with fewer
    than two repetitions are left out; a site with fewer than three others is NaN.
    """
    n, sites, r = repetitions.shape
    random = np.random.default_rng(seed)
    absent = np.isnan(repetitions)
    count = r - absent.sum(axis=2)
    values = np.where(absent, 0.0, repetitions)
    # Where all sites lack the same repetitions, as they mostly do, one order serves them all.
    pattern = absent[:, :1] if (absent == absent[:, :1]).all() else absent
    half = count // 2
    reliabilities = np.full((n_splits, sites), np.nan)
    for halving in range(n_splits):
        keys = np.where(pattern, np.inf, random.random((n, 1, r)))
        place = keys.argsort(axis=2).argsort(axis=2)
        is_first = place < half[:, : pattern.shape[1], None]
        first, rest = (values * is_first).sum(axis=2), (values * ~is_first).sum(axis=2)
        for site in range(sites):
            use = count[:, site] >= 2
            if use.sum() < 3:
                continue
            size = count[use, site]
            correlation = pearson_r(
                (first[use, site] / (size // 2))[:, None],
                (rest[use, site] / (size - size // 2))[:, None],
            )[0]
            reliabilities[halving, site] = 2 * correlation / (1 + correlation)
    return reliabilities.mean(axis=0)
