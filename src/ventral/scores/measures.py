"""Scores of predicted against recorded responses, per site."""

import numpy as np

from ventral.data.missing import sites_by_stimuli

MEASURES = ("r2", "explained_variance", "pearson_r")
VARIANCES = ("_explained", "_explainable", "_whole")
"""Of a site, from which corrected scores are computed; they stand in no table."""


def r2(responses: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return the coefficient of determination of each site, ``1 − Σ(y−ŷ)² / Σ(y−ȳ)²``.

    Parameters
    ----------
    responses, predictions : ndarray, (n_stimuli, n_sites)
        Recorded and predicted responses, in the same unit.

    Returns
    -------
    ndarray, (n_sites,)
        At most 1; NaN for a site whose responses are constant.
    """
    error = ((responses - predictions) ** 2).sum(axis=0)
    return 1 - error / _nan_where_zero(responses.var(axis=0) * len(responses), responses)


def explained_variance(responses: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return the explained variance of each site, ``1 − Var(y−ŷ) / Var(y)``.

    Parameters
    ----------
    responses, predictions : ndarray, (n_stimuli, n_sites)
        Recorded and predicted responses, in the same unit.

    Returns
    -------
    ndarray, (n_sites,)
        At least `r2`, since a constant offset costs nothing; NaN for a site whose responses are
        constant.
    """
    error = (responses - predictions).var(axis=0)
    return 1 - error / _nan_where_zero(responses.var(axis=0), responses)


def pearson_r(responses: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return Pearson's correlation of each site.

    Parameters
    ----------
    responses, predictions : ndarray, (n_stimuli, n_sites)
        Recorded and predicted responses.

    Returns
    -------
    ndarray, (n_sites,)
        NaN for a site whose responses or predictions are constant.
    """
    return (_standardise(responses) * _standardise(predictions)).mean(axis=0)


def explained_and_explainable(
    responses: np.ndarray, predictions: np.ndarray, noise_variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the explained, the explainable and the whole variance of each site.

    Parameters
    ----------
    responses, predictions : ndarray, (n_stimuli, n_sites)
        Trial-averaged and predicted responses, in the same unit.
    noise_variance : ndarray, (n_stimuli, n_sites)
        Variance of the noise of each averaged response: s²/r for the average of r trials whose
        variance is s².

    Returns
    -------
    explained, explainable, whole : ndarray, (n_sites,)
        Squares of the responses' unit. NaN for a site whose responses are constant, and with fewer
        than two stimuli; the second is also NaN if the noise of any stimulus is unknown.

    Notes
    -----
    With y = signal + noise, and predictions that are independent of the noise,
    ``Var(y) − Var(y−ŷ) = Var(signal) − Var(signal−ŷ)``: the explained variance, as a variance,
    needs no correction. ``Var(y) − mean(noise variance)`` is the variance of the signal. The
    quotient of the two is the explained variance of the noiseless response, also called "fraction
    of explainable variance explained". All variances divide by n − 1, so each is unbiased.

    References
    ----------
    Sahani and Linden, NIPS 2002; Haefner and Cumming, NIPS 2008; Cadena et al., PLoS Comput. Biol.
    2019.
    """
    if len(responses) < 2:
        return (np.full(responses.shape[1], np.nan),) * 3
    whole = _nan_where_zero(responses.var(axis=0, ddof=1), responses)
    explained = whole - (responses - predictions).var(axis=0, ddof=1)
    return explained, whole - noise_variance.mean(axis=0), whole


def measure_sites(
    responses: np.ndarray, predictions: np.ndarray, noise: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Return each of `MEASURES`, and of `VARIANCES` where the noise is known.

    Parameters
    ----------
    responses, predictions : ndarray, (n_stimuli, n_sites)
        Recorded and predicted responses, in the same unit; responses are NaN where one is missing.
        A site without some of them is measured on the others.
    noise : ndarray, (n_stimuli, n_sites), optional
        Variance of the averaged responses, see `explained_and_explainable`.

    Returns
    -------
    dict
        {measure: (n_sites,)}; NaN for a site with fewer than two responses.
    """
    if np.isnan(responses).any():
        names = (*MEASURES, *(VARIANCES if noise is not None else ()))
        whole = {name: np.full(responses.shape[1], np.nan) for name in names}
        for sites, rows in sites_by_stimuli(responses):
            if len(rows) > 1:
                arrays = (responses, predictions, *(() if noise is None else (noise,)))
                own = measure_sites(*(values[np.ix_(rows, sites)] for values in arrays))
                for name, values in own.items():
                    whole[name][sites] = values
        return whole
    measured = {
        "r2": r2(responses, predictions),
        "explained_variance": explained_variance(responses, predictions),
        "pearson_r": pearson_r(responses, predictions),
    }
    if noise is not None:
        variances = explained_and_explainable(responses, predictions, noise)
        measured |= dict(zip(VARIANCES, variances, strict=True))
    return measured


def noise_corrected(
    explained: np.ndarray, explainable: np.ndarray, whole: np.ndarray, floor: float
) -> np.ndarray:
    """Return explained divided by explainable variance.

    Parameters
    ----------
    explained, explainable, whole : ndarray, (n_sites,)
        Returned by `explained_and_explainable`.
    floor : float
        Smallest fraction of the whole variance that must be explainable.

    Returns
    -------
    ndarray, (n_sites,)
        NaN for a site under the floor, whose quotient would be mostly noise.
    """
    with np.errstate(invalid="ignore"):
        return explained / np.where(explainable >= floor * whole, explainable, np.nan)


def r2_ceiled(correlation: np.ndarray, ceiling: np.ndarray, floor: float) -> np.ndarray:
    """Return ``sign(r) · r² / ceiling``: the reliability bounds r², its root bounds r.

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
        Not clipped. Negative where the predictions are correlated negatively with the responses.

    """
    with np.errstate(invalid="ignore"):
        return correlation * np.abs(correlation) / np.where(ceiling >= floor, ceiling, np.nan)


def ratio_of_sums(explained: np.ndarray, explainable: np.ndarray) -> float:
    """Return what a population explains of what can be explained, Σ explained / Σ explainable.

    The mean over sites of the quotients is biased: the explainable part is an estimate, and a small
    one makes a large quotient. The sums are not.

    Parameters
    ----------
    explained, explainable : ndarray, (n_sites,)
        Fractions of each site's variance, so that sites in large units do not outweigh others. A
        site that lacks either is left out.

    Returns
    -------
    float
        NaN if nothing can be explained.
    """
    known = np.isfinite(explained) & np.isfinite(explainable)
    whole = explainable[known].sum()
    return float(explained[known].sum() / whole) if whole > 0 else float("nan")


def cross_site_correlation(responses: np.ndarray, predictions: np.ndarray) -> float:
    """Return the mean correlation of every recorded site with every predicted site.

    Parameters
    ----------
    responses, predictions : ndarray, (n_stimuli, n_sites)
        Recorded and predicted responses.

    Returns
    -------
    float
        Mean of the whole sites × sites block, its diagonal included. Pairs with a constant site are
        left out; NaN if none remains.

    Notes
    -----
    The mean of the block is the product of the two mean standardised responses, averaged over
    stimuli, so the block itself is never computed.
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
    """Replace the spread of constant columns by NaN; rounding may have made it other than zero."""
    return np.where((values == values[0]).all(axis=0), np.nan, spread)
