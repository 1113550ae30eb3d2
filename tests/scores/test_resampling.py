"""Resampling of stimuli and sites, and the intervals that it gives."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from test_score import a_fit

from toy_project import ROOT
from ventral.scores.measures import explained_variance, pearson_r, r2
from ventral.scores.resampling import interval_of, levels_of, resample, resample_pool


def test_bootstrap_equals_resampling_by_index():
    """The matrix products against drawing rows and columns one resample at a time."""
    fit = a_fit(n=60, n_sites=6)
    fold = (np.arange(60), fit.responses, fit.predictions)
    fast = resample([fold], seed=5, n_bootstrap=20).means()
    rng = np.random.default_rng([5, 60, 6])
    counts = rng.multinomial(60, np.full(60, 1 / 60), size=20)
    site_counts = rng.multinomial(6, np.full(6, 1 / 6), size=20)
    for draw in range(20):
        rows = np.repeat(np.arange(60), counts[draw])
        columns = np.repeat(np.arange(6), site_counts[draw])
        y, p = fit.responses[rows][:, columns], fit.predictions[rows][:, columns]
        expected = [measure(y, p).mean() for measure in (r2, explained_variance, pearson_r)]
        np.testing.assert_allclose(fast[draw], expected, rtol=1e-9)


def by_index(y, p, seed, n_bootstrap):
    """Return what `resample` should, from samples drawn one at a time."""
    n, n_sites = y.shape
    rng = np.random.default_rng([seed, n, n_sites])
    counts = rng.multinomial(n, np.full(n, 1 / n), size=n_bootstrap)
    site_counts = rng.multinomial(n_sites, np.full(n_sites, 1 / n_sites), size=n_bootstrap)
    for stimuli, sites in zip(counts, site_counts, strict=True):
        rows = np.repeat(np.arange(n), stimuli)
        means = []
        for measure in (r2, explained_variance, pearson_r):
            kept = [
                measure(y[rows, [site]][:, None], p[rows, [site]][:, None])[0]
                for site in range(n_sites)
                for _ in range(sites[site])
                if len(set(y[rows, site])) > 1
                and (measure is not pearson_r or len(set(p[rows, site])) > 1)
            ]
            means.append(np.mean(kept) if kept else np.nan)
        yield means


@pytest.mark.parametrize("offset", [0.0, 0.1, -1234.5678, 1e6])
@pytest.mark.parametrize("n_spikes", [1, 2, 3])
def test_resamples_in_which_a_sparse_site_is_constant_leave_it_out(offset, n_spikes):
    rng = np.random.default_rng(n_spikes)
    y = np.full((30, 5), offset / 3)
    y[:, 3:] += rng.normal(size=(30, 2))
    y[:n_spikes, :3] += 1
    p = 0.4 * y + 0.3 * rng.normal(size=y.shape)
    means = resample([(np.arange(30), y, p)], seed=1, n_bootstrap=200).means()
    np.testing.assert_allclose(means, list(by_index(y, p, 1, 200)), rtol=1e-5, atol=1e-9)
    assert np.nanmin(means[:, 1]) > -20


@pytest.mark.parametrize("offset", [0.0, 0.1, -1234.5678])
def test_constant_predictions_have_no_correlation_in_any_resample(offset):
    rng = np.random.default_rng(0)
    y = rng.normal(size=(30, 4)) + offset
    p = 0.9 * y + 0.1 * rng.normal(size=y.shape)
    p[:, :3] = offset / 3
    means = resample([(np.arange(30), y, p)], seed=1, n_bootstrap=200).means()
    np.testing.assert_allclose(means, list(by_index(y, p, 1, 200)), rtol=1e-6)
    r = means[:, 2]
    assert (r[np.isfinite(r)] > 0.9).all()


@pytest.mark.slow
def test_interval_covers_the_mean_of_new_stimuli_and_sites():
    covered = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        weight = rng.uniform(0.2, 0.8, size=40)  # sites differ; the population mean r is known
        y = rng.normal(size=(80, 40))
        p = weight * y + np.sqrt(1 - weight**2) * rng.normal(size=(80, 40))
        means = resample([(np.arange(80), y, p)], seed, 400).means()
        low, high = np.percentile(means[:, 2], [2.5, 97.5])
        covered += low < 0.5 < high
    assert 0.9 < covered / 200 <= 1.0


def sites_of(**columns):
    return pd.DataFrame({"site_id": list("abcdef"), "region": "IT", **columns})


@pytest.mark.parametrize(
    ("sites", "levels"),
    [
        (sites_of(), []),
        (sites_of(animal=""), []),
        (sites_of(animal="m", session="1"), []),
        (sites_of(animal=list("mmmmnn")), []),
        (sites_of(animal=list("mmnnoo")), [[0, 0, 1, 1, 2, 2]]),
        (sites_of(animal="m", session=list("112233")), [[0, 0, 1, 1, 2, 2]]),
        # Each animal has a first session, and they are not the same one.
        (
            sites_of(animal=list("mmmnnn"), session=list("112112")),
            [[0, 0, 1, 2, 2, 3]],
        ),
    ],
)
def test_sites_are_grouped_by_animal_and_session(sites, levels):
    assert [list(labels) for labels in levels_of(sites)] == levels


def test_groups_are_drawn_before_their_sites():
    """Two animals of 2 and 4 sites: of each resample, either animal gives whole multiples."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(40, 6))
    p = y + np.r_[np.full(2, 0.1), np.full(4, 3.0)] * rng.normal(size=y.shape)
    sample = [(np.arange(40), y, p)]
    animals = np.array([0, 0, 1, 1, 1, 1])
    flat = resample(sample, 0, 2000).means()[:, 0]
    drawn = resample(sample, 0, 2000, [animals])
    grouped = drawn.means()[:, 0]
    of_animals = [r2(y[:, animals == a], p[:, animals == a]).mean() for a in (0, 1)]
    # A quarter of the resamples have the first animal alone, a quarter the second.
    near = [np.abs(grouped - value) < 3 for value in of_animals]
    assert np.mean(near[0] & ~near[1]) == pytest.approx(0.25, abs=0.04)
    assert grouped.std() > 1.5 * flat.std()
    assert (drawn.stretch() > 5).all()  # Student's t with one degree of freedom


