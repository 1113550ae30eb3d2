"""Sites that lack responses to some train stimuli, against scikit-learn on those they have."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV
from sklearn.model_selection import KFold

from ventral.data.responses import Responses
from ventral.errors import VentralError
from ventral.features.gram import gram_of_array
from ventral.features.pca import fit_pca
from ventral.readouts.fit import fit_readout
from ventral.readouts.regression import alpha_grid

N, SITES = 70, 8
GRID = {"low": -4, "high": 2, "count": 13, "relative": True}
RIDGE_CV = {"method": "ridge_cv", "alphas": GRID, "alpha_for": "site"}


def problem(width, n_components=None, seed=0):
    """Give features, responses of which many are missing, train rows and components."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(N, width)) * np.linspace(3, 0.3, width) + 5
    weights = rng.normal(size=(width, SITES)) * (rng.random((width, 1)) < 0.3)
    values = features @ weights + rng.normal(size=(N, SITES)) * np.linspace(1, 30, SITES) + 40
    train = rng.permutation(N)[:50]
    values[rng.random(values.shape) < 0.25] = np.nan
    values[:, 5] = rng.normal(size=N)  # complete
    values[:, 4] = np.where(np.isnan(values[:, 3]), np.nan, values[:, 4])
    values[np.isnan(values[:, 4]), 3] = np.nan  # the same as site 4
    gram = gram_of_array(features)
    pcs = fit_pca(gram, train, n_components)
    every = fit_pca(gram, train, None).scores
    return features, responses(values), train, pcs, every


def responses(values):
    regions = np.where(np.arange(values.shape[1]) % 3, "IT", "V4")
    names = [f"s{i}" for i in range(values.shape[1])]
    sites = pd.DataFrame({"site_id": names, "region": regions, "animal": "A"})
    return Responses(np.array([f"i{i}" for i in range(len(values))], object), sites, values)


def each_site(recorded, train):
    for site in range(SITES):
        rows = train[~np.isnan(recorded.average[train, site])]
        yield site, rows, recorded.average[rows, site]


@pytest.mark.parametrize("width", [12, 45, 400])
@pytest.mark.parametrize(
    ("settings", "theirs"),
    [
        ({"method": "linear"}, LinearRegression()),
        ({"method": "ridge", "alpha": 3.0}, Ridge(3.0, solver="svd")),
    ],
)
def test_fixed_methods_on_raw_features(width, settings, theirs):
    features, recorded, train, pcs, _ = problem(width)
    readout, scores = fit_readout(settings, pcs.scores, pcs.eigenvalues, recorded, train)
    predictions = readout.predict(scores)
    for site, rows, own in each_site(recorded, train):
        expected = theirs.fit(features[rows], own).predict(features)
        np.testing.assert_allclose(predictions[:, site], expected, atol=1e-8 * own.std())
    # the weights of the stimuli give the same coefficients, and none to those without a response
    dual = readout.dual_coefficients
    assert (dual[np.isnan(recorded.average[train])] == 0).all()
    np.testing.assert_allclose(pcs.scores[train].T @ dual, readout.coefficients, atol=1e-8)


@pytest.mark.parametrize(("width", "k"), [(12, None), (400, None), (400, 10), (400, 30)])
def test_ridge_cv(width, k):
    features, recorded, train, pcs, _ = problem(width, k)
    readout, scores = fit_readout(RIDGE_CV, pcs.scores, pcs.eigenvalues, recorded, train)
    alphas = alpha_grid(GRID, pcs.eigenvalues, len(train))
    read = features if k is None else pcs.scores
    for site, rows, own in each_site(recorded, train):
        theirs = RidgeCV(alphas).fit(read[rows], own)
        np.testing.assert_allclose(readout.alpha[site], theirs.alpha_)
        np.testing.assert_allclose(
            readout.predict(scores)[:, site], theirs.predict(read), atol=1e-8 * own.std()
        )
        assert readout.alpha_on_edge[site] == (readout.alpha[site] in alphas[[0, -1]])


@pytest.mark.parametrize("of", ["region", "all_sites"])
def test_sites_that_share_an_alpha_have_their_errors_on_their_own_stimuli(of):
    features, recorded, train, pcs, _ = problem(45)
    settings = RIDGE_CV | {"alpha_for": of}
    readout, scores = fit_readout(settings, pcs.scores, pcs.eigenvalues, recorded, train)
    alphas = alpha_grid(GRID, pcs.eigenvalues, len(train))
    errors, variances = np.empty((len(alphas), SITES)), np.empty(SITES)
    for site, rows, own in each_site(recorded, train):
        theirs = RidgeCV(alphas, store_cv_results=True).fit(features[rows], own)
        errors[:, site] = theirs.cv_results_.mean(axis=0)
        variances[site] = own.var()
    regions = recorded.sites["region"].to_numpy()
    for site, rows, own in each_site(recorded, train):
        together = regions == regions[site] if of == "region" else np.ones(SITES, bool)
        units = variances[together] if of == "region" else 1
        best = alphas[(errors[:, together] / units).mean(axis=1).argmin()]
        assert readout.alpha[site] == best
        expected = Ridge(best, solver="svd").fit(features[rows], own).predict(features)
        np.testing.assert_allclose(
            readout.predict(scores)[:, site], expected, atol=1e-8 * own.std()
        )


