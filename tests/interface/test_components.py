"""Public principal components, against scikit-learn."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

import ventral

RNG = np.random.default_rng(0)
SHAPES = {
    "few features": (80, 12),
    "square": (40, 40),
    "many features": (50, 20_000),
}


@pytest.mark.parametrize("name", SHAPES)
def test_components_are_scikit_learns(name):
    n, p = SHAPES[name]
    X, other = RNG.normal(size=(n, p)) + 4, RNG.normal(size=(7, p)) + 4
    k = min(n - 1, p, 9)
    theirs, ours = PCA(k, svd_solver="full").fit(X), ventral.pca(X, k)
    directions = ours.directions()
    sign = np.sign((directions * theirs.components_).sum(axis=1))
    np.testing.assert_allclose(directions, sign[:, None] * theirs.components_, atol=1e-9)
    np.testing.assert_allclose(ours.scores, theirs.transform(X) * sign, atol=1e-9 * p**0.5)
    np.testing.assert_allclose(ours.transform(other), theirs.transform(other) * sign, atol=1e-8)
    np.testing.assert_allclose(ours.eigenvalues, theirs.explained_variance_ * (n - 1))
    np.testing.assert_allclose(ours.explained_variance_ratio, theirs.explained_variance_ratio_)
    assert ours.rank == min(n - 1, p)


@pytest.mark.parametrize(("n", "p"), [(60, 300), (60, 20)])
def test_the_rank_is_that_of_the_centred_features(n, p):
    X = RNG.normal(size=(n, 6)) @ RNG.normal(size=(6, p)) + RNG.normal(size=p)
    assert ventral.pca(X).rank == 6
    assert ventral.pca(X).scores.shape == (n, 6)
    with pytest.raises(ventral.VentralError, match=r"n_components is 7.*rank 6"):
        ventral.pca(X, 7)


def test_all_components_give_the_features_back():
    X = RNG.normal(size=(30, 100))
    found = ventral.pca(X)
    np.testing.assert_allclose(found.scores @ found.directions() + found.mean, X, atol=1e-10)
