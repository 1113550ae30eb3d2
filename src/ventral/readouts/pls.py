"""Partial least squares on principal component scores."""

import warnings

import numpy as np
from sklearn.cross_decomposition import PLSRegression
from sklearn.exceptions import ConvergenceWarning

from ventral.errors import VentralError
from ventral.readouts.regression import Readout


def fit_pls(
    scores: np.ndarray, eigenvalues: np.ndarray, responses: np.ndarray, n_components: int
) -> Readout:
    """Fit partial least squares (PLS2) with `n_components` latent components, all sites together.

    The features are centred and not scaled. Scores are the features turned into other axes, and
    PLS does not depend on the axes: its weights are directions of largest covariance. So on all
    components of the train stimuli it is scikit-learn's ``PLSRegression(scale=False)`` on the raw
    features.

    Parameters
    ----------
    scores, eigenvalues, responses : numpy.ndarray
        As of `ventral.readouts.regression.fit_linear`.
    n_components : int
        Latent components.

    Returns
    -------
    Readout
        Without penalties.

    Raises
    ------
    VentralError
        Where there are fewer components than `n_components`.

    """
    if n_components > len(eigenvalues):
        raise VentralError(
            f"pls is to have {n_components} latent components, but the train stimuli have"
            f" {len(eigenvalues)} components: lower the readout's n_components"
        )
    sites = responses.shape[1]
    intercept = responses.mean(axis=0)
    varies = ~(responses == responses[0]).all(axis=0)
    coefficients = np.zeros((len(eigenvalues), sites))
    if varies.any():
        pls = PLSRegression(n_components, scale=False)
        with warnings.catch_warnings():
            # Near-equal directions make the power method stop early; both are as good.
            warnings.simplefilter("ignore", ConvergenceWarning)
            pls.fit(scores, responses[:, varies])
        coefficients[:, varies] = pls.coef_.T
    dual = scores @ (coefficients / eigenvalues[:, None])
    return Readout(coefficients, intercept, np.full(sites, np.nan), np.zeros(sites, bool), dual)
