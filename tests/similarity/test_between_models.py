"""Layers of two models: the matrix products against the measures one by one."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from ventral.similarity.alignment import measure_alignment
from ventral.similarity.between_models import (
    COLUMNS,
    MOST_STIMULI,
    choose_stimuli,
    compare_models,
)
from ventral.similarity.distances import distances_of_responses


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 30))
    return {
        "a": {"one": x, "two": x[:, :10] + 0.5 * rng.normal(size=(60, 10))},
        "b": {"one": x[:, :4], "flat": np.ones((60, 2))},
        "c": {"one": rng.normal(size=(60, 8))},
    }


def distances(features):
    return {
        model: {layer: distances_of_responses(values) for layer, values in layers.items()}
        for model, layers in features.items()
    }


def test_each_pair_is_measured_as_alone(features):
    given = distances(features)
    table = compare_models(given, seed=0)
    assert list(table) == COLUMNS and len(table) == 2 * (2 * 2 + 2 * 1 + 2 * 1)
    for row in table.itertuples():
        pair = given[row.model][row.layer], given[row.other_model][row.other_layer]
        if "flat" in (row.layer, row.other_layer):
            assert np.isnan([row.value, row.low, row.high]).all()
            continue
        if row.measure == "cka_debiased":
            expected = measure_alignment(*pair).cka_debiased
        else:
            x, y = features[row.model][row.layer], features[row.other_model][row.other_layer]
            expected = spearmanr(pdist(x, "sqeuclidean"), pdist(y, "sqeuclidean")).statistic
        assert row.value == pytest.approx(expected, abs=1e-9)
        assert row.low <= row.value <= row.high


def test_the_interval_is_as_wide_as_new_stimuli_vary():
    rng = np.random.default_rng(1)
    mixing = rng.normal(size=(10, 6))
    widths, values = [], []
    for _ in range(60):
        x = rng.normal(size=(50, 10))
        models = {"a": {"x": x}, "b": {"x": x @ mixing + 2 * rng.normal(size=(50, 6))}}
        table = compare_models(distances(models), seed=0)
        values.append(table["value"])
        widths.append((table["high"] - table["low"]) / 2 / 2.093)  # t with 19 degrees of freedom
    assert np.median(widths, axis=0) == pytest.approx(np.std(values, axis=0), rel=0.4)


def test_of_many_stimuli_some_are_chosen():
    chosen = choose_stimuli(3 * MOST_STIMULI, seed=0)
    assert len(chosen) == len(set(chosen)) == MOST_STIMULI and (np.diff(chosen) > 0).all()
    assert (choose_stimuli(7, seed=0) == np.arange(7)).all()


def test_one_model_or_few_stimuli_give_an_empty_table(features):
    given = distances(features)
    assert compare_models({"a": given["a"]}, seed=0).empty
    few = {model: {k: d[:5, :5] for k, d in layers.items()} for model, layers in given.items()}
    assert compare_models(few, seed=0).empty and compare_models({}, seed=0).empty
