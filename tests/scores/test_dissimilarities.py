"""Rank correlations of dissimilarities, their intervals and ceilings, against rsatoolbox."""

import numpy as np
import pytest
from rsatoolbox.data import Dataset
from rsatoolbox.inference import boot_noise_ceiling, eval_bootstrap_pattern
from rsatoolbox.model import ModelFixed
from rsatoolbox.rdm import RDMs, calc_rdm, compare
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from helpers import store_layer
from ventral.features.correlation_distances import correlation_distances
from ventral.scores.dissimilarities import (
    correlate_dissimilarities,
    noise_ceilings,
    spearman,
)

RNG = np.random.default_rng(0)


def related(n=40, subjects=1, noise=1.0):
    """Return dissimilarities of a model, and of subjects that share its signal."""
    signal = RNG.normal(size=(n, 5))
    found = [pdist(signal + noise * RNG.normal(size=(n, 5))) for _ in range(subjects)]
    return pdist(signal), np.array(found)


@pytest.mark.parametrize("scale_factor", [1.0, 0.5])
@pytest.mark.parametrize("p", [2, 3000])
def test_distances_of_a_layer_are_scipys_and_rsatoolboxs(tmp_path, p, scale_factor):
    features = RNG.normal(loc=30, size=(12, p)).astype(np.float32)
    store = store_layer(tmp_path / "a.zarr", features, (12, 700), "block", scale_factor)
    found = correlation_distances(store, "block")
    np.testing.assert_allclose(found, pdist(features.astype(float), "correlation"), atol=1e-9)
    theirs = calc_rdm(Dataset(features.astype(float)), method="correlation").dissimilarities[0]
    np.testing.assert_allclose(found, theirs, rtol=0, atol=1e-9)


def test_a_stimulus_with_equal_features_has_no_distance(tmp_path):
    features = RNG.normal(size=(5, 8))
    features[1] = 0.1
    found = correlation_distances(store_layer(tmp_path / "a.zarr", features), "layer1.0")
    assert np.isnan(found).sum() == 4 and np.isnan(spearman(found, found))


def test_the_correlation_is_scipys_and_rsatoolboxs_also_with_ties():
    first, (second,) = related()
    for x, y in ((first, second), (first.round(), second.round()), (first, first[::-1])):
        found = correlate_dissimilarities(x, y, 0, 10).rho
        assert found == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)
        theirs = compare(RDMs(x[None]), RDMs(y[None]), method="spearman")
        assert found == pytest.approx(theirs.item(), abs=1e-9)


def test_the_interval_is_that_of_rsatoolboxs_bootstrap_over_stimuli():
    first, (second,) = related()
    found = correlate_dissimilarities(first, second, 0, 600)
    theirs = eval_bootstrap_pattern(
        ModelFixed("one", first), RDMs(second[None]), method="spearman", N=600
    )
    low, high = theirs.get_ci(0.95, "t-test")
    half = (high - low).item() / 2
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.15)
    assert found.low < found.rho < found.high


def test_the_interval_covers_what_many_stimuli_give():
    first, (second,) = related(n=800)
    truth, covered = spearman(first, second), 0
    for seed in range(60):
        first, (second,) = related(n=40)
        found = correlate_dissimilarities(first, second, seed, 60)
        covered += found.low <= truth <= found.high
    assert covered >= 52


def test_ceilings_between_subjects_are_rsatoolboxs():
    _, subjects = related(subjects=5)
    found = noise_ceilings(subjects)
    theirs = boot_noise_ceiling(RDMs(subjects), method="spearman")
    np.testing.assert_allclose(found, theirs, rtol=0, atol=1e-9)
    assert found.low < found.high
    assert np.isnan(noise_ceilings(subjects[:1])).all()


def test_equal_or_few_dissimilarities_have_no_interval():
    assert np.isnan(correlate_dissimilarities(np.ones(10), np.arange(10.0), 0, 10)).all()
    few = correlate_dissimilarities(np.arange(3.0), np.arange(3.0) ** 2, 0, 10)
    assert few.rho == pytest.approx(1) and np.isnan(few.low)
    assert correlate_dissimilarities(np.arange(6.0), np.arange(6.0), 0, 10).high == 1
