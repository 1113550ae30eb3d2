"""Intervals: of which stimuli and sites a similarity may be again."""

import numpy as np
import pytest
from rsatoolbox.util.inference_util import extract_variances
from scipy.stats import t

from ventral.similarity.intervals import Deviation, combine, two_way_deviation
from ventral.similarity.measure import Geometry, measure


@pytest.mark.parametrize("of_both", [0.05, 0.07, 0.4])
def test_the_corrected_two_factor_bootstrap_as_rsatoolbox(of_both):
    of_sites, of_stimuli = 0.02, 0.03
    variances = np.array([of_both, of_sites, of_stimuli])[:, None, None]
    expected = extract_variances(variances, nc_included=False, n_rdm=12, n_pattern=20)[0]
    found = combine(*(np.array([v]) for v in (of_stimuli, of_sites, of_both)), n=20, groups=12)
    assert found == pytest.approx(expected[0])


def test_the_deviation_of_a_mean_of_a_table():
    """Of y = a stimulus + a site + noise, the variance of the mean is known."""
    rng = np.random.default_rng(0)
    n, n_sites = 40, 25
    values = rng.normal(size=(n, 1)) + rng.normal(size=n_sites) + rng.normal(size=(n, n_sites))

    def measured(stimuli, sites):
        w = np.ones(n) if stimuli is None else stimuli
        c = np.ones(n_sites) if sites is None else sites
        return np.array([w @ values @ c / (w.sum() * c.sum())])

    found = two_way_deviation(measured, n, [], n_sites, seed=1, n_bootstrap=4000)
    # The mean squares of a two-way table: σ²_stimuli/n + σ²_sites/m + σ²_noise/nm.
    rows = values.mean(axis=1).var(ddof=1) / n
    columns = values.mean(axis=0).var(ddof=1) / n_sites
    rest = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    noise = (rest**2).sum() / ((n - 1) * (n_sites - 1)) / (n * n_sites)
    assert found.sizes[0] == pytest.approx(np.sqrt(rows + columns - noise), rel=0.05)
    assert found.degrees_of_freedom == n_sites - 1


def test_of_one_site_the_interval_is_over_stimuli():
    rng = np.random.default_rng(2)
    values = rng.normal(size=30)

    def measured(stimuli, sites):
        assert sites is None
        w = np.ones(30) if stimuli is None else stimuli
        return np.array([w @ values / w.sum()])

    found = two_way_deviation(measured, 30, [], 1, seed=0, n_bootstrap=3000)
    assert found.sizes[0] == pytest.approx(values.std(ddof=1) / np.sqrt(30), rel=0.05)
    assert found.degrees_of_freedom == 29


def test_animals_are_drawn_before_their_sites():
    def measured(stimuli, sites):
        return np.array([0.0 if sites is None else sites[:5].sum()])

    levels = [np.repeat([0, 1], 5)]
    found = two_way_deviation(measured, 50, levels, 10, seed=0, n_bootstrap=2000)
    assert found.degrees_of_freedom == 1
    # Of two animals drawn twice the first has 0, 5 or 10 sites: variance 12.5, times 2 / (2 − 1).
    assert found.sizes[0] ** 2 == pytest.approx(25, rel=0.1)


def test_undefined_resamples_do_not_count_and_undefined_measures_stay_so():
    def measured(stimuli, sites):
        defined = stimuli is None or stimuli[0] > 0
        return np.array([1.0 if defined else np.nan, np.nan])

    found = two_way_deviation(measured, 9, [], 4, seed=0, n_bootstrap=50)
    assert found.sizes[0] == 0 and np.isnan(found.sizes[1])


def test_the_interval_is_that_of_students_t():
    low, high = Deviation(np.array([2.0]), 7).interval(np.array([1.0]))
    half = t(7).ppf(0.975) * 2
    assert (low[0], high[0]) == pytest.approx((1 - half, 1 + half))


def test_intervals_cover_what_new_stimuli_and_sites_give():
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(8, 20))

    def world():
        latent = rng.normal(size=(40, 8)) * np.geomspace(2, 0.5, 8)
        sites = latent @ rng.normal(size=(8, 15)) + 1.5 * rng.normal(size=(40, 15))
        return latent @ mixing + 0.3 * rng.normal(size=(40, 20)), sites

    truth = np.mean([measure(*map(Geometry.of_responses, world())) for _ in range(200)], axis=0)
    covered = []
    for seed in range(30):
        features, sites = world()
        layer, whole = Geometry.of_responses(features), Geometry.of_responses(sites)

        def measured(of_stimuli, of_sites, sites=sites, layer=layer, whole=whole):
            drawn = whole if of_sites is None else Geometry.of_responses(sites, of_sites)
            return measure(layer, drawn, of_stimuli)

        deviation = two_way_deviation(measured, 40, [], 15, seed, 40)
        low, high = deviation.interval(measured(None, None))
        covered.append((low <= truth) & (truth <= high))
    assert (np.mean(covered, axis=0) >= 0.85).all()
