"""Errors on folds against scikit-learn's pipeline of PCA and ridge, fitted anew in each fold."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, KFold
from sklearn.pipeline import make_pipeline

from ventral.errors import VentralError
from ventral.features.pca import fit_pca
from ventral.readouts.fold_errors import fold_errors
from ventral.readouts.regression import fit_ridge, leave_one_out_errors

ALPHAS = np.array([1e-3, 1.0, 1e3])


def problem(n, p, sites=3):
    rng = np.random.default_rng(n + p)
    features = rng.normal(size=(n, p)) * np.logspace(1, -2, p) + 5 * rng.normal(size=p)
    weights = rng.normal(size=(p, sites))
    return features, features @ weights + 3 * rng.normal(size=(n, sites)) + 10


def gram_of(features):
    centred = features - features.mean(axis=0)
    return centred @ centred.T


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize(("n", "p", "k"), [(60, 200, 10), (60, 200, 1), (80, 12, 12), (33, 40, 20)])
def test_equals_a_pipeline_that_is_fitted_in_each_fold(n, p, k, grouped):
    features, responses = problem(n, p)
    groups = np.arange(n) % 7 if grouped else None
    folds = GroupKFold(7, shuffle=True, random_state=0) if grouped else None
    folds = folds or KFold(10, shuffle=True, random_state=0)
    expected = np.zeros((len(ALPHAS), responses.shape[1]))
    for inside, left_out in folds.split(features, groups=groups):
        for index, alpha in enumerate(ALPHAS):
            pipeline = make_pipeline(PCA(k, svd_solver="full"), Ridge(alpha, solver="svd"))
            predicted = pipeline.fit(features[inside], responses[inside]).predict(
                features[left_out]
            )
            expected[index] += ((responses[left_out] - predicted) ** 2).sum(axis=0)
    found = fold_errors(gram_of(features), responses, k, ALPHAS, groups=groups)
    np.testing.assert_allclose(found, expected / n, rtol=1e-7)


def test_with_as_many_folds_as_stimuli_and_all_components_it_is_leave_one_out():
    features, responses = problem(9, 30)
    gram = gram_of(features)
    eigenvalues, vectors = np.linalg.eigh(gram)
    scores, eigenvalues = vectors[:, 1:] * np.sqrt(eigenvalues[1:]), eigenvalues[1:]
    expected = leave_one_out_errors(scores, eigenvalues, responses, ALPHAS)
    np.testing.assert_allclose(fold_errors(gram, responses, 8, ALPHAS), expected, rtol=1e-7)


def test_one_group_cannot_be_left_out():
    features, responses = problem(9, 30)
    with pytest.raises(VentralError, match="choose_alpha: groups: all train stimuli are of one"):
        fold_errors(gram_of(features), responses, 8, ALPHAS, groups=np.zeros(9))


def test_the_error_on_new_stimuli_is_that_of_folds():
    """Leave-one-out on components that saw the stimulus is wrong by more than its folds are."""
    rng = np.random.default_rng(0)
    features, responses = rng.normal(size=(400, 2000)), rng.normal(size=(400, 40))
    responses += features[:, :1]
    train, new = np.arange(100), np.arange(100, 400)
    components = fit_pca(gram_of(features), train, 50)
    fitted, alphas = components.scores[train], np.array([1e-6]) * components.eigenvalues[0]
    readout = fit_ridge(fitted, components.eigenvalues, responses[train], alphas[0])
    truth = ((readout.predict(components.scores[new]) - responses[new]) ** 2).mean()
    of_folds = fold_errors(gram_of(features[train]), responses[train], 50, alphas).mean()
    left_out = leave_one_out_errors(fitted, components.eigenvalues, responses[train], alphas)
    assert of_folds == pytest.approx(truth, rel=0.1)
    assert left_out.mean() > 1.5 * truth
