"""What training gained over its start, on the stimuli that had no part in it."""

import numpy as np
from scipy.stats import bootstrap

from ventral.scores.resampling import Difference, compare, resample

MEASURE = "explained_variance"
UNKNOWN = Difference(np.nan, np.nan, np.nan, np.nan)


def gain_in_accuracy(
    start: np.ndarray, best: np.ndarray, labels: np.ndarray, *, seed: int, n_bootstrap: int
) -> tuple[float, float, Difference]:
    """Compare the accuracies of a classifier before and after its training.

    Parameters
    ----------
    start, best : ndarray, (n_test, n_classes)
        Logits for the test stimuli before training and of the best epoch.
    labels : ndarray of int, (n_test,)
        Index of each stimulus's class; -1 for a class that was not learnt.
    seed, n_bootstrap : int
        Of the resampling of stimuli.

    Returns
    -------
    start, best : float
        Accuracies.
    gain : Difference
        Of the accuracies, with its percentile interval over stimuli; without p.
    """
    if not len(labels):
        return np.nan, np.nan, UNKNOWN
    before, after = (values.argmax(axis=1) == labels for values in (start, best))
    gained = after.astype(float) - before
    low = high = gained[0]
    if (gained != gained[0]).any():
        rng = np.random.default_rng([seed, len(labels)])
        options = {"n_resamples": n_bootstrap, "method": "percentile", "rng": rng}
        low, high = bootstrap((gained,), np.mean, **options).confidence_interval
    gain = Difference(float(gained.mean()), float(low), float(high), np.nan)
    return float(before.mean()), float(after.mean()), gain


def gain_in_explained_variance(
    start: np.ndarray, best: np.ndarray, responses: np.ndarray, *, seed: int, n_bootstrap: int
) -> tuple[float, float, Difference]:
    """Compare the explained variances of a head before and after its training.

    Parameters
    ----------
    start, best : ndarray, (n_test, n_sites)
        Predictions for the test stimuli before training and of the best epoch.
    responses : ndarray, (n_test, n_sites)
        NaN where one is missing.
    seed, n_bootstrap : int
        Of the resampling of stimuli and sites.

    Returns
    -------
    start, best : float
        Means over sites.
    gain : Difference
        Paired; its interval is over stimuli and sites, but not over animals or sessions: the
        question is about these recordings.
    """
    rows = np.flatnonzero(~np.isnan(responses).all(axis=1))
    if len(rows) < 2:
        return np.nan, np.nan, UNKNOWN
    after, before = (
        resample([(rows, responses[rows], values[rows])], seed, n_bootstrap)
        for values in (best, start)
    )
    gain = compare(after, before)[MEASURE]
    if np.isnan(gain.estimate):
        return np.nan, np.nan, UNKNOWN
    scores = (np.nanmean(drawn.score(MEASURE)) for drawn in (before, after))
    first, last = map(float, scores)
    return first, last, gain


def verdict(gain: Difference) -> str:
    """Return ``yes`` or ``no`` if the interval excludes zero, else ``undecided``."""
    if gain.low > 0:
        return "yes"
    return "no" if gain.high < 0 else "undecided"
