"""The other direction of regression: the features of a layer predicted from the sites.

Features that no site tells of lower it, where the score of sites from features only asks whether
the sites can be found somewhere in a layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh
from scipy.special import stdtrit

from ventral.features.gram import centre_on_train
from ventral.readouts.regression import alpha_grid, fit_ridge_cv

MOST_COMPONENTS = 100
GRID = {"low": -6, "high": 6, "count": 49, "relative": True}
"""Penalties, four a decade, in units of the mean squared norm of the centred responses."""
FEWEST_TRAIN = 3
TAIL = 0.025


@dataclass(frozen=True)
class Explained:
    """How well sites tell the components of a layer.

    Attributes
    ----------
    score : float
        Explained variance of all components together: a mean weighted with their variances.
    low, high : float
        Its 95 % interval over stimuli; sites are not resampled, for they are the predictors.
    n_components : int
        Leading principal components that were predicted.
    share : float
        Of the features' variance over train stimuli that is in these.
    """

    score: float
    low: float
    high: float
    n_components: int
    share: float


NOTHING = Explained(np.nan, np.nan, np.nan, 0, np.nan)

Part = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Rows of test stimuli, (m,), their components and the errors of their prediction, (m, k)."""


def predict_components(
    gram: np.ndarray, responses: np.ndarray, train: np.ndarray, test: np.ndarray
) -> tuple[Part, float] | None:
    """Predict the leading principal components of a layer on test stimuli.

    Ridge regression on the responses; each component has the alpha of the least leave-one-out error
    on the train stimuli. The train stimuli decide the components.

    Parameters
    ----------
    gram : ndarray, (n, n)
        Of the layer.
    responses : ndarray, (n, n_sites)
        Train stimuli to which a site has no response are left out.
    train, test : ndarray
        Rows; the test stimuli have responses at every site.

    Returns
    -------
    tuple or None
        The test stimuli, their components and errors; and the share of the variance of the
        features that is in these components. None with too few train stimuli, or if responses or
        features do not differ between them.
    """
    train = train[~np.isnan(responses[train]).any(axis=1)]
    if len(train) < FEWEST_TRAIN:
        return None
    of_train = responses[train]
    mean = of_train.mean(axis=0)
    left, sizes, axes = np.linalg.svd(of_train - mean, full_matrices=False)
    rank = int((sizes > len(train) * np.finfo(float).eps * np.abs(of_train).max()).sum())
    centred = centre_on_train(gram, np.concatenate([train, test]), train)
    n, within = len(train), centred[: len(train)]
    total = np.trace(within)
    first = max(n - MOST_COMPONENTS, 0)
    eigenvalues, vectors = eigh(within, subset_by_index=[first, n - 1])
    kept = eigenvalues > n * np.finfo(float).eps * max(eigenvalues[-1], 0)
    if rank == 0 or not kept.any():
        return None
    components = centred @ (vectors[:, kept] / np.sqrt(eigenvalues[kept]))
    squares = sizes[:rank] ** 2
    fit = fit_ridge_cv(
        left[:, :rank] * sizes[:rank], squares, components[:n], alpha_grid(GRID, squares, n)
    )
    predicted = fit.predict((responses[test] - mean) @ axes[:rank].T)
    values = components[n:]
    return (test, values, values - predicted), float(eigenvalues[kept].sum() / total)


def explain_components(
    gram: np.ndarray,
    responses: np.ndarray,
    partitions: Sequence[tuple[np.ndarray, np.ndarray]],
    seed: int,
    n_bootstrap: int,
) -> Explained:
    """Score the prediction of components, of all folds together.

    Parameters
    ----------
    gram, responses
        As of `predict_components`.
    partitions : sequence of tuple
        Of each fold the rows of train and of test stimuli.
    seed, n_bootstrap : int
        Of the resampling of stimuli.

    Returns
    -------
    Explained
        NaN if there is nothing to predict, or nothing to predict from.
    """
    parts, shares = [], []
    for train, test in partitions:
        found = predict_components(gram, responses, train, test)
        if found is None:
            return NOTHING
        parts.append(found[0])
        shares.append(found[1])
    stimuli = np.unique(np.concatenate([rows for rows, _, _ in parts]))
    n = len(stimuli)
    rng = np.random.default_rng([seed, n])
    counts = rng.multinomial(n, np.full(n, 1 / n), size=n_bootstrap)
    score = float(_explained(parts, stimuli, np.ones((1, n)))[0])
    resampled = _explained(parts, stimuli, counts.astype(float))
    half = stdtrit(n - 1, 1 - TAIL) * np.sqrt(np.nanvar(resampled) * n / (n - 1))
    fewest = min(values.shape[1] for _, values, _ in parts)
    return Explained(score, score - half, score + half, fewest, float(np.mean(shares)))


def _explained(parts: Sequence[Part], stimuli: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the explained variance of each resample, of counts (resamples, stimuli)."""
    errors, variances = np.zeros(len(counts)), np.zeros(len(counts))
    for rows, values, error in parts:
        own = counts[:, np.searchsorted(stimuli, rows)]
        errors += _scatter(error, own)
        variances += _scatter(values, own)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(variances > 0, 1 - errors / variances, np.nan)


def _scatter(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the sum of squares around the mean, over stimuli and components, (resamples,)."""
    centred = values - values.mean(axis=0)  # for the digits
    n = np.maximum(counts.sum(axis=1), 1)
    squares = counts @ (centred**2).sum(axis=1)
    return np.maximum(squares - ((counts @ centred) ** 2).sum(axis=1) / n, 0)
