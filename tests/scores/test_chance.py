"""Scores by chance against SciPy, exact enumeration and data without any relation."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control, permutation_test

from ventral.data.assign_split import assign_split
from ventral.data.responses import Responses
from ventral.data.splits import SINGLE_PARTITION, partitions_of
from ventral.readouts.fit_store import StoredFit
from ventral.scores.chance import (
    REGION_COLUMNS,
    SITE_COLUMNS,
    Exchange,
    HeldOut,
    adjusted,
    chance_in_words,
    compare_with_chance,
    p_of,
    scores_by_chance,
    spread,
    spread_of_folds,
    table_of_chance,
)
from ventral.scores.measures import MEASURES, measure_sites

NAN = np.nan


def a_part(n=30, sites=4, seed=0, strength=0.5, stretch=1.0):
    rng = np.random.default_rng(seed)
    responses = rng.normal(size=(n, sites)) + 20
    predictions = strength * (responses - 20) + rng.normal(size=(n, sites)) + 19
    rows = np.arange(n)
    return HeldOut([(rows, responses, predictions)], rows, Exchange.of(np.zeros(n)), stretch)


def measured(responses, predictions):
    return np.stack([measure_sites(responses, predictions)[name] for name in MEASURES], axis=1)


def every_permutation(n):
    return np.array(list(itertools.permutations(range(n))))


@pytest.mark.parametrize("n", [5, 6, 30])
@pytest.mark.parametrize("missing", [False, True])
def test_scores_are_those_of_the_permuted_responses(n, missing):
    tested = a_part(n)
    (_, responses, predictions), *_ = tested.folds
    if missing:
        responses[:2, 0] = responses[1, 2] = NAN
    drawn = tested.exchange.draw(np.random.default_rng(1), 20)
    observed, permuted = scores_by_chance(tested, [drawn[:7], drawn[7:]])
    np.testing.assert_allclose(observed, measured(responses, predictions), atol=1e-10)
    for order, found in zip(drawn, permuted, strict=True):
        np.testing.assert_allclose(found, measured(responses[order], predictions), atol=1e-10)


@pytest.mark.parametrize("measure", MEASURES)
def test_all_permutations_give_scipys_exact_p(measure):
    n = 5
    tested = a_part(n)
    k = MEASURES.index(measure)
    observed, permuted = scores_by_chance(tested, [every_permutation(n)])
    (_, responses, predictions), *_ = tested.folds

    for site in range(responses.shape[1]):
        y, prediction = responses[:, site], predictions[:, site]

        def statistic(y, prediction=prediction):
            return measured(y[:, None], prediction[:, None])[0, k]

        expected = permutation_test(
            (y,), statistic, permutation_type="pairings", alternative="greater", vectorized=False
        )
        assert len(expected.null_distribution) == len(permuted)
        assert observed[site, k] == pytest.approx(expected.statistic)
        np.testing.assert_allclose(
            np.sort(permuted[:, site, k]), np.sort(expected.null_distribution), atol=1e-10
        )
        share = (permuted[:, site, k] >= observed[site, k] - 1e-12).mean()
        assert share == pytest.approx(expected.pvalue, abs=1e-12)
        found = p_of(observed[site, k], permuted[:, site, k])
        assert found == pytest.approx((share * len(permuted) + 1) / (len(permuted) + 1))


def a_fit(responses, predictions, split):
    n, sites = responses.shape
    stored = StoredFit(predictions, split, np.ones(sites), np.zeros(sites, bool), 3)
    ids = np.array([f"i{i:03}" for i in range(n)], object)
    table = pd.DataFrame({"site_id": [f"s{i}" for i in range(sites)], "region": "IT", "animal": ""})
    return {SINGLE_PARTITION: stored}, Responses(ids, table, responses)


def compared(responses, predictions, groups=None, split=None, n_permutations=499, seed=0):
    split = np.full(len(responses), "test", object) if split is None else split
    fits, recording = a_fit(responses, predictions, split)
    return compare_with_chance(
        [("layer", fits)], recording, groups, n_permutations=n_permutations, seed=seed
    )


@pytest.mark.parametrize("strength", [0.0, 0.2, 0.5])
def test_random_permutations_approach_scipys_p(strength):
    tested = a_part(25, sites=3, seed=4, strength=strength)
    (_, responses, predictions), *_ = tested.folds
    sites, regions = compared(responses, predictions, n_permutations=4000)
    for site, p in enumerate(sites["p_value"]):
        expected = permutation_test(
            (responses[:, site],),
            lambda y, axis, site=site: _correlations(y, predictions[:, site]),
            permutation_type="pairings",
            alternative="greater",
            n_resamples=4000,
            vectorized=True,
            rng=np.random.default_rng(7),
        ).pvalue
        assert p == pytest.approx(expected, abs=5 * np.sqrt(2 * p * (1 - p) / 4000) + 1e-3)
    means = measured(responses, predictions).mean(axis=0)
    for k, measure in enumerate(MEASURES):
        row = regions.iloc[0]
        assert row[f"{measure}_mean"] == pytest.approx(means[k])
        assert row[f"{measure}_chance_mean"] < row[f"{measure}_chance_high"]


def _correlations(y, prediction):
    y = y - y.mean(axis=-1, keepdims=True)
    prediction = prediction - prediction.mean()
    return (y @ prediction) / np.linalg.norm(y, axis=-1) / np.linalg.norm(prediction)


def test_the_p_of_the_region_is_of_the_mean_of_one_permutation_of_all_sites():
    """Sites that share their noise are no independent evidence."""
    rng = np.random.default_rng(0)
    responses = rng.normal(size=(40, 1)) + 0.01 * rng.normal(size=(40, 12))
    predictions = 0.3 * responses[:, :1] + rng.normal(size=(40, 1)) * np.ones(12)
    sites, regions = compared(responses, predictions, n_permutations=999)
    assert regions["pearson_r_p"].iloc[0] == pytest.approx(sites["p_value"].median(), abs=0.01)


def test_all_measures_of_a_site_have_the_same_p():
    tested = a_part(40, sites=6, strength=0.2)
    observed, permuted = scores_by_chance(
        tested, [tested.exchange.draw(np.random.default_rng(0), 300)]
    )
    p = p_of(observed, permuted)
    np.testing.assert_array_equal(p, p[:, :1] * np.ones(3))


def test_a_relation_is_found_and_noise_is_not():
    rng = np.random.default_rng(0)
    responses = rng.normal(size=(80, 10))
    predictions = rng.normal(size=(80, 10))
    predictions[:, :4] += responses[:, :4]
    split = np.array(["train", "test"] * 40, object)
    sites, regions = compared(responses, predictions, split=split)
    assert list(sites.columns) == SITE_COLUMNS and list(regions.columns) == REGION_COLUMNS
    assert set(sites["split"]) == {"test"}  # the readout has seen the train stimuli
    assert (sites["p_adjusted"].iloc[:4] < 0.05).all()
    assert (sites["p_value"].iloc[4:] > 0.02).all()
    row = regions.iloc[0]
    assert (row["n_sites"], row["n_tested"], row["n_above_chance"]) == (10, 10, 4)
    assert (row["n_blocks"], row["n_permutations"]) == (40, 499)
    assert row["explained_variance_mean"] < 0 < row["pearson_r_mean"]
    assert row["explained_variance_p"] == row["pearson_r_p"] == 1 / 500
    again = compared(responses, predictions, split=split)
    pd.testing.assert_frame_equal(sites, again[0])
    assert not sites.equals(compared(responses, predictions, split=split, seed=1)[0])


@pytest.mark.parametrize("n_sites", [1, 3])
def test_awkward_sites(n_sites):
    rng = np.random.default_rng(0)
    responses, predictions = rng.normal(size=(2, 12, n_sites))
    constant, unfitted, mute, partial = (
        compared(given, predicted, n_permutations=99)
        for given, predicted in (
            (responses, np.full_like(predictions, 0.1)),
            (responses, np.full_like(predictions, NAN)),
            (np.full_like(responses, 0.1), predictions),
            (np.where(np.arange(12)[:, None] < 7, responses, NAN), predictions),
        )
    )
    for sites, regions in (constant, unfitted, mute):
        assert sites[["pearson_r", "p_value", "p_adjusted", "chance_high"]].isna().all(axis=None)
        assert regions["n_tested"].iloc[0] == regions["n_above_chance"].iloc[0] == 0
        assert np.isnan(regions["pearson_r_p"].iloc[0])
    # A constant explains nothing of any responses, permuted or not.
    assert constant[1]["explained_variance_mean"].iloc[0] == pytest.approx(0, abs=1e-12)
    assert constant[1]["explained_variance_p"].iloc[0] == 1
    assert partial[0]["p_value"].notna().all() and partial[1]["n_blocks"].iloc[0] == 7


def test_one_constant_site_among_others_takes_nothing_from_them():
    responses, predictions = np.random.default_rng(0).normal(size=(2, 30, 3))
    whole, _ = compared(responses, predictions)
    predictions = predictions.copy()
    predictions[:, 1] = 2.0
    sites, regions = compared(responses, predictions)
    assert list(sites["p_value"].isna()) == [False, True, False]
    assert list(sites["p_value"].iloc[[0, 2]]) == list(whole["p_value"].iloc[[0, 2]])
    assert regions["n_tested"].iloc[0] == 2 and np.isfinite(regions["pearson_r_p"].iloc[0])


def test_five_stimuli_and_two():
    for n in (2, 5):
        responses, predictions = np.random.default_rng(1).normal(size=(2, n, 2))
        sites, regions = compared(responses, predictions, n_permutations=999)
        exact = 1 / 120 if n == 5 else 1 / 2
        assert (sites["p_value"] > exact / 2).all() and regions["n_blocks"].iloc[0] == n


def test_a_part_without_responses_has_no_row():
    responses, predictions = np.random.default_rng(1).normal(size=(2, 12, 2))
    responses[8:] = NAN
    split = np.array(["train"] * 4 + ["validation"] * 4 + ["test"] * 4, object)
    sites, regions = compared(responses, predictions, split=split)
    assert set(regions["split"]) == set(sites["split"]) == {"validation"}
    none = compared(responses[:4], predictions[:4], split=split[:4])
    assert none[0].empty and list(none[1].columns) == REGION_COLUMNS


def test_blocks_change_places_with_blocks_of_as_many():
    groups = np.array(list("aabbbccdddee"))
    exchange = Exchange.of(np.zeros(12), groups)
    assert exchange.n_blocks == 5
    drawn = exchange.draw(np.random.default_rng(0), 200)
    for order in drawn:
        assert sorted(order) == list(range(12))
        for group in set(groups):
            rows = np.flatnonzero(groups == group)
            came = order[rows]
            assert len(set(groups[came])) == 1 and (np.diff(came) == 1).all()
    assert len({tuple(order) for order in drawn}) == 12  # 3! · 2!


def test_what_has_no_partner_stays_and_nothing_to_exchange_is_no_test():
    alone = Exchange.of(np.zeros(6), np.array(list("abbccc")))
    assert alone.n_blocks == 0
    np.testing.assert_array_equal(
        alone.draw(np.random.default_rng(0), 3), np.tile(np.arange(6), (3, 1))
    )
    responses, predictions = np.random.default_rng(1).normal(size=(2, 6, 2))
    sites, regions = compared(responses, predictions, np.array(list("abbccc")))
    assert sites["pearson_r"].notna().all() and sites["p_value"].isna().all()
    assert regions["n_permutations"].iloc[0] == 0 and np.isnan(regions["r2_p"].iloc[0])


def test_strata_are_not_crossed():
    strata = np.repeat([0, 1, 2], 4)
    drawn = Exchange.of(strata).draw(np.random.default_rng(0), 50)
    assert (strata[drawn] == strata).all() and len({tuple(order) for order in drawn}) > 40


def test_views_of_a_scene_are_no_independent_evidence():
    """A relation of four scenes, seen eight times each, is one of four."""
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(4), 8)
    scene = rng.normal(size=(4, 1))
    responses = scene[groups] + 0.1 * rng.normal(size=(32, 1))
    predictions = scene[groups] + 0.1 * rng.normal(size=(32, 1))
    assert compared(responses, predictions)[0]["p_value"].iloc[0] < 0.01
    assert compared(responses, predictions, groups)[0]["p_value"].iloc[0] > 0.02  # of 24 orders


SETTINGS = {"test_fraction": 0.2, "folds": 5, "repeats": 6, "seed": 0}


def folds_of(method, n, seed=0):
    stimuli = pd.DataFrame({"stimulus_id": [f"i{i:03}" for i in range(n)]})
    return partitions_of(assign_split(stimuli, {**SETTINGS, "method": method, "seed": seed}))


@pytest.mark.parametrize("method", ["k_fold", "repeated"])
def test_the_spread_of_folds_is_that_of_its_definition(method):
    split = np.array([fold["split"] for fold in folds_of(method, 40).values()])
    tests, trains = split == "test", split == "train"
    weights = np.einsum("fi,fj->ij", tests.astype(float), trains.astype(float))
    pairs = np.triu_indices(40, 1)
    expected = ((weights + weights.T)[pairs] ** 2).sum() / (weights**2).sum()
    assert spread_of_folds(tests, trains) == pytest.approx(np.sqrt(expected))
    if method == "k_fold":
        assert expected == pytest.approx(2)
    assert spread_of_folds(tests[:1], trains[:1]) == 1
    values = np.array([1.0, 2.0, 6.0, NAN])
    np.testing.assert_allclose(spread(values, 2.0), [-1, 1, 9, NAN])


def ridge_in_folds(method, seed, n=60, features=20, sites=60):
    """Return the fits of a ridge regression to responses without any relation to the features."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, features)), rng.normal(size=(n, sites))
    fits = {}
    for name, fold in folds_of(method, n, seed).items():
        split = fold["split"].to_numpy()
        train = split == "train"
        centred = x - x[train].mean(axis=0)
        penalised = centred[train].T @ centred[train] + 20 * np.eye(features)
        weights = np.linalg.solve(penalised, centred[train].T @ (y[train] - y[train].mean(axis=0)))
        predictions = centred @ weights + y[train].mean(axis=0)
        predictions[split != "test"] = NAN
        fits[name] = StoredFit(predictions, split, np.ones(sites), np.zeros(sites, bool), 3)
    _, recording = a_fit(y, y, np.full(n, "test", object))
    return fits, recording


