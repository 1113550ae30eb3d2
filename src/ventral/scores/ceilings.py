"""The ceiling of a site: its split-half reliability over repetitions."""

import numpy as np
import pandas as pd

from ventral.data.responses import Responses
from ventral.scores.measures import pearson_r

N_HALVINGS = 10


def estimate_ceilings(responses: Responses, seed: int = 0) -> pd.DataFrame:
    """Return ``site_id, region, ceiling, n_repetitions``, one row per site.

    n_repetitions is the mean number over stimuli. Without repetitions the ceiling is NaN.
    """
    sites = responses.sites
    if responses.repetitions is None:
        ceiling, count = np.full(len(sites), np.nan), np.full(len(sites), np.nan)
    else:
        ceiling = split_half_reliability(responses.repetitions, seed)
        count = (~np.isnan(responses.repetitions)).sum(axis=2).mean(axis=0)
    return pd.DataFrame(
        {
            "site_id": sites["site_id"],
            "region": sites["region"],
            "ceiling": ceiling,
            "n_repetitions": count,
        }
    )


def split_half_reliability(
    repetitions: np.ndarray, seed: int = 0, n_halvings: int = N_HALVINGS
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
    reliabilities = np.full((n_halvings, sites), np.nan)
    for halving in range(n_halvings):
        keys = np.where(absent, np.inf, random.random((n, 1, r)))
        place = keys.argsort(axis=2).argsort(axis=2)
        half = count[:, :, None] // 2
        first = np.where(place < half, repetitions, 0.0).sum(axis=2)
        second = np.where((place >= half) & ~absent, repetitions, 0.0).sum(axis=2)
        for site in range(sites):
            use = count[:, site] >= 2
            if use.sum() < 3:
                continue
            size = count[use, site]
            correlation = pearson_r(
                (first[use, site] / (size // 2))[:, None],
                (second[use, site] / (size - size // 2))[:, None],
            )[0]
            reliabilities[halving, site] = 2 * correlation / (1 + correlation)
    return reliabilities.mean(axis=0)
