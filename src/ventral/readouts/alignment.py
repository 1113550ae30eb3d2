"""How responses lie along the components of a layer, and the ridge error that follows from it.

Notation: the centred responses y of a site, the eigenvectors ``uᵢ`` of the n train stimuli with
their eigenvalues ``λᵢ``, and the alignment ``aᵢ = (uᵢᵀy)² / yᵀy``: the share of the response
variance that lies along component i. Responses are averages over trials: their noise is in aᵢ too,
evenly over all components.
"""

from dataclasses import dataclass

import numpy as np

from ventral.data.missing import is_constant
from ventral.readouts.partial import rows_by_sites


@dataclass(frozen=True)
class RidgeError:
    """The error that ridge is predicted to make on new stimuli, in units of a site's variance.

    Attributes
    ----------
    total : numpy.ndarray
        (sites,). 1 is the error of the mean response. NaN for a site that is constant or was not
        fitted.
    from_eigenvalues : numpy.ndarray
        (sites,), the error if the responses lay evenly along all components.
    from_alignment : numpy.ndarray
        (sites,), what their alignment adds: `total` less `from_eigenvalues`, negative where they
        lie along the components that ridge shrinks least.
    estimates : numpy.ndarray
        (n, sites), what is predicted of each train stimulus as if it were new: `total` is the mean
        squared error of these.

    """

    total: np.ndarray
    from_eigenvalues: np.ndarray
    from_alignment: np.ndarray
    estimates: np.ndarray


def response_alignment(
    scores: np.ndarray, eigenvalues: np.ndarray, responses: np.ndarray
) -> np.ndarray:
    """Return the share of each site's response variance along each component.

    Parameters
    ----------
    scores : numpy.ndarray
        (n, k), of the train stimuli.
    eigenvalues : numpy.ndarray
        (k,).
    responses : numpy.ndarray
        (n, sites), without missing ones.

    Returns
    -------
    numpy.ndarray
        (k, sites). A column sums to 1 where k = n − 1, and to less where some of the responses is
        outside the components. NaN for a constant site.

    """
    centred = responses - responses.mean(axis=0)
    whole = np.where(is_constant(responses), np.nan, (centred**2).sum(axis=0))
    return (scores.T @ centred) ** 2 / eigenvalues[:, None] / whole


def predicted_ridge_error(
    scores: np.ndarray, eigenvalues: np.ndarray, responses: np.ndarray, alpha: np.ndarray
) -> RidgeError:
    """Tell apart what the eigenvalues and what the alignment make of the error of ridge.

    Parameters
    ----------
    scores : numpy.ndarray
        (n, k), of the train stimuli on all components.
    eigenvalues : numpy.ndarray
        (k,).
    responses : numpy.ndarray
        (n, sites); NaN where one is missing. Such a site has components of its own, those of the
        stimuli to which it has responses.
    alpha : numpy.ndarray
        (sites,), positive.

    Returns
    -------
    RidgeError

    Notes
    -----
    With ``df = Σ λᵢ/(λᵢ + α)`` and an intercept, the error of new stimuli is the sum over the n − 1
    directions of

        aᵢ · Wᵢ,   Wᵢ = (α / (λᵢ + α))² / (1 − (1 + df)/n)²,

    with λ = 0 for directions outside the components. W depends on the eigenvalues alone, a on the
    responses. With its mean W̄ over directions, ``Σ aᵢWᵢ = W̄ + Σ (aᵢ − 1/(n−1)) Wᵢ``, since Σaᵢ = 1:
    the two parts. It is generalised cross-validation, written along the components. It estimates
    from the train stimuli alone the error that Bordelon et al. and Canatar et al. derive from the
    eigenvalues and the alignment of the population; their κ is ``α / (n − df)`` (Jacot et al.).

    References
    ----------
    Golub, Heath and Wahba, Technometrics 1979; Bordelon, Canatar and Pehlevan, ICML 2020; Canatar,
    Bordelon and Pehlevan, Nature Communications 2021; Jacot et al., "Kernel alignment risk
    estimator", NeurIPS 2020.

    """
    n_sites = responses.shape[1]
    total, even = np.full(n_sites, np.nan), np.full(n_sites, np.nan)
    estimates = np.full(responses.shape, np.nan)
    for sites, rows in rows_by_sites(scores, eigenvalues, responses):
        own, penalty = responses[rows.stimuli][:, sites], alpha[sites]
        n, values = len(own), rows.eigenvalues[:, None]
        kept = 1 - (1 + (values / (values + penalty)).sum(axis=0)) / n
        with np.errstate(divide="ignore", invalid="ignore"):  # two stimuli: nothing is kept
            weights = (penalty / (values + penalty) / kept) ** 2
            alignment = response_alignment(rows.scores, rows.eigenvalues, own)
            outside = 1 - alignment.sum(axis=0)
            further = n - 1 - len(values)
            total[sites] = (alignment * weights).sum(axis=0)
            even[sites] = weights.sum(axis=0) / (n - 1)
            if further:
                total[sites] += outside / kept**2
                even[sites] += further / kept**2 / (n - 1)
            centred = own - own.mean(axis=0)
            coefficients = rows.scores.T @ centred / (values + penalty)
            residual = (centred - rows.scores @ coefficients) / kept
        places = np.arange(len(responses))[rows.stimuli]
        estimates[np.ix_(places, sites)] = own - residual
    even[np.isnan(total)] = np.nan
    return RidgeError(total, even, total - even, estimates)
