"""The table of a model: which stimuli and sites are compared, and noise ceilings."""

import numpy as np
import pandas as pd
import pytest

from ventral.data.responses import Responses
from ventral.errors import VentralError
from ventral.jobs.resources import memory
from ventral.similarity import between_models
from ventral.similarity.compare import FEATURES_FROM_SITES, compare_layers, count_resamples
from ventral.similarity.measure import MEASURES, Geometry, measure
from ventral.similarity.noise_ceilings import noise_ceilings
from ventral.similarity.population import compared_stimuli, populations

SETTINGS = {"seed": 0, "n_bootstrap": 20, "scale": "standardised"}


def responses_of(average, regions):
    sites = pd.DataFrame(
        {"site_id": [f"s{i}" for i in range(len(regions))], "region": regions, "animal": ""}
    )
    ids = np.array([f"i{i}" for i in range(len(average))], object)
    return Responses(ids, sites, average)


@pytest.fixture
def study():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 30))
    y = x[:, :5] @ rng.normal(size=(5, 9)) + rng.normal(size=(60, 9))
    split = {"": pd.DataFrame({"split": ["train"] * 30 + ["validation"] * 10 + ["test"] * 20})}
    return x, responses_of(y, ["V4"] * 4 + ["IT"] * 5), split


def test_every_layer_region_and_measure_has_a_row(study):
    x, responses, split = study
    layers = [("one", x @ x.T), ("flat", np.ones((60, 60)))]
    table, distances = compare_layers(layers, responses, split, **SETTINGS)
    assert len(table) == 2 * 2 * (len(MEASURES) + 1)
    assert set(table["n_stimuli"]) == {20} and set(table["split"]) == {"test"}
    one, flat = (table[table["layer"] == layer] for layer in ("one", "flat"))
    assert one["value"].between(one["low"], one["high"]).all()
    assert flat[["value", "low", "high"]].isna().all(axis=None)
    expected = measure(
        Geometry.of_responses(x[40:]),
        Geometry.of_responses((responses.average / responses.average.std(axis=0))[40:, 4:]),
    )
    of_it = one[(one["region"] == "IT") & (one["measure"] != FEATURES_FROM_SITES)]
    np.testing.assert_allclose(of_it["value"], expected, atol=1e-9)
    assert distances["one"].shape == (20, 20)
    again, _ = compare_layers(layers, responses, split, **SETTINGS)
    pd.testing.assert_frame_equal(table, again)


def test_sites_that_cannot_be_compared_have_rows_without_values(study):
    x, responses, split = study
    average = responses.average.copy()
    average[40:, :4] = np.nan
    table, _ = compare_layers(
        [("one", x @ x.T)], responses_of(average, responses.sites["region"]), split, **SETTINGS
    )
    of_v4 = table[table["region"] == "V4"]
    assert of_v4["value"].isna().all() and set(of_v4["n_sites"]) == {0}
    assert table.loc[table["region"] == "IT", "value"].notna().all()


def test_validation_stands_in_for_a_test_without_responses(study):
    _, responses, split = study
    average = responses.average.copy()
    average[40:] = np.nan
    compared = compared_stimuli(split, average)
    assert compared.split == "validation" and (compared.stimuli == np.arange(30, 40)).all()
    average[30:] = np.nan
    with pytest.raises(VentralError, match="similarity: false"):
        compared_stimuli(split, average)


def test_with_folds_all_stimuli_are_compared(study):
    x, responses, _ = study
    names = np.arange(60) % 3
    folds = {
        f"fold_{k}": pd.DataFrame({"split": np.where(names == k, "test", "train")})
        for k in range(3)
    }
    table, _ = compare_layers([("one", x @ x.T)], responses, folds, **SETTINGS)
    assert set(table["split"]) == {"folds"} and set(table["n_stimuli"]) == {60}
    assert table["value"].notna().all()


def test_the_largest_block_without_a_hole_is_compared():
    average = np.random.default_rng(1).normal(size=(20, 6))
    average[:3, 0] = np.nan  # 20 stimuli by 5 sites, or 17 by 6
    found = next(populations(responses_of(average, ["IT"] * 6), np.arange(20)))
    assert found.sites.tolist() == list(range(6)) and found.stimuli.tolist() == list(range(3, 20))
    average[:10, 0] = np.nan
    found = next(populations(responses_of(average, ["IT"] * 6), np.arange(20)))
    assert found.sites.tolist() == list(range(1, 6)) and len(found.stimuli) == 20


def test_one_site_and_few_stimuli():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(14, 6)), rng.normal(size=(14, 1))
    split = {"": pd.DataFrame({"split": ["train"] * 9 + ["test"] * 5})}
    table, _ = compare_layers([("one", x @ x.T)], responses_of(y, ["IT"]), split, **SETTINGS)
    assert table["value"].notna().all() and set(table["n_sites"]) == {1}


def test_thousands_of_stimuli_are_resampled_less_often():
    assert count_resamples(300, 100) == 100
    assert count_resamples(300, 20) == 20
    assert 40 <= count_resamples(3200, 100) < 100


def test_a_perfect_model_is_between_the_noise_ceilings():
    rng = np.random.default_rng(3)
    inside = []
    for seed in range(20):
        truth = rng.normal(size=(60, 15)) * np.geomspace(3, 0.5, 15)
        trials = truth[..., None] + 2 * rng.normal(size=(60, 15, 8))
        ceilings = noise_ceilings(trials, seed)
        perfect = measure(Geometry.of_responses(truth), Geometry.of_responses(trials.mean(axis=2)))
        inside.append([ceilings.lower, perfect, ceilings.upper])
    lower, perfect, upper = np.mean(inside, axis=0)
    more_is_better = np.array([1, 1, 1, 1, 1, -1])
    assert (more_is_better * (perfect - lower) > 0).all()
    assert (more_is_better * (upper - perfect) > 0).all()


def test_noise_ceilings_need_repeated_stimuli():
    rng = np.random.default_rng(4)
    trials = rng.normal(size=(12, 1, 4)) + rng.normal(size=(12, 3, 4))
    assert np.isnan(noise_ceilings(trials[:, :, :1], 0)).all()
    holes = trials.copy()
    holes[:4, 0, 1:] = np.nan
    np.testing.assert_array_equal(noise_ceilings(holes, 0), noise_ceilings(trials[4:], 0))
    holes[:7, 0, 1:] = np.nan
    assert np.isnan(noise_ceilings(holes, 0)).all()


def test_trials_of_noise_alone_have_no_ceiling_but_the_noise_they_share():
    rng = np.random.default_rng(5)
    lower = [noise_ceilings(rng.normal(size=(30, 10, 4)), s).lower for s in range(40)]
    debiased = np.array(lower)[:, MEASURES.index("cka_debiased")]
    assert abs(debiased.mean()) < 4 * debiased.std() / np.sqrt(40)


def test_what_memory_is_predicted_for_is_what_models_are_compared_on():
    assert memory.MOST_STIMULI_OF_MODELS == between_models.MOST_STIMULI
