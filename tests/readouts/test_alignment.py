"""The ridge error told apart, against hat matrices, theory and fits of scikit-learn."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

from ventral.features.pca import fit_all_components
from ventral.readouts.alignment import predicted_ridge_error, response_alignment

RNG = np.random.default_rng(3)


def problem(n=40, p=90, sites=3, decay=1.0, noise=0.5):
    """Return features with a decaying spectrum, responses, train scores and eigenvalues."""
    features = RNG.normal(size=(n, p)) * np.arange(1, p + 1.0) ** (-decay / 2)
    weights = RNG.normal(size=(p, sites))
    responses = features @ weights + noise * RNG.normal(size=(n, sites))
    found = fit_all_components(features @ features.T, np.arange(n))
    return features, responses, found.scores, found.eigenvalues


def test_alignment_is_that_of_scikit_learns_components_and_sums_to_one():
    features, responses, scores, eigenvalues = problem()
    found = response_alignment(scores, eigenvalues, responses)
    fitted = PCA(svd_solver="full").fit(features)
    theirs = fitted.transform(features)[:, :39]
    vectors = theirs / np.linalg.norm(theirs, axis=0)
    centred = responses - responses.mean(axis=0)
    expected = (vectors.T @ centred) ** 2 / (centred**2).sum(axis=0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.sum(axis=0), 1, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("n", "p"), [(40, 90), (40, 12), (12, 1)])
def test_the_error_is_generalised_cross_validation_and_its_parts_add_up(n, p):
    features, responses, scores, eigenvalues = problem(n, p)
    alpha = np.array([0.1, 3.0, 50.0])
    found = predicted_ridge_error(scores, eigenvalues, responses, alpha)
    for site, penalty in enumerate(alpha):
        centred = features - features.mean(axis=0)
        inner = np.linalg.solve(centred.T @ centred + penalty * np.eye(p), centred.T)
        hat = centred @ inner + 1 / n
        residual = responses[:, site] - hat @ responses[:, site]
        own = (residual**2).mean() / (1 - np.trace(hat) / n) ** 2
        assert found.total[site] == pytest.approx(own / responses[:, site].var(), rel=1e-9)
        # Spread evenly: the mean over an orthonormal basis of all centred responses.
        basis = np.linalg.svd(np.eye(n) - 1 / n)[0][:, : n - 1]
        even = ((basis - hat @ basis) ** 2).sum(axis=0).mean() / (1 - np.trace(hat) / n) ** 2
        assert found.from_eigenvalues[site] == pytest.approx(even, rel=1e-9)
        model = Ridge(alpha=penalty).fit(features, responses[:, site])
        fitted = responses[:, site] - model.predict(features)
        expected = responses[:, site] - fitted / (1 - np.trace(hat) / n)
        np.testing.assert_allclose(found.estimates[:, site], expected, rtol=0, atol=1e-8)
    whole = ((responses - found.estimates) ** 2).mean(axis=0) / responses.var(axis=0)
    np.testing.assert_allclose(found.total, whole, rtol=1e-9)
    np.testing.assert_allclose(found.from_eigenvalues + found.from_alignment, found.total)


def theory(population, power, n, alpha, noise):
    """Return the generalisation error of Canatar et al. (2021), equations 4 and 5, solved for κ."""
    low, high = 1e-12, alpha + population.sum() + 1
    for _ in range(200):
        kappa = (low + high) / 2
        implied = alpha / n + kappa * (population / (n * (population + kappa))).sum()
        low, high = (kappa, high) if implied > kappa else (low, kappa)
    gamma = (n * population**2 / (n * population + n * kappa) ** 2).sum()
    bias = (power * kappa**2 / (population + kappa) ** 2).sum()
    return (bias + noise) / (1 - gamma)


def test_the_error_is_that_of_the_theory_of_the_population_and_of_new_stimuli():
    n, p, noise, sites = 300, 600, 0.3, 60
    population = np.arange(1, p + 1.0) ** -1.2
    weights = RNG.normal(size=(p, sites)) * (np.arange(p)[:, None] < 30)
    power = (weights**2).mean(axis=1) * population

    def draw(count):
        features = RNG.normal(size=(count, p)) * np.sqrt(population)
        return features, features @ weights + np.sqrt(noise) * RNG.normal(size=(count, sites))

    (features, responses), (new, recorded) = draw(n), draw(3000)
    found = fit_all_components(features @ features.T, np.arange(n))
    for penalty in (1.0, 30.0):
        alpha = np.full(sites, penalty)
        error = predicted_ridge_error(found.scores, found.eigenvalues, responses, alpha)
        predicted = (error.total * responses.var(axis=0)).mean()
        residual = recorded - Ridge(alpha=penalty).fit(features, responses).predict(new)
        measured = (residual**2).mean()
        expected = theory(population, power, n, penalty, noise)
        assert predicted == pytest.approx(expected, rel=0.06)
        assert predicted == pytest.approx(measured, rel=0.06)
        assert (error.from_alignment < 0).all()  # the signal lies along the first components


def test_sites_that_lack_responses_are_as_if_the_others_were_all():
    features, responses, scores, eigenvalues = problem(sites=4)
    alpha = np.full(4, 2.0)
    partial = responses.copy()
    partial[RNG.random(partial.shape) < 0.2] = np.nan
    partial[:, 3] = np.nan
    partial[0, 3] = 1.0
    found = predicted_ridge_error(scores, eigenvalues, partial, alpha)
    for site in range(3):
        rows = np.flatnonzero(~np.isnan(partial[:, site]))
        own = fit_all_components(features[rows] @ features[rows].T, np.arange(len(rows)))
        alone = predicted_ridge_error(
            own.scores, own.eigenvalues, partial[rows, site : site + 1], alpha[:1]
        )
        assert found.total[site] == pytest.approx(alone.total[0], rel=1e-9)
        assert found.from_eigenvalues[site] == pytest.approx(alone.from_eigenvalues[0], rel=1e-9)
        assert (np.isnan(found.estimates[:, site]) == np.isnan(partial[:, site])).all()
    assert np.isnan(found.total[3]) and np.isnan(found.estimates[:, 3]).all()


def test_a_constant_site_has_no_error():
    _, responses, scores, eigenvalues = problem()
    responses[:, 1] = 4.2
    found = predicted_ridge_error(scores, eigenvalues, responses, np.ones(3))
    for values in (found.total, found.from_eigenvalues, found.from_alignment):
        assert np.isnan(values).tolist() == [False, True, False]
