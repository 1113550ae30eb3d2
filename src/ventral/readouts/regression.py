"""Linear readouts as diagonal closed forms on principal component scores.

On all components of the train stimuli these are the readouts of the raw features: a linear or
ridge solution lies in the span of the train stimuli, so nothing else of the p features matters.

Notation: T (n, k) train scores with ``TᵀT = diag(λ)``, ``U = T/√λ``, y centred responses.
"""

from dataclasses import dataclass

import numpy as np

DEFAULT_GRID = {"low": -6, "high": 6, "count": 97, "relative": True}
"""Eight alphas a decade, in units of tr(K)/n, the mean squared norm of the centred features. More
bring nothing, and fewer cost explained variance (docs/choosing_alpha.md)."""


@dataclass(frozen=True)
class Readout:
    """A fitted readout: ``ŷ = scores @ coefficients + intercept``.

    Attributes
    ----------
    coefficients : numpy.ndarray
        (k, sites), units of the responses by units of the scores.
    intercept : numpy.ndarray
        (sites,), the mean response to the train stimuli.
    alpha : numpy.ndarray
        (sites,), the penalty, in squared units of the scores; NaN without one.
    alpha_on_edge : numpy.ndarray
        (sites,) bool, whether the chosen alpha is the first or the last of its grid.
    dual_coefficients : numpy.ndarray
        (n, sites), ``U diag(1/(λ+α)) Uᵀy``, the weight of each train stimulus.

    """

    coefficients: np.ndarray
    intercept: np.ndarray
    alpha: np.ndarray
    alpha_on_edge: np.ndarray
    dual_coefficients: np.ndarray

    def predict(self, scores: np.ndarray) -> np.ndarray:
        """Return predicted responses, (stimuli, sites).

        Parameters
        ----------
        scores : numpy.ndarray
            (stimuli, k), on the components of the fit.

        """
        return scores @ self.coefficients + self.intercept


