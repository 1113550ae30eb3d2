"""Scores of sites that lack responses to some stimuli: each on the stimuli that it has."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import explained_variance_score, r2_score
from test_score import a_fit

from ventral.scores.measures import cross_site_correlation, explained_and_explainable
from ventral.scores.resampling import resample
from ventral.scores.score import score_partitions, score_population


def with_gaps(fit, share=0.3, seed=0):
    rng = np.random.default_rng(seed)
    fit.responses[rng.random(fit.responses.shape) < share] = np.nan
    return fit


def test_each_site_is_scored_on_the_stimuli_that_it_has():
    fit = with_gaps(a_fit())
    noise = 0.1 * np.random.default_rng(1).random(fit.responses.shape)
    noise[np.isnan(fit.responses)] = np.nan
    table = score_partitions({"": replace(fit, noise_variance=noise)}, ceiling_floor=0)
    assert len(table) == 3 * 8
    for part in ("validation", "test"):
        of_part = table[table["split"] == part]
        for site, row in enumerate(of_part.itertuples()):
            rows = (fit.split == part) & ~np.isnan(fit.responses[:, site])
            y, p = fit.responses[rows, site], fit.predictions[rows, site]
            assert 8 < len(y) < 20
            np.testing.assert_allclose(row.r2, r2_score(y, p))
            np.testing.assert_allclose(row.explained_variance, explained_variance_score(y, p))
            np.testing.assert_allclose(row.pearson_r, pearsonr(y, p)[0])
            explained, explainable, _ = explained_and_explainable(
                y[:, None], p[:, None], noise[rows, site][:, None]
            )
            np.testing.assert_allclose(
                row.explained_variance_corrected, (explained / explainable)[0]
            )


def test_fewer_than_two_responses_are_undefined_and_counted():
    fit = a_fit()
    test = np.flatnonzero(fit.split == "test")
    fit.responses[test, 0] = np.nan
    fit.responses[test[1:], 2] = np.nan
    fit.responses[test[:-2], 4] = np.nan
    fit.predictions[:, 6] = np.nan  # of a site that could not be fitted
    sites = score_partitions({"": fit}, 0.1)
    of_test = sites[sites["split"] == "test"].reset_index(drop=True)
    undefined = of_test["explained_variance"].isna()
    assert list(np.flatnonzero(undefined)) == [0, 2, 6]
    rows, _ = score_population([{"": fit}], sites, seed=0, n_bootstrap=100)
    row = rows[(rows["split"] == "test") & (rows["region"] == "IT")].iloc[0]
    assert (row["n_sites"], row["n_undefined"]) == (4, 3)
    for measure in ("r2", "explained_variance", "pearson_r"):
        assert row[f"{measure}_mean"] == of_test[measure][4]


def by_index(y, p, seed, n_bootstrap):
    """Return what `resample` should, from samples drawn one at a time."""
    n, n_sites = y.shape
    rng = np.random.default_rng([seed, n, n_sites])
    counts = rng.multinomial(n, np.full(n, 1 / n), size=n_bootstrap)
    site_counts = rng.multinomial(n_sites, np.full(n_sites, 1 / n_sites), size=n_bootstrap)
    for stimuli, sites in zip(counts, site_counts, strict=True):
        rows = np.repeat(np.arange(n), stimuli)
        scores = []
        for site in np.repeat(np.arange(n_sites), sites):
            own = rows[~np.isnan(y[rows, site])]
            if len(set(y[own, site])) > 1:
                pair = y[own, site], p[own, site]
                r = pearsonr(*pair)[0]
                scores.append((r2_score(*pair), explained_variance_score(*pair), r))
        yield np.mean(scores, axis=0) if scores else [np.nan] * 3


@pytest.mark.parametrize("offset", [0.0, -1234.5678])
@pytest.mark.parametrize("share", [0.2, 0.7])
def test_resamples_count_the_stimuli_that_each_site_has(share, offset):
    rng = np.random.default_rng(0)
    y = rng.normal(size=(25, 6)) + offset
    p = 0.5 * y + 0.4 * rng.normal(size=y.shape)
    y[:, 5] = np.where(np.arange(25) < 3, offset + 1, offset)  # sparse
    y[rng.random(y.shape) < share] = np.nan
    y[0, 0] = y[1, 1] = offset + 0.5
    y[2:, 0] = np.nan  # a site with two responses at most
    means = resample([(np.arange(25), y, p)], seed=3, n_bootstrap=150).means()
    np.testing.assert_allclose(means, list(by_index(y, p, 3, 150)), rtol=1e-6, atol=1e-9)


def test_a_region_is_resampled_over_its_own_stimuli():
    """Two regions that saw other stimuli have the draws that each would have alone."""
    fit = a_fit(n=120)
    test = np.flatnonzero(fit.split == "test")
    of_it, of_v4 = fit.responses[:, ::2], fit.responses[:, 1::2]
    of_it[test[:12]] = np.nan
    of_v4[test[12:]] = np.nan
    sites = score_partitions({"": fit}, 0.1)
    rows, draws = score_population([{"": fit}], sites, seed=4, n_bootstrap=50)
    for first, region, own in ((0, "IT", test[12:]), (1, "V4", test[:12])):
        pair = fit.responses[own, first::2], fit.predictions[own, first::2]
        alone = resample([(own, *pair)], seed=4, n_bootstrap=50).means()
        np.testing.assert_array_equal(draws[f"test/{region}"], alone)
        row = rows[(rows["split"] == "test") & (rows["region"] == region)].iloc[0]
        np.testing.assert_allclose(row["cross_site_correlation"], cross_site_correlation(*pair))


def test_cross_site_correlation_is_over_the_stimuli_of_each_recorded_site():
    fit = with_gaps(a_fit(), share=0.4)
    fit.sites["region"] = "IT"
    sites = score_partitions({"": fit}, 0.1)
    rows, _ = score_population([{"": fit}], sites, seed=0, n_bootstrap=10)
    test = np.flatnonzero(fit.split == "test")
    block = []
    for site in range(8):
        own = test[~np.isnan(fit.responses[test, site])]
        y = fit.responses[own, site]
        block += [pearsonr(y, fit.predictions[own, other])[0] for other in range(8)]
    found = rows.set_index("split").loc["test", "cross_site_correlation"]
    np.testing.assert_allclose(found, np.mean(block))


def test_folds():
    fits = {}
    base = with_gaps(a_fit(), share=0.3)
    for fold in range(3):
        split = np.where(np.arange(90) % 3 == fold, "test", "train").astype(object)
        ceilings = {"test": np.full(8, 0.5), "folds": np.full(8, 0.5)}
        fits[f"fold_{fold}"] = replace(base, split=split, ceilings=ceilings)
    table = score_partitions(fits, 0.1)
    pooled = table[table["split"] == "folds"]
    for site, row in enumerate(pooled.itertuples()):
        own = ~np.isnan(base.responses[:, site])
        pair = base.responses[own, site], base.predictions[own, site]
        np.testing.assert_allclose(row.explained_variance, explained_variance_score(*pair))
