"""Scores of predicted against recorded responses, per site."""

import numpy as np


def r2(responses: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return ``1 − Σ(y−ŷ)² / Σ(y−ȳ)²``, (sites,), of (stimuli, sites); NaN for a constant site."""
    error = ((responses - predictions) ** 2).sum(axis=0)
    return 1 - error / _nan_where_zero(responses.var(axis=0) * len(responses), responses)


def explained_variance(responses: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return ``1 − Var(y−ŷ) / Var(y)``, (sites,), of (stimuli, sites); NaN for a constant site."""
    error = (responses - predictions).var(axis=0)
    return 1 - error / _nan_where_zero(responses.var(axis=0), responses)


def pearson_r(responses: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return the correlation of each site, (sites,); NaN where either side is constant."""
    return (_standardise(responses) * _standardise(predictions)).mean(axis=0)


def explained_and_explainable(
    responses: np.ndarray, predictions: np.ndarray, noise_variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the explained, the explainable and the whole variance of each site, each (sites,).

    responses, predictions, noise_variance: (stimuli, sites); the last is the variance of each
    response's noise, s²/r of an average of r trials.

    With y = signal + noise, and predictions that know nothing of the noise,
    ``Var(y) − Var(y−ŷ) = Var(signal) − Var(signal−ŷ)``: the explained variance as a variance needs
    no correction. ``Var(y) − mean(noise variance)`` is the signal's. Their quotient is the
    explained variance of the noiseless response (Sahani and Linden, NIPS 2002; Haefner and Cumming,
    NIPS 2008; as "fraction of explainable variance explained" in Cadena et al., PLoS Comput. Biol.
    2019). Variances have n − 1, so that each is unbiased. NaN for a constant site, and where the
    noise of a stimulus is not known.
    """
    if len(responses) < 2:
        return (np.full(responses.shape[1], np.nan),) * 3
    whole = _nan_where_zero(responses.var(axis=0, ddof=1), responses)
    explained = whole - (responses - predictions).var(axis=0, ddof=1)
    return explained, whole - noise_variance.mean(axis=0), whole


def noise_corrected(
    explained: np.ndarray, explainable: np.ndarray, whole: np.ndarray, floor: float
) -> np.ndarray:
    """Return explained by explainable variance; NaN where less than `floor` can be explained.

    All arrays as from `explained_and_explainable`, (sites,).
    """
    with np.errstate(invalid="ignore"):
        return explained / np.where(explainable >= floor * whole, explainable, np.nan)


def r2_ceiled(correlation: np.ndarray, ceiling: np.ndarray, floor: float) -> np.ndarray:
    """Return ``pearson_r² / ceiling``: the reliability bounds r², its root bounds r.

    Parameters
    ----------
    correlation : (sites,) array
        Pearson correlation of predictions with average responses.
    ceiling : (sites,) array
        Reliability of each site; NaN where it is not known.
    floor : float
        A site with a lower ceiling is NaN: the quotient would be noise over noise.

    Returns
    -------
    (sites,) array
        Not clipped.

    """
    with np.errstate(invalid="ignore"):
        return correlation**2 / np.where(ceiling >= floor, ceiling, np.nan)


def cross_site_correlation(responses: np.ndarray, predictions: np.ndarray) -> float:
    """Return the mean of the sites × sites block of correlations of responses with predictions.

    Each recorded site is correlated with each predicted site, its own included; pairs with a
    constant side are left out. NaN where none is left. The mean of the block is the product of the
    two mean standardised responses, averaged over stimuli.
    """
    recorded, predicted = _standardise(responses), _standardise(predictions)
    recorded = recorded[:, ~np.isnan(recorded).any(axis=0)]
    predicted = predicted[:, ~np.isnan(predicted).any(axis=0)]
    if not recorded.size or not predicted.size:
        return float("nan")
    return float((recorded.mean(axis=1) * predicted.mean(axis=1)).mean())


def _standardise(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(axis=0)
    return centred / _nan_where_zero(values.std(axis=0), values)


def _nan_where_zero(spread: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Give NaN for a constant column, whose computed spread may be rounding rather than zero."""
    return np.where((values == values[0]).all(axis=0), np.nan, spread)
