"""Regressions from an array of features to an array of responses."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ventral.errors import VentralError
from ventral.features.pca import PrincipalComponents
from ventral.interface.arrays import (
    as_matrix,
    back_project,
    check_columns,
    check_same_stimuli,
    column_means,
    slabs,
)
from ventral.interface.components import decompose
from ventral.readouts.regression import DEFAULT_GRID, Readout, alpha_grid, fit_ridge_cv


@dataclass(frozen=True)
class Regression:
    """A fitted linear readout of each site: ``ŷ = X @ coefficients + intercept``.

    Attributes
    ----------
    coefficients : (p, sites) float64 array
        In units of the responses per unit of each feature.
    intercept : (sites,) float64 array
    alpha : (sites,) float64 array
        The penalty of each site; NaN for a method without one.
    alpha_on_edge : (sites,) bool array
        Whether alpha is the smallest or the largest of its grid; a wider grid may then do better.
    dual_coefficients : (n, sites) float64 array
        The weight of each stimulus of the fit: ``coefficients = Xcᵀ dual_coefficients``, Xc the
        centred features.
    n_components : int
        Number of components of the features that the fit rests on; of PLS, latent components.
    feature_mean : (p,) float64 array
    response_mean : (sites,) float64 array

    """

    coefficients: np.ndarray
    intercept: np.ndarray
    alpha: np.ndarray
    alpha_on_edge: np.ndarray
    dual_coefficients: np.ndarray
    n_components: int
    feature_mean: np.ndarray
    response_mean: np.ndarray
    _one_dimensional: bool = False

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return predicted responses.

        Parameters
        ----------
        X : (stimuli, p) array-like
            Features in the same order as those of the fit.

        Returns
        -------
        (stimuli, sites) float64 array
            Or (stimuli,), where the responses of the fit had one dimension.

        Raises
        ------
        VentralError
            For another number of features, or values that are not finite.

        """
        features = as_matrix(X, "X", "feature")
        check_columns(features, len(self.feature_mean), "X", "feature")
        predictions = np.tile(self.response_mean, (len(features), 1))
        for columns in slabs(features):
            centred = features[:, columns] - self.feature_mean[columns]
            predictions += centred @ self.coefficients[columns]
        return predictions[:, 0] if self._one_dimensional else predictions


def ridge_cv(
    X: ArrayLike, Y: ArrayLike, alphas: ArrayLike | None = None, *, per_site: bool = True
) -> Regression:
    """Fit ridge regression with an intercept; exact leave-one-out chooses the penalty.

    Where features outnumber stimuli, the fit rests on the Gram matrix of the stimuli,
    ``K = Xc Xcᵀ``, which takes one pass over the features and no second copy of them; leave-one-out
    errors are closed forms (Rifkin and Lippert, Notes on Regularized Least Squares, 2007). With
    equal `alphas` it is ``sklearn.linear_model.RidgeCV(alpha_per_target=True)``.

    Parameters
    ----------
    X : (n, p) array-like
        Features of each stimulus.
    Y : (n, sites) or (n,) array-like
        Responses of each site, in any unit.
    alphas : array-like, optional
        Positive penalties to choose from, in squared units of the features. By default eight a
        decade from 1e-6 to 1e6 times the mean squared norm of the centred features.
    per_site : bool
        Choose a penalty for each site; otherwise one for all, by the mean error over sites.

    Returns
    -------
    Regression

    Raises
    ------
    VentralError
        Where X and Y differ in their number of stimuli, hold values that are not finite, or all
        stimuli have the same features, and where a penalty is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> import ventral
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 10_000))
    >>> Y = X[:, :50] @ rng.normal(size=(50, 4))
    >>> fit = ventral.ridge_cv(X[:150], Y[:150])
    >>> fit.predict(X[150:]).shape
    (50, 4)
    >>> fit.alpha.shape
    (4,)

    """

    def fit(found: PrincipalComponents, responses: np.ndarray) -> Readout:
        grid = (
            alpha_grid(DEFAULT_GRID, found.eigenvalues, len(responses))
            if alphas is None
            else _checked_alphas(alphas)
        )
        return fit_ridge_cv(found.scores, found.eigenvalues, responses, grid, per_site)

    return _fit(X, Y, fit)


def pls(X: ArrayLike, Y: ArrayLike, n_components: int = 25) -> Regression:
    """Fit partial least squares (PLS2) to all sites together.

    Features and responses are centred and not scaled: it is
    ``sklearn.cross_decomposition.PLSRegression(n_components, scale=False)``, fitted on the
    principal components of the features, so that a wide X costs one pass.

    Parameters
    ----------
    X : (n, p) array-like
        Features of each stimulus.
    Y : (n, sites) or (n,) array-like
        Responses of each site, in any unit.
    n_components : int
        Number of latent components.

    Returns
    -------
    Regression
        Its `alpha` is NaN.

    Raises
    ------
    VentralError
        Where X and Y differ in their number of stimuli, hold values that are not finite, or the
        rank of X is below `n_components`.

    Examples
    --------
    >>> import numpy as np
    >>> import ventral
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.normal(size=(60, 500)), rng.normal(size=(60, 3))
    >>> ventral.pls(X, Y, n_components=5).predict(X).shape
    (60, 3)

    """
    from ventral.readouts.pls import fit_pls  # imports scikit-learn, which ridge does not need

    if n_components < 1:
        raise VentralError(f"n_components is {n_components}; it must be at least 1")

    def fit(found: PrincipalComponents, responses: np.ndarray) -> Readout:
        if n_components > found.rank:
            raise VentralError(
                f"pls is asked for {n_components} latent components, but X has rank {found.rank}:"
                f" set n_components to at most {found.rank}"
            )
        return fit_pls(found.scores, found.eigenvalues, responses, n_components)

    return _fit(X, Y, fit, n_components)


def _fit(
    X: ArrayLike,
    Y: ArrayLike,
    fit: Callable[[PrincipalComponents, np.ndarray], Readout],
    n_components: int | None = None,
) -> Regression:
    """Decompose the features, fit a readout on all components and turn it into feature space."""
    features = as_matrix(X, "X", "feature")
    responses = as_matrix(Y, "Y", "site").astype(np.float64)
    check_same_stimuli(features, responses, ("X", "Y"))
    found = decompose(features)
    readout = fit(found, responses)
    means = column_means(features)
    coefficients = np.empty((len(means), responses.shape[1]))
    for columns, weights in back_project(features, means, readout.dual_coefficients):
        coefficients[columns] = weights
    return Regression(
        coefficients=coefficients,
        intercept=readout.intercept - means @ coefficients,
        alpha=readout.alpha,
        alpha_on_edge=readout.alpha_on_edge,
        dual_coefficients=readout.dual_coefficients,
        n_components=n_components or found.rank,
        feature_mean=means,
        response_mean=readout.intercept,
        _one_dimensional=np.ndim(Y) == 1,
    )


def _checked_alphas(alphas: ArrayLike) -> np.ndarray:
    grid = np.unique(np.asarray(alphas, float))
    if not grid.size or not np.isfinite(grid).all() or grid[0] <= 0:
        raise VentralError("alphas must be one or more positive, finite numbers")
    return grid