@pytest.mark.parametrize("method", ["k_fold", "repeated"])
def test_folds_without_relation_are_seldom_above_chance(method):
    """Of 480 sites 24 are expected under .05; without `spread_of_folds` there would be some 50."""
    p = []
    for seed in range(8):
        fits, recording = ridge_in_folds(method, seed)
        sites, regions = compare_with_chance(
            [("layer", fits)], recording, None, n_permutations=199, seed=seed
        )
        assert set(regions["split"]) == {"folds"} and regions["n_blocks"].iloc[0] > 40
        p.extend(sites["p_value"])
    assert 5 <= (np.array(p) < 0.05).sum() <= 42


def test_adjusted_leaves_out_what_was_not_tested():
    p = np.array([0.01, NAN, 0.02, 0.9])
    np.testing.assert_allclose(adjusted(p), [0.03, NAN, 0.03, 0.9])
    np.testing.assert_allclose(adjusted(p[[0, 2, 3]]), false_discovery_control([0.01, 0.02, 0.9]))
    assert np.isnan(adjusted(np.array([NAN]))).all()


def test_words():
    rng = np.random.default_rng(0)
    responses = rng.normal(size=(50, 3))
    _, regions = compared(responses, responses + rng.normal(size=(50, 3)))
    names = {"dataset": "d", "model": "net", "readout": "ridge"}
    keys = {"region": "IT", "layer": "layer", "split": "test"}
    summary = pd.DataFrame(
        [{**names, **keys, "layer_committed": True, "setting_committed": True, "r2_mean": 0.1}]
    )
    table = table_of_chance(regions.assign(**names), summary)
    assert len(table) == 1 and "r2_p" in table and table["r2_mean"].iloc[0] != 0.1
    models = {"net": {"label": "Net", "group": "g", "architecture": "a"}}
    text = chance_in_words(table, models, {"ridge": {"label": "Ridge"}})
    assert "| Net" in text and "3 of 3" in text and "499 times" in text and ".002" in text
    assert chance_in_words(table[:0], models, {}).startswith("| Region")
