"""Principal components against scikit-learn's exact solver."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from helpers import layer_gram
from ventral.errors import VentralError
from ventral.features.pca import fit_pca


def features_of(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Give features with a falling spectrum, of an awkward shape."""
    n, p = {"p<n": (90, 25), "p=n": (60, 60), "p>>n": (70, 9_000)}.get(kind, (80, 2_000))
    values = rng.normal(size=(n, p)) * np.arange(1, p + 1) ** -0.7 + rng.normal(size=p)
    if kind == "constant columns":
        values[:, ::3] = 4.0
    if kind == "rank-deficient":
        values = values[:, :12] @ rng.normal(size=(12, p))
    if kind == "same stimuli":
        values[40:] = values[:40]
    return values.astype(np.float32)


KINDS = ["p<n", "p=n", "p>>n", "constant columns", "rank-deficient", "same stimuli"]


@pytest.mark.parametrize("kind", KINDS)
def test_equals_scikit_learn(kind, tmp_path):
    rng = np.random.default_rng(3)
    values = features_of(kind, rng)
    train = rng.permutation(len(values))[: int(len(values) * 0.7)]
    gram = layer_gram(tmp_path, values)
    ours = fit_pca(gram, train, None)
    exact = values.astype(np.float64)
    theirs = PCA(svd_solver="full").fit(exact[train])
    variances = theirs.explained_variance_ * (len(train) - 1)
    true_rank = int(np.linalg.matrix_rank(exact[train] - exact[train].mean(axis=0), tol=1e-3))
    assert ours.rank == true_rank
    k = ours.rank
    np.testing.assert_allclose(
        ours.eigenvalues, variances[:k], rtol=1e-9, atol=1e-12 * variances[0]
    )
    np.testing.assert_allclose(
        ours.explained_variance_ratio, theirs.explained_variance_ratio_[:k], atol=1e-12
    )
    expected = theirs.transform(exact)[:, :k]
    expected *= np.sign((expected[train] * ours.scores[train]).sum(axis=0))
    scale = np.sqrt(variances[0])
    np.testing.assert_allclose(ours.scores, expected, atol=1e-7 * scale)


def test_only_train_stimuli_decide(tmp_path):
    values = np.random.default_rng(4).normal(size=(50, 300))
    train = np.arange(30)
    first = fit_pca(layer_gram(tmp_path / "a", values), train, 10)
    values[30:] = np.random.default_rng(5).normal(size=(20, 300)) * 7
    second = fit_pca(layer_gram(tmp_path / "b", values), train, 10)
    np.testing.assert_allclose(second.scores[train], first.scores[train], atol=1e-10)
    np.testing.assert_allclose(second.eigenvalues, first.eigenvalues, rtol=1e-12)


def test_the_sign_is_fixed(tmp_path):
    values = np.random.default_rng(6).normal(size=(40, 200))
    scores = fit_pca(layer_gram(tmp_path / "a", values), np.arange(40), 12).scores
    negated = fit_pca(layer_gram(tmp_path / "b", -values), np.arange(40), 12).scores
    np.testing.assert_allclose(scores, negated, atol=1e-9)
    assert (scores[np.abs(scores).argmax(axis=0), np.arange(12)] > 0).all()


def test_more_components_than_rank_fail_with_both_numbers(tmp_path):
    gram = layer_gram(tmp_path, np.random.default_rng(7).normal(size=(40, 9)))
    with pytest.raises(VentralError, match=r"20 principal components .* have rank 9"):
        fit_pca(gram, np.arange(30), 20)
    assert fit_pca(gram, np.arange(30), 20, "use_rank").scores.shape == (40, 9)


def test_equal_stimuli_have_no_component(tmp_path):
    gram = layer_gram(tmp_path, np.ones((10, 5)))
    with pytest.raises(VentralError, match="all 8 train stimuli have the same features"):
        fit_pca(gram, np.arange(8), None)
