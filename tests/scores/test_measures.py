"""Scores against scikit-learn and scipy, and the inequality between them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr
from sklearn.metrics import explained_variance_score, r2_score

from ventral.scores.measures import cross_site_correlation, explained_variance, pearson_r, r2


@pytest.mark.parametrize("shape", [(3, 1), (40, 7), (500, 2)])
def test_against_scikit_learn_and_scipy(shape):
    rng = np.random.default_rng(0)
    responses = rng.normal(size=shape) * 3 + 10
    predictions = responses * 0.4 + rng.normal(size=shape) + 2
    np.testing.assert_allclose(
        r2(responses, predictions), r2_score(responses, predictions, multioutput="raw_values")
    )
    np.testing.assert_allclose(
        explained_variance(responses, predictions),
        explained_variance_score(responses, predictions, multioutput="raw_values"),
    )
    expected = [pearsonr(y, p)[0] for y, p in zip(responses.T, predictions.T, strict=True)]
    np.testing.assert_allclose(pearson_r(responses, predictions), expected)


def test_cross_site_correlation_is_the_mean_of_the_block():
    rng = np.random.default_rng(1)
    responses, predictions = rng.normal(size=(30, 5)), rng.normal(size=(30, 5))
    block = np.corrcoef(responses.T, predictions.T)[:5, 5:]
    np.testing.assert_allclose(cross_site_correlation(responses, predictions), block.mean())
    predictions[:, 3] = 1.0
    kept = np.delete(block, 3, axis=1)
    np.testing.assert_allclose(cross_site_correlation(responses, predictions), kept.mean())


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9])
def test_a_constant_site_is_nan_and_alone(value):
    rng = np.random.default_rng(2)
    responses, predictions = rng.normal(size=(20, 3)), rng.normal(size=(20, 3))
    responses[:, 1] = value
    for measure in (r2, explained_variance, pearson_r):
        scores = measure(responses, predictions)
        assert np.isnan(scores[1])
        assert np.isfinite(scores[[0, 2]]).all()


def test_a_constant_prediction_has_no_correlation_but_a_score():
    responses = np.random.default_rng(3).normal(size=(20, 1))
    predictions = np.full((20, 1), responses.mean())
    assert np.isnan(pearson_r(responses, predictions))
    np.testing.assert_allclose(r2(responses, predictions), 0, atol=1e-12)


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(3, 60),
    scale=st.floats(1e-6, 1e6),
    offset=st.floats(-1e3, 1e3),
    mixing=st.floats(-2, 2),
)
def test_r2_under_explained_variance_under_squared_correlation(seed, n, scale, offset, mixing):
    rng = np.random.default_rng(seed)
    responses = rng.normal(size=(n, 3))
    predictions = scale * (mixing * responses + rng.normal(size=(n, 3))) + offset
    low, middle = r2(responses, predictions), explained_variance(responses, predictions)
    high = pearson_r(responses, predictions) ** 2
    slack = 1e-9 * (1 + np.abs(low))
    assert (low <= middle + slack).all()
    assert (middle <= high + 1e-9 * (1 + np.abs(middle))).all()