def test_alphas_chosen_on_folds():
    features, recorded, train, pcs, every = problem(400, 10)
    settings = RIDGE_CV | {"choose_alpha": "k_fold"}
    readout, _ = fit_readout(settings, pcs.scores, pcs.eigenvalues, recorded, train, every)
    alphas = alpha_grid(GRID, pcs.eigenvalues, len(train))
    for site, rows, own in each_site(recorded, train):
        errors = np.zeros(len(alphas))
        for inside, out in KFold(10, shuffle=True, random_state=0).split(rows):
            found = fit_pca(gram_of_array(features), rows[inside], 10)
            for index, alpha in enumerate(alphas):
                ridge = Ridge(alpha).fit(found.scores[rows[inside]], own[inside])
                errors[index] += ((ridge.predict(found.scores[rows[out]]) - own[out]) ** 2).sum()
        assert readout.alpha[site] == alphas[errors.argmin()]


def test_pls_fits_sites_of_the_same_region_and_stimuli_together():
    features, recorded, train, pcs, _ = problem(45)
    settings = {"method": "pls", "n_components": 3}
    recorded.sites["region"] = ["IT"] * SITES
    readout, scores = fit_readout(settings, pcs.scores, pcs.eigenvalues, recorded, train)
    for sites in ([0], [3, 4], [5]):
        rows = train[~np.isnan(recorded.average[train, sites[0]])]
        own = recorded.average[np.ix_(rows, sites)]
        expected = PLSRegression(3, scale=False).fit(features[rows], own).predict(features)
        np.testing.assert_allclose(
            readout.predict(scores)[:, sites], expected.reshape(N, -1), rtol=1e-5
        )


def test_complete_sites_are_fitted_as_if_there_were_no_others():
    _, recorded, train, pcs, _ = problem(45)
    readout, scores = fit_readout(RIDGE_CV, pcs.scores, pcs.eigenvalues, recorded, train)
    alone = responses(recorded.average[:, [5]])
    theirs, _ = fit_readout(RIDGE_CV, pcs.scores, pcs.eigenvalues, alone, train)
    np.testing.assert_allclose(readout.predict(scores)[:, [5]], theirs.predict(scores), rtol=1e-10)
    assert readout.alpha[5] == theirs.alpha[0]


@pytest.mark.parametrize("of", ["site", "region", "all_sites"])
@pytest.mark.parametrize("choose", ["leave_one_out", "k_fold"])
def test_too_few_responses_leave_a_site_without_a_fit(of, choose):
    _, recorded, train, pcs, _ = problem(45)
    settings = RIDGE_CV | {"alpha_for": of, "choose_alpha": choose}
    recorded.average[train, 0] = np.nan
    recorded.average[train[1:], 1] = np.nan
    recorded.average[train[0], 1] = 1.0
    recorded.average[train[2:], 2] = np.nan
    recorded.average[train[:2], 2] = [1.0, 2.0]
    readout, scores = fit_readout(settings, pcs.scores, pcs.eigenvalues, recorded, train)
    predictions = readout.predict(scores)
    assert np.isnan(predictions[:, :2]).all() and np.isfinite(predictions[:, 2:]).all()
    assert np.isnan(readout.alpha[:2]).all() and not readout.alpha_on_edge[:2].any()


def test_equal_images_have_the_mean_response():
    features, recorded, train, pcs, _ = problem(12)
    features[train[:4]] = features[train[0]]
    pcs = fit_pca(gram_of_array(features), train, None)
    recorded.average[train, 2] = np.nan
    recorded.average[train[:4], 2] = [1, 2, 3, 6]
    readout, scores = fit_readout(RIDGE_CV, pcs.scores, pcs.eigenvalues, recorded, train)
    np.testing.assert_allclose(readout.predict(scores)[train[:4], 2], 3, atol=1e-3)


def test_what_cannot_be_fitted_is_named():
    _, recorded, train, pcs, _ = problem(45)
    recorded.average[train[3:], 2] = np.nan
    recorded.average[train[:3], 2] = [1, 2, 4]
    with pytest.raises(VentralError, match="1 sites with responses to 3 train stimuli: pls is to"):
        fit_readout(
            {"method": "pls", "n_components": 3}, pcs.scores, pcs.eigenvalues, recorded, train
        )
    recorded.average[train[7]] = np.nan
    with pytest.raises(VentralError, match="1 train stimuli have no responses"):
        fit_readout(RIDGE_CV, pcs.scores, pcs.eigenvalues, recorded, train)
