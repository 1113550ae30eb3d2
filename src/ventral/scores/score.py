"""Score one fit: a row per site and split, and the population figures with their intervals."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ventral.data.stimuli import SPLITS
from ventral.scores.measures import cross_site_correlation, explained_variance, pearson_r, r2

MEASURES = ("r2", "explained_variance", "pearson_r")
INTERVAL = (2.5, 97.5)


@dataclass(frozen=True)
class Fit:
    """What is needed of a fit to score it.

    predictions, responses: (stimuli, sites); responses are NaN where a stimulus has none.
    split: (stimuli,) strings. sites: table with site_id and region. alpha, alpha_on_edge: (sites,).
    ceiling: (sites,). n_components: number of components of the readout's features.
    """

    predictions: np.ndarray
    responses: np.ndarray
    split: np.ndarray
    sites: pd.DataFrame
    alpha: np.ndarray
    alpha_on_edge: np.ndarray
    ceiling: np.ndarray
    n_components: int

    def parts(self) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        """Give (split, responses, predictions) of each split that has responses."""
        answered = ~np.isnan(self.responses).any(axis=1)
        for part in SPLITS:
            rows = (self.split == part) & answered
            if rows.sum() > 1:
                yield part, self.responses[rows], self.predictions[rows]


def score_sites(fit: Fit, ceiling_floor: float) -> pd.DataFrame:
    """Return one row per split and site.

    ``r2_ceiled = pearson_r² / ceiling``: the reliability bounds r², its root bounds r. It is not
    clipped; it is NaN where the ceiling is unknown or under `ceiling_floor`.
    """
    ceiling = np.where(fit.ceiling >= ceiling_floor, fit.ceiling, np.nan)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "region": fit.sites["region"],
                    "split": part,
                    "site_id": fit.sites["site_id"],
                    "r2": r2(responses, predictions),
                    "explained_variance": explained_variance(responses, predictions),
                    "pearson_r": (correlation := pearson_r(responses, predictions)),
                    "ceiling": fit.ceiling,
                    "r2_ceiled": correlation**2 / ceiling,
                    "alpha": fit.alpha,
                    "n_components": fit.n_components,
                }
            )
            for part, responses, predictions in fit.parts()
        ],
        ignore_index=True,
    )


def score_population(
    fit: Fit, site_scores: pd.DataFrame, seed: int, n_bootstrap: int
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Summarise the sites of each split and region.

    site_scores: from `score_sites`.

    Returns a table (one row per split and region: counts, mean, median and 95 % bootstrap interval
    of each measure, cross_site_correlation) and the bootstrap means, {"split/region": (n_bootstrap,
    3)} in the order of `MEASURES`. The draws depend on the seed and on the two
    counts alone, so that two models scored on the same sites and stimuli can be compared draw by
    draw.
    """
    rows, draws = [], {}
    regions = fit.sites["region"].to_numpy()
    for part, responses, predictions in fit.parts():
        for region in dict.fromkeys(regions):
            inside = regions == region
            means = bootstrap_means(responses[:, inside], predictions[:, inside], seed, n_bootstrap)
            draws[f"{part}/{region}"] = means
            table = site_scores[(site_scores["split"] == part) & (site_scores["region"] == region)]
            row = {
                "region": region,
                "split": part,
                "n_components": fit.n_components,
                "n_sites": int(inside.sum()),
                "n_undefined": int(table["explained_variance"].isna().sum()),
                "n_alpha_on_edge": int(fit.alpha_on_edge[inside].sum()),
            }
            for column, measure in enumerate(MEASURES):
                row[f"{measure}_mean"] = table[measure].mean()
                row[f"{measure}_median"] = table[measure].median()
                low, high = (
                    np.nanpercentile(means[:, column], INTERVAL)
                    if np.isfinite(means[:, column]).any()
                    else (np.nan, np.nan)
                )
                row[f"{measure}_low"], row[f"{measure}_high"] = low, high
            row["cross_site_correlation"] = cross_site_correlation(
                responses[:, inside], predictions[:, inside]
            )
            row["ceiling_median"] = table["ceiling"].median()
            row["r2_ceiled_median"] = table["r2_ceiled"].median()
            row["n_under_ceiling_floor"] = int(
                (table["ceiling"].notna() & table["r2_ceiled"].isna()).sum()
            )
            rows.append(row)
    return pd.DataFrame(rows), draws


def bootstrap_means(
    responses: np.ndarray, predictions: np.ndarray, seed: int, n_bootstrap: int
) -> np.ndarray:
    """Return the mean over sites of each measure, (n_bootstrap, 3), under resampling.

    Stimuli and sites are drawn with replacement together (a two-way bootstrap), so the interval
    covers both. A resample is a vector of counts; all sums of all resamples are matrix products.
    """
    n, n_sites = responses.shape
    random = np.random.default_rng([seed, n, n_sites])
    counts = random.multinomial(n, np.full(n, 1 / n), size=n_bootstrap).astype(float)
    site_counts = random.multinomial(n_sites, np.full(n_sites, 1 / n_sites), size=n_bootstrap)
    # Centring on the full sample conditions the sums of squares; it changes no variance.
    offset = responses.mean(axis=0)
    y, prediction = responses - offset, predictions - offset
    mean_y, mean_prediction, mean_product, mean_y2, mean_prediction2 = (
        counts @ values / n for values in (y, prediction, y * prediction, y**2, prediction**2)
    )
    var_y = mean_y2 - mean_y**2
    var_prediction = mean_prediction2 - mean_prediction**2
    covariance = mean_product - mean_y * mean_prediction
    mean_error, mean_error2 = (
        mean_y - mean_prediction,
        mean_y2 + mean_prediction2 - 2 * mean_product,
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        per_site = np.stack(
            [
                1 - mean_error2 / var_y,
                1 - (mean_error2 - mean_error**2) / var_y,
                covariance / np.sqrt(var_y * var_prediction),
            ],
            axis=2,
        )
    undefined = (responses == responses[0]).all(axis=0)
    defined = np.isfinite(per_site) & ~undefined[None, :, None]
    weights = np.where(defined, site_counts[:, :, None], 0)
    total = weights.sum(axis=1)
    summed = (np.where(defined, per_site, 0) * weights).sum(axis=1)
    return np.where(total > 0, summed / np.maximum(total, 1), np.nan)