def _solve(
    scores: np.ndarray, eigenvalues: np.ndarray, responses: np.ndarray, alpha: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return coefficients, intercept and dual coefficients for one alpha per site."""
    intercept = responses.mean(axis=0)
    projected = scores.T @ (responses - intercept)
    coefficients = projected / (eigenvalues[:, None] + alpha)
    return coefficients, intercept, scores @ (coefficients / eigenvalues[:, None])


def fit_linear(scores: np.ndarray, eigenvalues: np.ndarray, responses: np.ndarray) -> Readout:
    """Fit least squares; of minimum norm where features outnumber stimuli.

    Parameters
    ----------
    scores : numpy.ndarray
        (n, k) train scores.
    eigenvalues : numpy.ndarray
        (k,) positive.
    responses : numpy.ndarray
        (n, sites), finite.

    Returns
    -------
    Readout

    """
    sites = responses.shape[1]
    coefficients, intercept, dual = _solve(scores, eigenvalues, responses, np.zeros(sites))
    return Readout(coefficients, intercept, np.full(sites, np.nan), np.zeros(sites, bool), dual)


def fit_ridge(
    scores: np.ndarray, eigenvalues: np.ndarray, responses: np.ndarray, alpha: float
) -> Readout:
    """Fit ridge regression with one fixed alpha.

    Parameters
    ----------
    scores, eigenvalues, responses : numpy.ndarray
        As of `fit_linear`.
    alpha : float
        The penalty, in squared units of the scores.

    Returns
    -------
    Readout

    """
    sites = responses.shape[1]
    alphas = np.full(sites, float(alpha))
    coefficients, intercept, dual = _solve(scores, eigenvalues, responses, alphas)
    return Readout(coefficients, intercept, alphas, np.zeros(sites, bool), dual)


def fit_ridge_cv(
    scores: np.ndarray,
    eigenvalues: np.ndarray,
    responses: np.ndarray,
    alphas: np.ndarray,
    per_site: bool = True,
    regions: np.ndarray | None = None,
    errors: np.ndarray | None = None,
) -> Readout:
    """Fit ridge regression, alpha chosen by exact leave-one-out error on the train stimuli.

    The smallest error wins, the first in the grid among equals.

    Parameters
    ----------
    scores, eigenvalues, responses : numpy.ndarray
        As of `fit_linear`.
    alphas : numpy.ndarray
        (grid,) positive, rising.
    per_site : bool
        Whether each site has an alpha of its own.
    regions : numpy.ndarray, optional
        (sites,), where sites share an alpha. The sites of a region share one, by the mean over them
        of the error in units of each site's variance: neither a noisy site nor another region
        decides. Without it all sites share one, by the mean error in squared units of the
        responses, as in scikit-learn's RidgeCV.
    errors : numpy.ndarray, optional
        (grid, sites), in place of the leave-one-out errors.

    Returns
    -------
    Readout

    """
    if errors is None:
        errors = leave_one_out_errors(scores, eigenvalues, responses, alphas)
    if per_site:
        chosen = errors.argmin(axis=0)
    elif regions is None:
        chosen = np.full(responses.shape[1], errors.mean(axis=1).argmin())
    else:
        chosen = np.zeros(responses.shape[1], int)
        varies = (responses != responses[0]).any(axis=0)
        for region in dict.fromkeys(regions):
            inside = regions == region
            counted = inside & varies
            if counted.any():
                relative = errors[:, counted] / responses[:, counted].var(axis=0)
                chosen[inside] = relative.mean(axis=1).argmin()
    coefficients, intercept, dual = _solve(scores, eigenvalues, responses, alphas[chosen])
    on_edge = (chosen == 0) | (chosen == len(alphas) - 1)
    return Readout(coefficients, intercept, alphas[chosen], on_edge, dual)


def leave_one_out_errors(
    scores: np.ndarray, eigenvalues: np.ndarray, responses: np.ndarray, alphas: np.ndarray
) -> np.ndarray:
    """Return the mean squared leave-one-out error, (grid, sites), of ridge with an intercept.

    The residual of a stimulus left out is ``(y − ŷ)ᵢ / (1 − hᵢ)`` (Rifkin and Lippert, Notes on
    Regularized Least Squares, 2007). Numerator and denominator are both written with
    ``g = 1/(λ+α)``, so that their quotient survives α → 0, where each goes to zero:
    ``(U g Uᵀy)ᵢ / Σ uᵢ²g``, summed over all directions but the intercept's. Directions outside the
    components have λ = 0; together they are ``I − UUᵀ − 11ᵀ/n``.

    Parameters
    ----------
    scores, eigenvalues, responses : numpy.ndarray
        As of `fit_linear`.
    alphas : numpy.ndarray
        (grid,) positive.

    Returns
    -------
    numpy.ndarray
        (grid, sites), in squared units of the responses.

    """
    n, k = scores.shape
    centred = responses - responses.mean(axis=0)
    vectors = scores / np.sqrt(eigenvalues)
    projected = vectors.T @ centred
    squares = vectors**2
    gains = 1 / (eigenvalues[:, None] + alphas)  # (k, grid)
    denominators = squares @ gains  # (n, grid)
    outside = k < n - 1
    if outside:
        outside_residual = centred - vectors @ projected
        outside_leverage = (1 - 1 / n - squares.sum(axis=1)).clip(min=0)
    errors = np.empty((len(alphas), responses.shape[1]))
    for index, alpha in enumerate(alphas):
        numerator = vectors @ (gains[:, index, None] * projected)
        denominator = denominators[:, index, None]
        if outside:
            numerator = numerator + outside_residual / alpha
            denominator = denominator + outside_leverage[:, None] / alpha
        errors[index] = ((numerator / denominator) ** 2).mean(axis=0)
    return errors


def alpha_grid(settings: dict, eigenvalues: np.ndarray, n_train: int) -> np.ndarray:
    """Return the alphas of a grid, rising.

    Parameters
    ----------
    settings : dict
        ``low`` and ``high`` (exponents of ten), ``count``, and ``relative``: whether the grid is in
        units of tr(K)/n, the mean squared norm of the centred features.
    eigenvalues : numpy.ndarray
        (k,), of K; their sum is its trace.
    n_train : int
        Number of train stimuli.

    Returns
    -------
    numpy.ndarray
        (count,).

    """
    grid = np.logspace(settings["low"], settings["high"], settings["count"])
    return grid * (eigenvalues.sum() / n_train) if settings["relative"] else grid
