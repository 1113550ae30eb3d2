"""Features predicted from sites, against scikit-learn on the features themselves."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeCV

from ventral.readouts.regression import alpha_grid
from ventral.similarity import features_from_sites
from ventral.similarity.features_from_sites import GRID, explain_components

RESAMPLING = {"seed": 0, "n_bootstrap": 50}


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 40)) * np.geomspace(10, 0.1, 40)
    y = x[:, :6] @ rng.normal(size=(6, 8)) + rng.normal(size=(90, 8)) + 3
    return x, y, np.arange(60), np.arange(60, 90)


def with_scikit_learn(x, y, train, test, n_components):
    pca = PCA(n_components, svd_solver="full").fit(x[train])
    components = pca.transform(x)
    centred = y[train] - y[train].mean(axis=0)
    alphas = alpha_grid(GRID, np.linalg.svd(centred, compute_uv=False) ** 2, len(train))
    fit = RidgeCV(alphas, alpha_per_target=True).fit(y[train], components[train])
    error = components[test] - fit.predict(y[test])
    share = pca.explained_variance_ratio_.sum()
    return error.var(axis=0), components[test].var(axis=0), share


def test_as_scikit_learn(data, monkeypatch):
    x, y, train, test = data
    monkeypatch.setattr(features_from_sites, "MOST_COMPONENTS", 12)
    errors, variances, share = with_scikit_learn(x, y, train, test, 12)
    found = explain_components(x @ x.T, y, [(train, test)], **RESAMPLING)
    weighted = np.average(1 - errors / variances, weights=variances)
    assert found.score == pytest.approx(weighted, abs=1e-8)
    assert found.share == pytest.approx(share) and found.n_components == 12
    assert found.low < found.score < found.high


def test_folds_are_scored_together(data):
    x, y, *_ = data
    folds = [(np.setdiff1d(np.arange(90), test), test) for test in np.array_split(np.arange(90), 3)]
    parts = [with_scikit_learn(x, y, *fold, 40)[:2] for fold in folds]
    errors, variances = np.array(parts).sum(axis=(0, 2))
    found = explain_components(x @ x.T, y, folds, **RESAMPLING)
    assert found.score == pytest.approx(1 - errors / variances, abs=1e-7)


def test_train_stimuli_without_a_response_are_left_out(data):
    x, y, train, test = data
    holes = y.copy()
    holes[[3, 17], [1, 2]] = np.nan
    found = explain_components(x @ x.T, holes, [(train, test)], **RESAMPLING)
    kept = np.setdiff1d(train, [3, 17])
    assert found == explain_components(x @ x.T, y, [(kept, test)], **RESAMPLING)


@pytest.mark.parametrize("constant", ["features", "sites"])
def test_nothing_is_told_by_constants(data, constant):
    x, y, train, test = data
    x, y = (np.ones((90, 3)), y) if constant == "features" else (x, np.full((90, 2), 3.1))
    assert np.isnan(explain_components(x @ x.T, y, [(train, test)], **RESAMPLING).score)


def test_sites_that_are_the_features_explain_all_of_them(data):
    x, _, train, test = data
    found = explain_components(x @ x.T, x, [(train, test)], **RESAMPLING)
    assert found.score == pytest.approx(1, abs=1e-4) and found.share == pytest.approx(1)
