"""Public scores and noise ceilings, against scikit-learn, scipy and planted noise."""

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import explained_variance_score, r2_score

import ventral

RNG = np.random.default_rng(1)
Y = RNG.normal(size=(40, 3))
PREDICTED = 0.6 * Y + RNG.normal(size=(40, 3)) + 0.5


def test_scores_are_those_of_scikit_learn_and_scipy():
    scores = ventral.score(Y, PREDICTED, [0.5, 0.8, 0.05])
    raw = {"multioutput": "raw_values"}
    np.testing.assert_allclose(scores.r2, r2_score(Y, PREDICTED, **raw))
    np.testing.assert_allclose(
        scores.explained_variance, explained_variance_score(Y, PREDICTED, **raw)
    )
    correlation = [pearsonr(Y[:, site], PREDICTED[:, site])[0] for site in range(3)]
    np.testing.assert_allclose(scores.pearson_r, correlation)
    np.testing.assert_allclose(scores.r2_ceiled, scores.pearson_r**2 / [0.5, 0.8, np.nan])


def test_predictions_of_the_wrong_sign_have_a_negative_ceiled_score():
    right, wrong = ventral.score(Y, PREDICTED, [0.8] * 3), ventral.score(Y, -PREDICTED, [0.8] * 3)
    np.testing.assert_allclose(wrong.r2_ceiled, -right.r2_ceiled)
    assert (right.r2_ceiled > 0).all()


def test_without_a_ceiling_there_is_no_ceiled_score():
    assert np.isnan(ventral.score(Y, PREDICTED).r2_ceiled).all()


def test_one_dimension_is_one_site():
    np.testing.assert_allclose(
        ventral.score(Y[:, 0], PREDICTED[:, 0]).r2, ventral.score(Y, PREDICTED).r2[:1]
    )


def test_a_noise_ceiling_recovers_planted_noise():
    """With unit signal and noise of variance v, the average of r trials has reliability
    1/(1 + v/r).
    """
    variance, trials = np.array([0.5, 2.0, 8.0]), 10
    signal = RNG.normal(size=(5000, 3, 1))
    noise = np.sqrt(variance)[:, None] * RNG.normal(size=(5000, 3, trials))
    found = ventral.noise_ceiling(signal + noise)
    np.testing.assert_allclose(found.reliability, 1 / (1 + variance / trials), atol=0.02)
    np.testing.assert_array_equal(found.n_repetitions, [trials] * 3)


def test_missing_repetitions_are_not_counted():
    repetitions = RNG.normal(size=(100, 1, 6)) + RNG.normal(size=(100, 1, 1))
    padded = np.concatenate([repetitions, np.full((100, 1, 2), np.nan)], axis=2)
    assert ventral.noise_ceiling(padded).n_repetitions == [6]
    assert np.isfinite(ventral.noise_ceiling(padded[:, 0]).reliability).all()


REFUSED = {
    "other stimuli": (lambda: ventral.score(Y, PREDICTED[:20]), "40 stimuli.* has 20"),
    "other sites": (lambda: ventral.score(Y, PREDICTED[:, :2]), "3 sites.* have 2"),
    "NaN": (lambda: ventral.score(np.full((4, 2), np.nan), np.ones((4, 2))), "nan at stimulus 0"),
    "one stimulus": (lambda: ventral.score(Y[:1], PREDICTED[:1]), "two stimuli"),
    "another number of ceilings": (lambda: ventral.score(Y, PREDICTED, [0.5]), "3 sites.* 1"),
    "one repetition": (lambda: ventral.noise_ceiling(Y[:, :, None]), "two repetitions"),
    "infinite": (lambda: ventral.noise_ceiling(np.full((4, 2, 3), np.inf)), "infinite"),
    "one dimension": (lambda: ventral.noise_ceiling(Y[:, 0]), "shape"),
    "no halving": (lambda: ventral.noise_ceiling(np.ones((4, 2, 3)), n_splits=0), "n_splits"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_arguments_that_cannot_be_used_are_refused(name):
    call, said = REFUSED[name]
    with pytest.raises(ventral.VentralError, match=said):
        call()
