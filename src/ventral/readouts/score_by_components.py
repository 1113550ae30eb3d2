"""Readouts of the first components of a layer, from one to all of them."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ventral.data.responses import Responses
from ventral.readouts.fit import fit_readout
from ventral.readouts.partial import rows_by_sites
from ventral.readouts.regression import Readout, fit_linear, fit_ridge

STEPS = (1, 2, 5)
RIDGE: Mapping[str, Any] = {
    "method": "ridge_cv",
    "alpha_for": "site",
    "choose_alpha": "leave_one_out",
}
"""The readout whose alphas are taken: the default ridge of all components, one alpha a site."""


def component_grid(rank: int) -> list[int]:
    """Return the numbers of components at which scores are given: 1, 2, 5, 10, … and the rank."""
    grid = (step * 10**power for power in range(len(str(rank))) for step in STEPS)
    return [*(k for k in grid if k < rank), rank]


def choose_ridge(
    scores: np.ndarray, eigenvalues: np.ndarray, responses: Responses, train: np.ndarray
) -> np.ndarray:
    """Return the penalty of each site, (sites,), by leave-one-out error on all components.

    Parameters
    ----------
    scores, eigenvalues, responses, train
        As of `ventral.readouts.fit.fit_readout`. NaN for a site that cannot be fitted.

    """
    readout, _ = fit_readout(RIDGE, scores, eigenvalues, responses, train)
    return readout.alpha


def fit_first_components(
    scores: np.ndarray,
    eigenvalues: np.ndarray,
    recorded: np.ndarray,
    n_components: int,
    alpha: np.ndarray | None = None,
) -> Readout:
    """Fit least squares, or ridge, on the first components.

    Parameters
    ----------
    scores : numpy.ndarray
        (n, k), of the train stimuli.
    eigenvalues : numpy.ndarray
        (k,).
    recorded : numpy.ndarray
        (n, sites), responses; NaN where one is missing. Each site is fitted to those it has.
    n_components : int
        How many components are read.
    alpha : numpy.ndarray, optional
        (sites,), the penalty of ridge. Without it least squares, of minimum norm.

    Returns
    -------
    Readout
        On the first components. NaN for a site with fewer than two responses.

    """
    scores, eigenvalues = scores[:, :n_components], eigenvalues[:n_components]

    def fit(scores: np.ndarray, values: np.ndarray, own: np.ndarray, sites: Any) -> Readout:
        if alpha is None:
            return fit_linear(scores, values, own)
        return fit_ridge(scores, values, own, alpha[sites])

    if not np.isnan(recorded).any():
        return fit(scores, eigenvalues, recorded, slice(None))
    n_sites = recorded.shape[1]
    whole = Readout(
        coefficients=np.full((len(eigenvalues), n_sites), np.nan),
        intercept=np.full(n_sites, np.nan),
        alpha=np.full(n_sites, np.nan),
        alpha_on_edge=np.zeros(n_sites, bool),
        dual_coefficients=np.full(recorded.shape, np.nan),
    )
    for sites, rows in rows_by_sites(scores, eigenvalues, recorded):
        own = recorded[rows.stimuli][:, sites]
        rows.put(fit(rows.scores, rows.eigenvalues, own, sites), whole, sites)
    return whole


def predictions_by_components(
    scores: np.ndarray,
    eigenvalues: np.ndarray,
    responses: Responses,
    train: np.ndarray,
    grid: list[int],
    alpha: np.ndarray,
) -> Iterator[tuple[str, int, np.ndarray]]:
    """Give what readouts of the first components predict of all stimuli.

    Parameters
    ----------
    scores : numpy.ndarray
        (stimuli, k), of all stimuli on all components.
    eigenvalues, responses, train
        As of `ventral.readouts.fit.fit_readout`.
    grid : list of int
        Numbers of components; all where there are fewer, as in a fold of a lower rank.
    alpha : numpy.ndarray
        (sites,), of ridge.

    Yields
    ------
    readout : str
        ``linear`` or ``ridge``.
    n_components : int
        Of `grid`.
    predictions : numpy.ndarray
        (stimuli, sites).

    """
    recorded = responses.of_train(train)
    fitted = scores[train]
    for name, penalty in (("linear", None), ("ridge", alpha)):
        for k in grid:
            readout = fit_first_components(fitted, eigenvalues, recorded, k, penalty)
            yield name, k, readout.predict(scores[:, :k])
