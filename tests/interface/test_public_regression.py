"""The public regressions, against scikit-learn on the features themselves."""

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import RidgeCV

import ventral

ALPHAS = np.logspace(-2, 4, 19)


def planted(n, p, sites, seed=0, rank=None):
    """Return features with an offset, and responses that depend on some of them, with noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.normal(size=p)
    if rank is not None:
        X = rng.normal(size=(n, rank)) @ rng.normal(size=(rank, p)) + 3
    Y = X[:, : min(p, 20)] @ rng.normal(size=(min(p, 20), sites)) + rng.normal(size=(n, sites))
    return X, Y + 5


SHAPES = {
    "fewer features than stimuli": planted(80, 12, 4),
    "as many features as stimuli": planted(60, 60, 4),
    "far more features than stimuli": planted(50, 30_000, 4),
    "rank below both": planted(60, 200, 3, rank=15),
    "rank below few features": planted(80, 30, 3, rank=7),
    "one site": planted(70, 300, 1),
    "constant columns": (
        np.concatenate([planted(60, 40, 3)[0], np.full((60, 50), 7.0)], axis=1),
        planted(60, 40, 3)[1],
    ),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("per_site", [True, False])
def test_ridge_cv_is_scikit_learns(name, per_site):
    X, Y = SHAPES[name]
    train, test = slice(0, len(X) * 3 // 4), slice(len(X) * 3 // 4, None)
    # With many targets scikit-learn gives one alpha for each only in its default mode.
    theirs = RidgeCV(alphas=ALPHAS, alpha_per_target=per_site).fit(X[train], Y[train])
    ours = ventral.ridge_cv(X[train], Y[train], ALPHAS, per_site=per_site)
    np.testing.assert_array_equal(ours.alpha, np.broadcast_to(theirs.alpha_, ours.alpha.shape))
    expected = theirs.predict(X[test]).reshape(len(X) - train.stop, -1)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(ours.predict(X[test]), expected, atol=1e-9 * scale, rtol=0)
    np.testing.assert_allclose(
        X[test] @ ours.coefficients + ours.intercept, expected, atol=1e-8 * scale, rtol=0
    )
    np.testing.assert_array_equal(ours.alpha_on_edge, np.isin(ours.alpha, ALPHAS[[0, -1]]))


def test_one_dimensional_responses_give_one_dimensional_predictions():
    X, Y = planted(40, 200, 1)
    flat, column = ventral.ridge_cv(X, Y[:, 0]), ventral.ridge_cv(X, Y)
    assert flat.predict(X).shape == (40,)
    np.testing.assert_array_equal(flat.predict(X), column.predict(X)[:, 0])


def test_the_default_grid_follows_the_unit_of_the_features():
    X, Y = planted(60, 400, 2)
    once, scaled = ventral.ridge_cv(X, Y), ventral.ridge_cv(1000 * X, Y)
    np.testing.assert_allclose(scaled.alpha, 1e6 * once.alpha)
    np.testing.assert_allclose(scaled.predict(1000 * X), once.predict(X), rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int16])
def test_features_of_any_real_dtype_are_computed_in_float64(dtype):
    X, Y = planted(40, 500, 2)
    X = (X * 3).astype(dtype)
    exact = ventral.ridge_cv(X.astype(np.float64), Y, ALPHAS)
    ours = ventral.ridge_cv(X, Y, ALPHAS)
    np.testing.assert_allclose(ours.predict(X), exact.predict(X.astype(float)), rtol=1e-12)


def test_a_large_offset_of_the_features_does_not_matter():
    X, Y = planted(50, 300, 2)
    near, far = ventral.ridge_cv(X, Y, ALPHAS), ventral.ridge_cv(X + 1e6, Y, ALPHAS)
    np.testing.assert_allclose(far.predict(X + 1e6), near.predict(X), rtol=1e-6)


@pytest.mark.parametrize("name", ["fewer features than stimuli", "far more features than stimuli"])
def test_pls_is_scikit_learns(name):
    X, Y = SHAPES[name]
    theirs = PLSRegression(5, scale=False).fit(X, Y)
    ours = ventral.pls(X, Y, n_components=5)
    expected = theirs.predict(X)
    np.testing.assert_allclose(ours.predict(X), expected, atol=1e-6 * np.abs(expected).max())
    assert ours.n_components == 5
    assert np.isnan(ours.alpha).all()


def test_pls_of_one_site_is_scikit_learns_to_rounding():
    """One site needs no iteration, so that nothing but rounding is left."""
    X, Y = planted(60, 800, 1)
    expected = PLSRegression(6, scale=False).fit(X, Y).predict(X)
    ours = ventral.pls(X, Y, n_components=6).predict(X)
    np.testing.assert_allclose(ours, expected.reshape(60, 1), atol=1e-9 * np.abs(expected).max())


def with_value(array, value):
    changed = np.array(array, float)
    changed[3, 2] = value
    return changed


@pytest.mark.parametrize("fit", [ventral.ridge_cv, ventral.pls])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused_with_their_place(fit, value):
    X, Y = planted(30, 50, 4)
    for arguments in ((with_value(X, value), Y), (X, with_value(Y, value))):
        with pytest.raises(ventral.VentralError, match=rf"{value} at stimulus 3, \w+ 2 .*Remove"):
            fit(*arguments)


def test_values_beyond_the_first_slab_are_checked_too(monkeypatch):
    X, Y = planted(30, 50, 4)
    monkeypatch.setattr("ventral.interface.arrays.product_width", lambda n: 16)
    X[4, 40] = np.nan
    with pytest.raises(ventral.VentralError, match="stimulus 4, feature 40"):
        ventral.ridge_cv(X, Y)


X, Y = planted(30, 50, 4)
REFUSED = {
    "other stimuli": (lambda: ventral.ridge_cv(X, Y[:20]), "X has 30 stimuli and Y has 20"),
    "three dimensions": (lambda: ventral.ridge_cv(X[None], Y), r"shape \(stimuli, features\)"),
    "text": (lambda: ventral.ridge_cv(X.astype(str), Y), "real numbers"),
    "complex": (lambda: ventral.ridge_cv(X + 0j, Y), "real numbers"),
    "nothing": (lambda: ventral.ridge_cv(X[:0], Y[:0]), "must not be empty"),
    "constant features": (lambda: ventral.ridge_cv(np.ones((30, 50)), Y), "the same features"),
    "few constant features": (lambda: ventral.ridge_cv(np.ones((30, 5)), Y), "the same features"),
    "alpha of zero": (lambda: ventral.ridge_cv(X, Y, [0, 1]), "positive"),
    "no alphas": (lambda: ventral.ridge_cv(X, Y, []), "positive"),
    "too many latent components": (lambda: ventral.pls(X, Y, 40), "rank 29"),
    "no latent component": (lambda: ventral.pls(X, Y, 0), "at least 1"),
    "other features": (lambda: ventral.ridge_cv(X, Y).predict(X[:, :40]), "40 features.* 50"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_arguments_that_cannot_be_used_are_refused(name):
    call, said = REFUSED[name]
    with pytest.raises(ventral.VentralError, match=said):
        call()


def test_a_wide_array_is_never_copied_whole(tmp_path):
    """From a file of float32, the fit allocates less than the features would take in float64."""
    import tracemalloc

    n, p, sites = 100, 200_000, 5
    rng = np.random.default_rng(0)
    X = np.memmap(tmp_path / "X", np.float32, "w+", shape=(n, p))
    X[:] = rng.normal(size=(n, p))
    Y = rng.normal(size=(n, sites))
    tracemalloc.start()
    fit = ventral.ridge_cv(X, Y)
    fit.predict(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < X.nbytes / 2, "half of what the features take in float32"
