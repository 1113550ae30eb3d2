"""Readouts on principal components and on raw features against scikit-learn and himalaya."""

import numpy as np
import pytest
from himalaya.ridge import Ridge as HimalayaRidge
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV
from sklearn.model_selection import LeaveOneOut

from helpers import layer_gram
from ventral.features.pca import fit_pca
from ventral.readouts.regression import (
    alpha_grid,
    fit_linear,
    fit_ridge,
    fit_ridge_cv,
    leave_one_out_errors,
)

ALPHAS = np.logspace(0, 7, 8)


def problem(shape, n_sites=6, seed=0):
    """Give float64 features, responses that follow some of them, and a train part."""
    rng = np.random.default_rng(seed)
    n, p = shape
    features = rng.normal(size=(n, p)) * np.linspace(3, 0.3, p) + 5
    weights = rng.normal(size=(p, n_sites)) * (rng.random((p, 1)) < 0.3)
    responses = features @ weights + rng.normal(size=(n, n_sites)) * np.linspace(0.1, 20, n_sites)
    return features, responses + 40, rng.permutation(n)[: int(0.7 * n)]


SHAPES = [(60, 12), (60, 42), (60, 400), (12, 3000)]


@pytest.fixture(params=SHAPES, ids=str)
def raw(request, tmp_path):
    """Features and the full-rank components that stand for them."""
    features, responses, train = problem(request.param)
    return features, responses, train, fit_pca(layer_gram(tmp_path, features), train, None)


def test_linear_on_raw_features(raw):
    features, responses, train, pcs = raw
    readout = fit_linear(pcs.scores[train], pcs.eigenvalues, responses[train])
    expected = LinearRegression().fit(features[train], responses[train]).predict(features)
    spread = responses.std()
    np.testing.assert_allclose(readout.predict(pcs.scores), expected, atol=1e-8 * spread)


@pytest.mark.parametrize("alpha", [1e-2, 1.0, 1e5])
def test_ridge_on_raw_features(raw, alpha):
    features, responses, train, pcs = raw
    readout = fit_ridge(pcs.scores[train], pcs.eigenvalues, responses[train], alpha)
    expected = Ridge(alpha, solver="svd").fit(features[train], responses[train]).predict(features)
    np.testing.assert_allclose(readout.predict(pcs.scores), expected, atol=1e-9 * responses.std())


@pytest.mark.parametrize("per_site", [True, False])
def test_ridge_cv_on_raw_features(raw, per_site):
    features, responses, train, pcs = raw
    readout = fit_ridge_cv(pcs.scores[train], pcs.eigenvalues, responses[train], ALPHAS, per_site)
    theirs = RidgeCV(ALPHAS, alpha_per_target=per_site).fit(features[train], responses[train])
    np.testing.assert_allclose(readout.alpha, theirs.alpha_)
    np.testing.assert_allclose(
        readout.predict(pcs.scores), theirs.predict(features), atol=1e-9 * responses.std()
    )


def test_sites_of_a_region_share_an_alpha_that_no_unit_decides(raw):
    _, responses, train, pcs = raw
    fitted, recorded = pcs.scores[train], responses[train]
    regions = np.where(np.arange(recorded.shape[1]) % 2, "IT", "V4")
    unit = np.where(np.arange(recorded.shape[1]) == 1, 1e4, 1.0)
    recorded = np.column_stack([recorded * unit, np.full(len(recorded), 3.0)])
    regions = np.append(regions, "IT")

    def alphas_of(values, where):
        return fit_ridge_cv(fitted, pcs.eigenvalues, values, ALPHAS, False, where).alpha

    shared = alphas_of(recorded, regions)
    for region in ("IT", "V4"):
        inside = regions == region
        assert len(set(shared[inside])) == 1
        # RidgeCV has one alpha for all its targets; of equal variance, they count alike.
        kept = inside & (recorded.std(axis=0) > 0)
        scaled = recorded[:, kept] / recorded[:, kept].std(axis=0)
        theirs = RidgeCV(ALPHAS).fit(fitted, scaled)
        np.testing.assert_allclose(shared[inside][0], theirs.alpha_)
    rng = np.random.default_rng(0)
    units = np.exp(rng.normal(size=recorded.shape[1]) * 3)
    np.testing.assert_array_equal(alphas_of(recorded * units, regions), shared)
    nothing = np.full((len(recorded), 2), 3.0)
    np.testing.assert_array_equal(alphas_of(nothing, np.array(["IT", "IT"])), ALPHAS[[0, 0]])


