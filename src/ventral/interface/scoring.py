"""Scores of predictions, and the noise ceiling of responses."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ventral.errors import VentralError
from ventral.interface.arrays import as_matrix, check_columns, check_same_stimuli
from ventral.scores import measures

CEILING_FLOOR = 0.1


@dataclass(frozen=True)
class Scores:
    """Scores of each site.

    Attributes
    ----------
    r2 : (sites,) float64 array
        ``1 − Σ(y−ŷ)² / Σ(y−ȳ)²``.
    explained_variance : (sites,) float64 array
        ``1 − Var(y−ŷ) / Var(y)``: as `r2`, but a constant offset costs nothing.
    pearson_r : (sites,) float64 array
    r2_ceiled : (sites,) float64 array
        ``pearson_r² / ceiling``; NaN without a ceiling, or where it is under the floor.

    Notes
    -----
    ``r2 ≤ explained_variance ≤ pearson_r²``. A site with constant responses is NaN in all.

    """

    r2: np.ndarray
    explained_variance: np.ndarray
    pearson_r: np.ndarray
    r2_ceiled: np.ndarray


def score(
    responses: ArrayLike,
    predictions: ArrayLike,
    ceiling: ArrayLike | None = None,
    *,
    ceiling_floor: float = CEILING_FLOOR,
) -> Scores:
    """Score predicted against recorded responses, each site over all stimuli.

    Parameters
    ----------
    responses, predictions : (stimuli, sites) or (stimuli,) array-like
        In the same unit.
    ceiling : (sites,) array-like, optional
        Noise ceiling (split-half reliability) of each site on these stimuli, as
        `ventral.noise_ceiling` gives it.
    ceiling_floor : float
        A site whose ceiling is lower has no `Scores.r2_ceiled`: it would be noise over noise.

    Returns
    -------
    Scores
        Arrays of length 1 where the responses have one dimension.

    Raises
    ------
    VentralError
        Where shapes differ, values are not finite, or there are fewer than two stimuli.

    Examples
    --------
    >>> import ventral
    >>> scores = ventral.score([[1.0], [2.0], [3.0]], [[1.0], [2.0], [4.0]])
    >>> scores.r2
    array([0.5])

    """
    recorded = as_matrix(responses, "responses", "site").astype(np.float64)
    predicted = as_matrix(predictions, "predictions", "site").astype(np.float64)
    check_same_stimuli(recorded, predicted, ("responses", "predictions"))
    if recorded.shape != predicted.shape:
        raise VentralError(
            f"responses have {recorded.shape[1]} sites and predictions have {predicted.shape[1]}"
        )
    if len(recorded) < 2:
        raise VentralError("a score needs at least two stimuli")
    correlation = measures.pearson_r(recorded, predicted)
    known = np.full(len(correlation), np.nan)
    if ceiling is not None:
        known = np.asarray(ceiling, float).reshape(-1)
        check_columns(recorded, len(known), "responses", "site")
    return Scores(
        r2=measures.r2(recorded, predicted),
        explained_variance=measures.explained_variance(recorded, predicted),
        pearson_r=correlation,
        r2_ceiled=measures.r2_ceiled(correlation, known, ceiling_floor),
    )


@dataclass(frozen=True)
class NoiseCeiling:
    """How well the repetitions of each site agree.

    Attributes
    ----------
    reliability : (sites,) float64 array
        Split-half reliability of the average over repetitions; NaN where it is not known.
    n_repetitions : (sites,) float64 array
        Mean number of repetitions of a stimulus.

    """

    reliability: np.ndarray
    n_repetitions: np.ndarray


def noise_ceiling(repetitions: ArrayLike, *, n_splits: int = 10, seed: int = 0) -> NoiseCeiling:
    """Estimate the noise ceiling of each site from repeated presentations.

    The repetitions of each stimulus are halved at random, the half means correlated over stimuli,
    and corrected to full length by Spearman-Brown, ``2r / (1 + r)`` (Spearman 1910, Brown 1910);
    the mean over `n_splits` random split halves is the reliability of the average response. It
    bounds the squared correlation of any prediction with that average.

    Parameters
    ----------
    repetitions : (stimuli, sites, repetitions) or (stimuli, repetitions) array-like
        NaN where a repetition is missing. Two dimensions are one site.
    n_splits : int
        Number of random split halves.
    seed : int
        Of the random split halves.

    Returns
    -------
    NoiseCeiling

    Raises
    ------
    VentralError
        Where the array has another number of dimensions, does not hold real numbers, is infinite
        somewhere, or no site has two repetitions.

    Examples
    --------
    >>> import numpy as np
    >>> import ventral
    >>> rng = np.random.default_rng(0)
    >>> signal = rng.normal(size=(500, 2, 1))
    >>> ceiling = ventral.noise_ceiling(signal + rng.normal(size=(500, 2, 10)))
    >>> ceiling.reliability.round(1)
    array([0.9, 0.9])

    """
    # imports pandas, which scores do not need
    from ventral.scores.ceilings import split_half_reliability

    values = np.asarray(repetitions)
    if values.ndim == 2:
        values = values[:, None, :]
    if values.ndim != 3 or not values.size or values.dtype.kind not in "fiub":
        raise VentralError(
            "repetitions must be real numbers of shape (stimuli, sites, repetitions); they have"
            f" shape {values.shape} and dtype {values.dtype}"
        )
    if n_splits < 1:
        raise VentralError(f"n_splits is {n_splits}; it must be at least 1")
    values = values.astype(np.float64)
    if np.isinf(values).any():
        raise VentralError("repetitions hold infinite values; a missing repetition is NaN")
    counts = (~np.isnan(values)).sum(axis=2)
    if counts.max() < 2:
        raise VentralError("no stimulus has two repetitions: a noise ceiling cannot be estimated")
    return NoiseCeiling(
        reliability=split_half_reliability(values, seed, n_splits),
        n_repetitions=counts.mean(axis=0),
    )
