"""Errors of ridge on folds whose components never saw the stimuli that are left out."""

import numpy as np

from ventral.errors import VentralError
from ventral.features.pca import fit_pca

N_FOLDS = 10


def fold_errors(
    gram: np.ndarray,
    responses: np.ndarray,
    n_components: int,
    alphas: np.ndarray,
    seed: int = 0,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Return the mean squared error of ridge over 10 folds of the train stimuli.

    The components of a fold are those of its own train stimuli. Components lean towards the stimuli
    that they were found in, whose scores on the later ones are larger than those of new stimuli. So
    leave-one-out on components that saw the stimulus left out overestimates the error, and chooses
    alphas that are too large, unless all components are taken (docs/choosing_alpha.md).

    Parameters
    ----------
    gram : numpy.ndarray
        (n, n), of the train stimuli's features.
    responses : numpy.ndarray
        (n, sites).
    n_components : int
        Components of each fold; all that it has where they are fewer.
    alphas : numpy.ndarray
        (grid,) positive.
    seed : int
        Of the drawing of folds.
    groups : numpy.ndarray, optional
        (n,), the group of each stimulus; whole groups are left out.

    Returns
    -------
    numpy.ndarray
        (grid, sites), in squared units of the responses.

    Raises
    ------
    VentralError
        If all stimuli are of one group.

    """
    from sklearn.model_selection import GroupKFold, KFold  # a second, which most jobs need not wait

    kind = KFold if groups is None else GroupKFold
    count = len(gram) if groups is None else len(np.unique(groups))
    if count < 2:
        raise VentralError("choose_alpha: groups: all train stimuli are of one group")
    errors = np.zeros((len(alphas), responses.shape[1]))
    folds = kind(min(N_FOLDS, count), shuffle=True, random_state=seed)
    for inside, left_out in folds.split(gram, groups=groups):
        components = fit_pca(gram, inside, n_components, "use_rank")
        mean = responses[inside].mean(axis=0)
        projected = components.scores[inside].T @ (responses[inside] - mean)
        for index, alpha in enumerate(alphas):
            coefficients = projected / (components.eigenvalues[:, None] + alpha)
            predicted = components.scores[left_out] @ coefficients + mean
            errors[index] += ((responses[left_out] - predicted) ** 2).sum(axis=0)
    return errors / len(gram)