@pytest.mark.parametrize("k", [1, 5, 20])
def test_ridge_cv_on_components(k, tmp_path):
    features, responses, train = problem((70, 300))
    pcs = fit_pca(layer_gram(tmp_path, features), train, k)
    readout = fit_ridge_cv(pcs.scores[train], pcs.eigenvalues, responses[train], ALPHAS)
    theirs = RidgeCV(ALPHAS, alpha_per_target=True).fit(pcs.scores[train], responses[train])
    np.testing.assert_allclose(readout.alpha, theirs.alpha_)
    np.testing.assert_allclose(readout.predict(pcs.scores), theirs.predict(pcs.scores), rtol=1e-6)
    np.testing.assert_allclose(readout.coefficients, theirs.coef_.T, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("k", [1, 4, 25, 31])
def test_leave_one_out_is_what_refitting_gives(k):
    rng = np.random.default_rng(8)
    scores, responses = rng.normal(size=(32, k)), rng.normal(size=(32, 3))
    scores -= scores.mean(axis=0)
    vectors, singular, _ = np.linalg.svd(scores, full_matrices=False)
    if k == 31:
        vectors, singular = vectors[:, :31], singular[:31]
    components = vectors * singular
    alphas = np.array([1e-3, 1.0, 50.0])
    errors = leave_one_out_errors(components, singular**2, responses, alphas)
    for row, alpha in enumerate(alphas):
        residuals = [
            responses[test]
            - Ridge(alpha).fit(components[train], responses[train]).predict(components[test])
            for train, test in LeaveOneOut().split(components)
        ]
        np.testing.assert_allclose(
            errors[row], np.mean(np.square(residuals), axis=(0, 1)), rtol=1e-6
        )


def test_tiny_alpha_stays_finite_where_features_outnumber_stimuli(tmp_path):
    features, responses, train = problem((40, 900))
    pcs = fit_pca(layer_gram(tmp_path, features), train, None)
    alphas = np.array([1e-12, 1e-8, 1e-4])
    errors = leave_one_out_errors(pcs.scores[train], pcs.eigenvalues, responses[train], alphas)
    # As alpha → 0 the error tends to that of the minimum norm solution.
    np.testing.assert_allclose(errors[0], errors[2], rtol=1e-4)
    expected = [
        responses[train[i]]
        - LinearRegression()
        .fit(features[np.delete(train, i)], responses[np.delete(train, i)])
        .predict(features[train[i]][None])[0]
        for i in range(len(train))
    ]
    np.testing.assert_allclose(errors[0], np.mean(np.square(expected), axis=0), rtol=2e-3)


def test_ridge_agrees_with_himalaya(tmp_path):
    features, responses, train = problem((80, 30), n_sites=9)
    pcs = fit_pca(layer_gram(tmp_path, features), train, None)
    readout = fit_ridge_cv(pcs.scores[train], pcs.eigenvalues, responses[train], ALPHAS)
    theirs = HimalayaRidge(alpha=readout.alpha, fit_intercept=True)
    theirs.fit(features[train], responses[train])
    np.testing.assert_allclose(readout.predict(pcs.scores), theirs.predict(features), rtol=1e-5)


def test_edge_of_the_grid_is_flagged(tmp_path):
    features, responses, train = problem((60, 12))
    responses[:, 5] = np.random.default_rng(9).normal(size=60)  # nothing to predict
    pcs = fit_pca(layer_gram(tmp_path, features), train, None)
    readout = fit_ridge_cv(
        pcs.scores[train], pcs.eigenvalues, responses[train], np.array([1e-3, 1e-2, 1e-1])
    )
    assert readout.alpha_on_edge[5]
    assert readout.alpha[5] == 1e-1


def test_constant_site_is_predicted_by_its_constant(tmp_path):
    features, responses, train = problem((30, 8))
    responses[:, 2] = 3.25
    pcs = fit_pca(layer_gram(tmp_path, features), train, None)
    for readout in (
        fit_linear(pcs.scores[train], pcs.eigenvalues, responses[train]),
        fit_ridge_cv(pcs.scores[train], pcs.eigenvalues, responses[train], ALPHAS),
    ):
        np.testing.assert_allclose(readout.predict(pcs.scores)[:, 2], 3.25, atol=1e-12)


def test_dual_coefficients_weigh_the_train_stimuli(raw):
    features, responses, train, pcs = raw
    readout = fit_ridge(pcs.scores[train], pcs.eigenvalues, responses[train], 2.0)
    centred = features - features[train].mean(axis=0)
    np.testing.assert_allclose(
        centred @ (centred[train].T @ readout.dual_coefficients) + readout.intercept,
        readout.predict(pcs.scores),
        atol=1e-9 * responses.std(),
    )


def test_relative_grid_scales_with_the_features():
    eigenvalues = np.array([30.0, 10.0])
    settings = {"low": -1, "high": 1, "count": 3, "relative": True}
    np.testing.assert_allclose(alpha_grid(settings, eigenvalues, 20), [0.2, 2.0, 20.0])
    np.testing.assert_allclose(
        alpha_grid({**settings, "relative": False}, eigenvalues, 20), [0.1, 1.0, 10.0]
    )
