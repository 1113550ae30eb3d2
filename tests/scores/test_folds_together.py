"""Folds that test each stimulus once are scored together, and others are means over folds."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_predict

from ventral.data.assign_split import fold_partitions
from ventral.data.responses import Responses
from ventral.readouts.fit_store import StoredFit
from ventral.scores.measures import cross_site_correlation, explained_variance, pearson_r, r2
from ventral.scores.score import score_layers

SITES = 4
TRUTH = 0.61


def a_data_set(seed, n=60, features=3):
    """Return features and responses whose best prediction has the R² `TRUTH` at every site."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, features))
    weights = rng.normal(size=(features, SITES))
    weights *= np.sqrt(TRUTH / (1 - TRUTH)) / np.linalg.norm(weights, axis=0)
    return x, x @ weights + rng.normal(size=(n, SITES)), x @ weights


def stored(prediction, partitions):
    return {
        f"fold_{number}": StoredFit(
            predictions=np.where((split == "test")[:, None], prediction(split), np.nan),
            split=split,
            alpha=np.full(SITES, float(number)),
            alpha_on_edge=np.zeros(SITES, bool),
            n_components=3,
        )
        for number, split in enumerate(partitions)
    }


def scored(prediction, responses, partitions):
    n = len(responses)
    ids = np.array([f"s{i:02}" for i in range(n)], object)
    sites = pd.DataFrame({"site_id": list("abcd"), "region": "IT", "animal": ""})
    names = [*(f"ceiling_fold_{i}" for i in range(len(partitions))), "ceiling_folds"]
    ceilings = sites.assign(**dict.fromkeys(names, 0.9))
    layer = ("layer", stored(prediction, partitions))
    return score_layers(
        [layer],
        Responses(ids, sites, responses),
        ceilings,
        ceiling_floor=0.1,
        seed=0,
        n_bootstrap=20,
    )


def test_small_folds_of_a_known_truth():
    """The best prediction that there is, in ten folds of six stimuli, over many data sets."""
    together, means = [], []
    for seed in range(40):
        _, responses, best = a_data_set(seed)
        partitions = fold_partitions(60, "k_fold", 10, seed=seed)
        sites, population, _ = scored(lambda _, best=best: best, responses, partitions)
        means.append(sites.loc[sites["split"].str.startswith("fold_"), "r2"].mean())
        together.append(sites.loc[sites["split"] == "folds", "r2"].mean())
        assert population["r2_mean"].item() == pytest.approx(together[-1])
        assert population["n_stimuli"].item() == 60
    assert np.mean(together) == pytest.approx(TRUTH, abs=0.02)
    assert np.mean(means) < TRUTH - 0.15


def test_predictions_of_k_folds_are_scored_as_scikit_learn_would():
    x, responses, _ = a_data_set(1)
    partitions = fold_partitions(60, "k_fold", 5, seed=3)

    def fitted(split):
        train = split == "train"
        return Ridge(2.0).fit(x[train], responses[train]).predict(x)

    sites, population, _ = scored(fitted, responses, partitions)
    folds = KFold(5, shuffle=True, random_state=3)
    expected = cross_val_predict(Ridge(2.0), x, responses, cv=folds)
    found = sites[sites["split"] == "folds"]
    for name, measure in (("r2", r2), ("explained_variance", explained_variance)):
        np.testing.assert_allclose(found[name], measure(responses, expected))
    np.testing.assert_allclose(found["pearson_r"], pearson_r(responses, expected))
    assert (found["alpha"] == 2).all() and (found["ceiling"] == 0.9).all()
    assert population["cross_site_correlation"].item() == pytest.approx(
        cross_site_correlation(responses, expected)
    )


def test_repeated_folds_keep_their_means():
    _, responses, best = a_data_set(2)
    partitions = fold_partitions(60, "repeated", 4, test_fraction=0.5, seed=0)
    sites, population, _ = scored(lambda _: best, responses, partitions)
    of_folds = [r2(responses[s == "test"], best[s == "test"]) for s in partitions]
    together = sites[sites["split"] == "folds"]
    np.testing.assert_allclose(together["r2"], np.mean(of_folds, axis=0))
    tested = np.any([split == "test" for split in partitions], axis=0)
    assert population["n_stimuli"].item() == tested.sum()
