"""The noise-corrected explained variance against the noiseless truth."""

import numpy as np
import pandas as pd
import pytest

from ventral.data.responses import (
    Responses,
    read_repetitions,
    read_responses,
    variance_of_average,
    write_responses,
)
from ventral.scores.measures import (
    explained_and_explainable,
    explained_variance,
    noise_corrected,
    ratio_of_sums,
)

ROUNDS = 60


def test_the_variance_of_the_average_by_pandas():
    rng = np.random.default_rng(0)
    repetitions = rng.normal(size=(30, 4, 6))
    repetitions[rng.random(repetitions.shape) < 0.4] = np.nan
    repetitions[0, 0] = np.nan  # never recorded
    repetitions[1, 0] = [1.5] + 5 * [np.nan]  # once
    repetitions[:, 3, 1:] = np.nan  # a site where nothing was repeated
    expected = np.empty((30, 4))
    for site in range(4):
        trials = pd.DataFrame(repetitions[:, site])
        single = trials.var(axis=1, ddof=1)
        count = trials.notna().sum(axis=1)
        single = single.where(count != 1, single.mean())
        expected[:, site] = single / count.where(count > 0)
    np.testing.assert_allclose(variance_of_average(repetitions), expected)
    assert (
        np.isnan(expected[0, 0]) and np.isfinite(expected[1, 0]) and np.isnan(expected[:, 3]).all()
    )


@pytest.mark.parametrize("r", [2, 5])
def test_recovers_the_explained_variance_of_the_noiseless_response(r):
    """Mean over many experiments: noise that grows with the rate, predictions off in scale."""
    rng = np.random.default_rng(1)
    rate = rng.gamma(4, 1.0, size=(150, 3)) * [2.0, 1.0, 0.7]
    predictions = 0.7 * rate + rng.normal(size=rate.shape) * rate.std(axis=0) * [0.2, 0.5, 0.8]
    truth = explained_variance(rate, predictions)
    found, raw = [], []
    for _ in range(ROUNDS):
        trials = rng.poisson(rate[:, :, None], (*rate.shape, r)).astype(float)
        average = trials.mean(axis=2)
        parts = explained_and_explainable(average, predictions, variance_of_average(trials))
        found.append(noise_corrected(*parts, 0.05))
        raw.append(explained_variance(average, predictions))
    error = np.std(found, axis=0) / np.sqrt(ROUNDS)
    assert (np.abs(np.mean(found, axis=0) - truth) < 4 * error + 0.01).all()
    assert (np.mean(raw, axis=0) < truth - 0.03).all()


def test_without_noise_nothing_is_corrected():
    rng = np.random.default_rng(2)
    responses = rng.normal(size=(20, 3))
    predictions = responses + rng.normal(size=responses.shape)
    parts = explained_and_explainable(responses, predictions, np.zeros((20, 3)))
    found = noise_corrected(*parts, 0.1)
    np.testing.assert_allclose(found, explained_variance(responses, predictions))


def test_under_the_floor_and_with_unknown_noise_it_is_undefined():
    responses = np.random.default_rng(3).normal(size=(50, 3))
    noise = np.full((50, 3), 0.2)
    noise[:, 0] = 0.97 * responses[:, 0].var(ddof=1)
    noise[4, 1] = np.nan
    found = noise_corrected(*explained_and_explainable(responses, responses, noise), 0.1)
    assert np.isnan(found[:2]).all() and np.isfinite(found[2])
    constant = noise[:, 2:]
    parts = explained_and_explainable(constant, constant, constant)
    assert np.isnan(noise_corrected(*parts, 0.1)).all()


def test_stimuli_without_repetitions_stay_out_of_memory(tmp_path):
    rng = np.random.default_rng(4)
    repetitions = rng.normal(size=(12, 2, 3))
    repetitions[[0, 1, 5, 6, 7]] = np.nan
    average = np.where(np.isnan(repetitions).all(axis=2), 1.0, np.nanmean(repetitions[2]))
    sites = pd.DataFrame({"site_id": ["a", "b"], "region": "IT", "animal": ""})
    ids = np.array([f"s{i}" for i in range(12)], object)
    write_responses(tmp_path / "r.zarr", Responses(ids, sites, average, repetitions))
    rows, values = read_repetitions(tmp_path / "r.zarr")
    assert rows.tolist() == [2, 3, 4, 8, 9, 10, 11]
    np.testing.assert_array_equal(values, repetitions[rows].astype(np.float32))
    light = read_responses(tmp_path / "r.zarr", repetitions=False)
    assert light.repetitions is None
    np.testing.assert_array_equal(light.noise_variance, variance_of_average(repetitions))
    assert np.isnan(light.noise_variance[0]).all()


@pytest.mark.parametrize(("n", "trials"), [(70, 3), (106, 2), (106, 4)])
def test_the_ratio_of_sums_of_a_perfect_model_is_one(n, trials):
    """Sites of any unit and reliability; the mean of their quotients is at 1 with more spread."""
    rng = np.random.default_rng(n + trials)
    ratios, means = [], []
    for _ in range(ROUNDS):
        unit = np.exp(rng.normal(size=60))
        signal = rng.normal(size=(n, 60)) * unit * rng.uniform(0.15, 1.5, 60)
        repetitions = signal[:, :, None] + rng.normal(size=(n, 60, trials)) * unit[:, None]
        noise = repetitions.var(axis=2, ddof=1) / trials
        parts = explained_and_explainable(repetitions.mean(axis=2), signal, noise)
        ratios.append(ratio_of_sums(parts[0] / parts[2], parts[1] / parts[2]))
        means.append(np.nanmean(noise_corrected(*parts, 0.1)))
    assert np.mean(ratios) == pytest.approx(1, abs=0.025)
    assert np.std(ratios) < np.std(means)


def test_the_ratio_of_sums_leaves_out_what_is_unknown():
    explained, explainable = np.array([0.2, np.nan, 0.4, 0.1]), np.array([0.4, 0.5, 0.6, np.nan])
    assert ratio_of_sums(explained, explainable) == pytest.approx(0.6)
    assert np.isnan(ratio_of_sums(explained, np.full(4, np.nan)))
    assert np.isnan(ratio_of_sums(explained, np.zeros(4)))
