"""How far held-out stimuli lie from the train stimuli, against scikit-learn and scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist, pdist
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import NearestNeighbors

from ventral.features.distances import (
    COLUMNS,
    distances_of_parts,
    distances_outside,
    mean_discrepancy,
    measure_layers,
    nearest_distances,
)
from ventral.features.gram import gram_of_array
from ventral.features.pca import fit_all_components
from ventral.features.pca_store import write_components
from ventral.storage.store import Store
from ventral.storage.store_writer import write_store

TRAIN = np.arange(0, 60, 2)
INSIDE, OUTSIDE = np.arange(1, 30, 2), np.arange(31, 60, 2)
PARTS = {"test": OUTSIDE, "test_in_distribution": INSIDE}


def features(p, seed=0, shift=2.0):
    rng = np.random.default_rng(seed)
    values = rng.normal(5, 1, (60, p)) * rng.uniform(0.1, 3, p)
    values[OUTSIDE] += shift * rng.normal(size=p)
    return values


def of(values, parts=PARTS, train=TRAIN, n_bootstrap=200):
    gram = gram_of_array(values)
    scores = fit_all_components(gram, train).scores
    rows = distances_of_parts(gram, scores, train, parts, 0, n_bootstrap)
    return {row["split"]: row for row in rows}


@pytest.mark.parametrize("p", [3, 29, 200])
def test_the_nearest_distance_is_that_of_scikit_learn(p):
    values = features(p)
    found = nearest_distances(gram_of_array(values), OUTSIDE, TRAIN)
    nearest = NearestNeighbors(n_neighbors=1).fit(values[TRAIN])
    distances = nearest.kneighbors(values[OUTSIDE])[0][:, 0] ** 2
    spread = values[TRAIN].var(axis=0).sum()
    np.testing.assert_allclose(found, distances / spread, rtol=1e-9)
    by_scipy = cdist(values[OUTSIDE], values[TRAIN], "sqeuclidean").min(axis=1) / spread
    np.testing.assert_allclose(found, by_scipy, rtol=1e-9)


@pytest.mark.parametrize("p", [3, 25, 200])
def test_what_lies_outside_is_the_residual_of_scikit_learns_pca(p):
    values, gram = features(p), gram_of_array(features(p))
    scores = fit_all_components(gram, TRAIN).scores
    outside, whole = distances_outside(gram, scores, OUTSIDE, TRAIN)
    pca = PCA(min(p, len(TRAIN) - 1), svd_solver="full").fit(values[TRAIN])
    residual = values[OUTSIDE] - pca.inverse_transform(pca.transform(values[OUTSIDE]))
    np.testing.assert_allclose(whole, ((values[OUTSIDE] - pca.mean_) ** 2).sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(outside / whole, (residual**2).sum(axis=1) / whole, atol=1e-11)
    if p <= 25:  # fewer features than train stimuli: they span all of it
        assert (outside / whole).max() < 1e-11


def test_stimuli_that_are_shifted_lie_farther_and_the_ratio_says_so():
    found = of(features(40))
    test, inside = found["test"], found["test_in_distribution"]
    assert test["nearest_distance_ratio_low"] > 1
    ratio = test["nearest_distance"] / inside["nearest_distance"]
    assert test["nearest_distance_ratio"] == pytest.approx(ratio, rel=1e-12)
    assert np.isnan(inside["nearest_distance_ratio"])
    assert test["outside_components"] > inside["outside_components"]
    for row in found.values():
        for name in ("nearest_distance", "outside_components"):
            assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]
    alike = of(features(40, shift=0))["test"]
    assert alike["nearest_distance_ratio_low"] < 1 < alike["nearest_distance_ratio_high"]


def test_the_interval_is_that_of_a_mean_of_independent_stimuli():
    values = features(200, seed=3)
    own = nearest_distances(gram_of_array(values), OUTSIDE, TRAIN)
    row = of(values, n_bootstrap=4000)["test"]
    half = 1.96 * own.std() / np.sqrt(len(own))
    width = row["nearest_distance_high"] - row["nearest_distance_low"]
    assert width == pytest.approx(2 * half, rel=0.08)


def test_neither_scale_nor_origin_of_the_features_matters():
    values = features(40)
    first, second = of(values), of(-1000 * values + 77)
    for part in PARTS:
        for name, value in first[part].items():
            if name != "split":
                assert second[part][name] == pytest.approx(value, rel=1e-6, nan_ok=True)


def test_awkward_parts():
    values = features(40)
    values[OUTSIDE[0]] = values[TRAIN[0]]
    one = of(values, {"test": OUTSIDE[:1], "test_in_distribution": INSIDE})["test"]
    assert one["nearest_distance"] == pytest.approx(0, abs=1e-12)
    assert one["outside_components"] == pytest.approx(0, abs=1e-12)
    assert np.isnan(one["nearest_distance_low"]) and one["n_stimuli"] == 1
    alone = of(values, {"validation": INSIDE})["validation"]
    assert np.isnan(alone["nearest_distance_ratio"]) and alone["nearest_distance"] > 0
    copies = of(values, {"test": OUTSIDE, "test_in_distribution": TRAIN[:5]})["test"]
    assert np.isnan(copies["nearest_distance_ratio"])  # nothing to divide by
    same = nearest_distances(gram_of_array(np.ones((60, 4)) * 3), OUTSIDE, TRAIN)
    assert np.isnan(same).all()


def test_every_layer_and_part_of_a_tap_set_has_a_row(tmp_path):
    split = pd.DataFrame({"stimulus_id": [f"s{i}" for i in range(60)], "split": "train"})
    for part, rows in {**PARTS, "validation": np.array([1, 3]), "unused": [5]}.items():
        split.loc[rows, "split"] = part
    train = np.flatnonzero(split["split"] == "train")
    grams = {name: gram_of_array(features(p, seed=p)) for name, p in {"a": 7, "b": 90}.items()}
    with write_store(tmp_path / "gram.zarr", {}, packed=True) as store:
        for layer, gram in grams.items():
            store.put(layer, gram, ("stimulus", "stimulus_2"))
    layers = [(name, {"": fit_all_components(gram, train)}) for name, gram in grams.items()]
    write_components(tmp_path / "pca.zarr", layers, split["stimulus_id"].to_numpy(), 3)
    table = measure_layers(
        Store(tmp_path / "gram.zarr"), Store(tmp_path / "pca.zarr"), split, seed=0, n_bootstrap=50
    )
    assert list(table.columns) == list(COLUMNS)
    rows = table.set_index(["layer", "split"])
    assert sorted(set(table["split"])) == ["test", "test_in_distribution", "validation"]
    assert len(table) == 6 and (table["n_train"] == len(train)).all()
    rank_of_all = rows.loc["b"]["outside_components"]
    assert (rank_of_all > 0.05).all() and (rows.loc["a"]["outside_components"] < 1e-10).all()


@pytest.mark.parametrize("p", [1, 40])
def test_the_discrepancy_is_the_unbiased_one_of_gretton(p):
    values = features(p)
    found, chance = mean_discrepancy(gram_of_array(values), OUTSIDE, TRAIN, 0)
    first, second = values[OUTSIDE], values[TRAIN]
    gamma = 1 / (2 * np.median(pdist(np.concatenate([first, second]), "sqeuclidean")))
    m, n = len(first), len(second)
    of_first, of_second = (rbf_kernel(kind, gamma=gamma) for kind in (first, second))
    expected = (of_first.sum() - m) / (m * (m - 1)) + (of_second.sum() - n) / (n * (n - 1))
    expected -= 2 * rbf_kernel(first, second, gamma=gamma).mean()
    assert found == pytest.approx(expected, abs=1e-12)
    assert 0 < chance <= 1


def test_the_discrepancy_of_equal_kinds_is_nothing_and_of_others_is_found():
    found = [
        mean_discrepancy(gram_of_array(features(20, seed, shift=0)), OUTSIDE, TRAIN, seed)
        for seed in range(40)
    ]
    values, chances = np.transpose(found)
    assert abs(values.mean()) < 3 * values.std() / np.sqrt(40)
    assert 0.3 < chances.mean() < 0.7
    # The spread alone differs: no stimulus lies farther from train, and the kind is another.
    values = features(20, 0, shift=0)
    centre = values[TRAIN].mean(axis=0)
    values[OUTSIDE] = centre + 0.1 * (values[OUTSIDE] - centre)
    row = of(values)["test"]
    assert row["nearest_distance_ratio"] < 1 and row["mmd"] > 0.02 and row["mmd_p"] < 0.01


def test_a_discrepancy_that_is_not_defined():
    gram = gram_of_array(features(4))
    assert np.isnan(mean_discrepancy(gram, OUTSIDE[:1], TRAIN, 0)).all()
    assert np.isnan(mean_discrepancy(gram_of_array(np.ones((60, 3))), OUTSIDE, TRAIN, 0)).all()
