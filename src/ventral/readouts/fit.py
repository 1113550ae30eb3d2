"""Fit the readout that a config entry describes."""

from collections.abc import Mapping

import numpy as np

from ventral.data.responses import Responses
from ventral.errors import VentralError
from ventral.readouts.regression import (
    Readout,
    alpha_grid,
    fit_linear,
    fit_ridge,
    fit_ridge_cv,
)

REPORT_GRID = {"low": -12, "high": 12, "count": 26, "relative": False}


def fit_readout(
    settings: Mapping,
    scores: np.ndarray,
    eigenvalues: np.ndarray,
    responses: Responses,
    train: np.ndarray,
) -> tuple[Readout, np.ndarray]:
    """Fit a readout on the train stimuli.

    settings: ``method`` (linear, ridge, ridge_cv), and as the method needs ``alpha``, ``alphas``,
    ``per_site``, and ``n_components`` (take only the first of the components).
    scores: (n, k), all stimuli. eigenvalues: (k,). train: (n_train,) indices.

    Returns the readout and the scores it reads, (n, k'). Raises `VentralError` where a train
    stimulus has no responses.
    """
    k = settings.get("n_components") or len(eigenvalues)
    scores, eigenvalues = scores[:, :k], eigenvalues[:k]
    recorded = responses.average[train]
    without = np.isnan(recorded).any(axis=1)
    if without.any():
        raise VentralError(
            f"{int(without.sum())} train stimuli have no responses, the first is"
            f" {responses.stimulus_id[train[without.argmax()]]!r}: change the split"
        )
    fitted = scores[train]
    if settings["method"] == "linear":
        readout = fit_linear(fitted, eigenvalues, recorded)
    elif settings["method"] == "ridge":
        readout = fit_ridge(fitted, eigenvalues, recorded, settings["alpha"])
    else:
        alphas = alpha_grid(settings.get("alphas", REPORT_GRID), eigenvalues, len(train))
        readout = fit_ridge_cv(fitted, eigenvalues, recorded, alphas, settings["per_site"])
    return readout, scores