def test_the_spread_is_that_of_the_estimate():
    """The variance of R² over new sites and stimuli against the mean stretched variance."""
    estimates, spreads = [], []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        latent, weight = rng.normal(size=(60, 1)), rng.uniform(0.2, 1.2, size=30)
        y = weight * latent + rng.normal(size=(60, 30))
        p = 0.8 * weight * latent * np.ones(30)
        drawn = resample([(np.arange(60), y, p)], seed, 200)
        estimates.append(explained_variance(y, p).mean())
        spreads.append(drawn.deviations()[1] ** 2)
    assert np.mean(spreads) == pytest.approx(np.var(estimates), rel=0.2)


def test_the_interval_undoes_the_bias_twice():
    """Resampling doubles the bias, so the interval lies as far on the other side."""
    means = np.random.default_rng(0).normal(0.3, 0.02, 100_000)
    low, high = interval_of(means, 1.0, 0.32)
    assert (low + high) / 2 == pytest.approx(0.34, abs=1e-3)
    assert high - low == pytest.approx(2 * 1.96 * 0.02, abs=1e-3)
    assert np.isnan(interval_of(np.full(5, np.nan), 1.0, 0.1)).all()
    assert interval_of(means + 0.65, 1.0, 0.98)[1] == 1  # an explained variance is not above it


def test_the_interval_of_r2_covers_the_truth():
    """168 sites and 70 stimuli: the percentile interval covered it in seven of ten populations."""
    spec = importlib.util.spec_from_file_location("coverage_of", ROOT / "benchmarks/coverage.py")
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    row = benchmark.rows_of(1, 168, 70, 100)[0]
    assert row["measure"] == "R²" and row["percentile"] < 0.85
    assert row["coverage"] > 0.9


def test_differences_are_of_the_same_draws():
    """On a model and itself they are zero; on another they are paired, so they spread less."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(80, 12))
    first = y + rng.normal(size=y.shape)
    second = first + 0.1 * rng.normal(size=y.shape)
    of_first, of_second = (resample([(np.arange(80), y, p)], 3, 300) for p in (first, second))
    same = of_first.minus(of_first)
    assert (same.means() == 0).all() and (same.deviations() == 0).all()
    difference = of_first.minus(of_second)
    np.testing.assert_allclose(difference.means(), of_first.means() - of_second.means())
    np.testing.assert_allclose(
        difference.observed[:, 1], explained_variance(y, first) - explained_variance(y, second)
    )
    assert (difference.deviations() < 0.3 * of_first.deviations()).all()


def test_undefined_resamples_are_counted():
    y = np.random.default_rng(0).normal(size=(30, 3))
    p = y + 0.1
    assert resample([(np.arange(30), y, p)], 0, 200).incomplete() == 0
    y[:, 1] = 0.0  # constant on all stimuli: not a matter of resampling
    assert resample([(np.arange(30), y, p)], 0, 200).incomplete() == 0
    y[3, 1] = 1.0  # constant where stimulus 3 is not drawn, about a third of the resamples
    drawn = resample([(np.arange(30), y, p)], 0, 200)
    without = ~np.isfinite(drawn.per_site[:, 1, 1]) & (drawn.site_counts[:, 1] > 0)
    assert drawn.incomplete() == without.sum()
    assert 20 < drawn.incomplete() < 100


def test_a_pool_draws_the_stimuli_of_each_data_set():
    """Of two data sets the scores of sites are those of their own stimuli, drawn apart."""
    rng = np.random.default_rng(0)
    recordings = []
    for n, sites in ((50, 4), (30, 3)):
        y = rng.normal(size=(n, sites))
        recordings.append([(np.arange(n), y, 0.7 * y + 0.3 * rng.normal(size=y.shape))])
    animals = np.array([0, 0, 0, 0, 1, 1, 1])
    drawn = resample_pool(recordings, 5, 300, [animals])
    rng = np.random.default_rng([5, 80, 7])
    for (sample,), sites in zip(recordings, (slice(0, 4), slice(4, 7)), strict=True):
        n = len(sample[0])
        counts = rng.multinomial(n, np.full(n, 1 / n), size=300)
        for draw in (0, 7, 299):
            rows = np.repeat(np.arange(n), counts[draw])
            np.testing.assert_allclose(
                drawn.per_site[draw, sites, 0], r2(*(v[rows] for v in sample[1:]))
            )
        np.testing.assert_allclose(drawn.observed[sites, 0], r2(*sample[1:]))
    assert drawn.groups == 2
    # Each resample has whole animals: sites of an animal add up to a multiple of their number.
    assert set(drawn.site_counts[:, :4].sum(axis=1)) <= {0, 4, 8}
    assert set(drawn.site_counts[:, 4:].sum(axis=1)) <= {0, 3, 6}
