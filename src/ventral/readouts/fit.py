"""Fit the readout that a config entry describes."""

import logging
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from ventral.data.responses import Responses
from ventral.data.splits import rows_of
from ventral.errors import naming
from ventral.features.pca_store import read_components
from ventral.readouts.fit_store import FittedPartition
from ventral.readouts.fold_errors import fold_errors
from ventral.readouts.regression import (
    DEFAULT_GRID,
    Readout,
    alpha_grid,
    fit_linear,
    fit_ridge,
    fit_ridge_cv,
)
from ventral.storage.store import Store

log = logging.getLogger(__name__)


def fit_readout(
    settings: Mapping,
    scores: np.ndarray,
    eigenvalues: np.ndarray,
    responses: Responses,
    train: np.ndarray,
    everything: np.ndarray | None = None,
) -> tuple[Readout, np.ndarray]:
    """Fit a readout on the train stimuli.

    Parameters
    ----------
    settings : Mapping
        ``method`` (linear, ridge, ridge_cv, pls), and as the method needs ``alpha``, ``alphas``,
        ``alpha_for`` (site, region, all_sites), ``choose_alpha`` (leave_one_out, k_fold), and
        ``n_components``: of ``pls`` the latent
        components, of all others how many of the first components to take. ``pls`` is fitted to the
        sites of a region together.
    scores : numpy.ndarray
        (n, k), of all stimuli.
    eigenvalues : numpy.ndarray
        (k,).
    responses : Responses
        To all stimuli.
    train : numpy.ndarray
        (n_train,) indices.
    everything : numpy.ndarray, optional
        (n, rank), scores on all components, from which k_fold finds those of its folds; by default
        `scores`.

    Returns
    -------
    readout : Readout
        As fitted.
    scores : numpy.ndarray
        (n, k'), the leading scores, which it reads.

    Raises
    ------
    VentralError
        Where a train stimulus has no responses.

    """
    is_pls = settings["method"] == "pls"
    k = (not is_pls and settings.get("n_components")) or len(eigenvalues)
    scores, eigenvalues = scores[:, :k], eigenvalues[:k]
    recorded = responses.of_train(train)
    fitted = scores[train]
    if settings["method"] == "linear":
        readout = fit_linear(fitted, eigenvalues, recorded)
    elif settings["method"] == "ridge":
        readout = fit_ridge(fitted, eigenvalues, recorded, settings["alpha"])
    elif is_pls:
        regions = responses.sites["region"].to_numpy()
        readout = _by_region(fitted, eigenvalues, recorded, regions, settings["n_components"])
    else:
        alphas = alpha_grid(settings.get("alphas", DEFAULT_GRID), eigenvalues, len(train))
        shared = settings["alpha_for"]
        errors = None
        if settings.get("choose_alpha") == "k_fold":
            features = (scores if everything is None else everything)[train]
            errors = fold_errors(features @ features.T, recorded, len(eigenvalues), alphas)
        together = responses.sites["region"].to_numpy() if shared == "region" else None
        readout = fit_ridge_cv(
            fitted, eigenvalues, recorded, alphas, shared == "site", together, errors
        )
    return readout, scores


def _by_region(
    fitted: np.ndarray,
    eigenvalues: np.ndarray,
    recorded: np.ndarray,
    regions: np.ndarray,
    n_components: int,
) -> Readout:
    """Fit PLS to each region's sites: its latent components depend on which sites it is given."""
    from ventral.readouts.pls import fit_pls  # imports scikit-learn: a second, in many short jobs

    k, n_sites = len(eigenvalues), len(regions)
    whole = Readout(
        coefficients=np.empty((k, n_sites)),
        intercept=np.empty(n_sites),
        alpha=np.full(n_sites, np.nan),
        alpha_on_edge=np.zeros(n_sites, bool),
        dual_coefficients=np.empty((len(fitted), n_sites)),
    )
    for region in dict.fromkeys(regions):
        inside = regions == region
        part = fit_pls(fitted, eigenvalues, recorded[:, inside], n_components)
        whole.coefficients[:, inside] = part.coefficients
        whole.intercept[inside] = part.intercept
        whole.dual_coefficients[:, inside] = part.dual_coefficients
    return whole


def components_used(settings: Mapping, scores: np.ndarray) -> int:
    """Return the number of components that scores report.

    Parameters
    ----------
    settings : Mapping
        As of `fit_readout`.
    scores : numpy.ndarray
        (n, k), which the readout reads.

    Returns
    -------
    int
        The latent components of PLS; k of all others.

    """
    return settings["n_components"] if settings["method"] == "pls" else scores.shape[1]


def fit_layers(
    components: Store,
    settings: Mapping,
    responses: Responses,
    partitions: Mapping[str, pd.DataFrame],
) -> Iterator[tuple[str, dict[str, FittedPartition]]]:
    """Fit a readout to each layer of a tap set, once for each partition.

    Parameters
    ----------
    components : Store
        Of `ventral.features.pca_store.write_components`.
    settings : Mapping
        Of the readout, as of `fit_readout`, and ``features``: ``pcs`` for the components that were
        asked for, ``raw`` for all of them, which stand for the features themselves.
    responses : Responses
        To fit.
    partitions : Mapping
        Of `ventral.data.splits.partitions_of`.

    Yields
    ------
    layer : str
        The next layer.
    fits : dict
        By partition.

    Raises
    ------
    VentralError
        Naming the layer: where the store is damaged, or as `fit_readout`.

    """
    is_raw = settings["features"] == "raw"
    in_folds = not is_raw and settings.get("choose_alpha") == "k_fold"
    for layer in components.groups:
        fits = {}
        with naming(f"layer {layer!r}"):
            found = read_components(components, layer, everything=is_raw)
            whole = read_components(components, layer, everything=True) if in_folds else found
            for name, partition in partitions.items():
                train = rows_of(partition, "train")
                readout, scores = fit_readout(
                    settings, *found[name], responses, train, whole[name][0]
                )
                fits[name] = FittedPartition(
                    readout=readout,
                    predictions=readout.predict(scores),
                    n_components=components_used(settings, scores),
                )
                _warn_of_edges(readout, f"layer {layer!r}, {name}" if name else f"layer {layer!r}")
        yield layer, fits


def _warn_of_edges(readout: Readout, where: str) -> None:
    if readout.alpha_on_edge.any():
        log.warning(
            "%s: alpha lies on the edge of its grid at %d of %d sites: a wider grid may do better",
            where,
            readout.alpha_on_edge.sum(),
            len(readout.alpha_on_edge),
        )
