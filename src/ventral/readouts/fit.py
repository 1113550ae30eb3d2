"""Fit the readout that a config entry describes."""

import functools
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ventral.data.responses import Responses
from ventral.data.splits import rows_of
from ventral.errors import naming
from ventral.features.pca_store import read_components
from ventral.readouts.fit_store import FittedPartition
from ventral.readouts.fold_errors import fold_errors
from ventral.readouts.partial import Rows, all_rows, rows_by_sites
from ventral.readouts.regression import (
    DEFAULT_GRID,
    Readout,
    alpha_grid,
    choose_alphas,
    fit_linear,
    fit_ridge,
    fit_ridge_cv,
    leave_one_out_errors,
)
from ventral.storage.store import Store

log = logging.getLogger(__name__)

IN_FOLDS = ("k_fold", "groups")
FEWEST_OF_FOLDS = 3
"""Stimuli of which folds have components: where one of two is left out, there is none."""


def fit_readout(
    settings: Mapping,
    scores: np.ndarray,
    eigenvalues: np.ndarray,
    responses: Responses,
    train: np.ndarray,
    everything: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> tuple[Readout, np.ndarray]:
    """Fit a readout on the train stimuli.

    Parameters
    ----------
    settings : Mapping
        ``method`` (linear, ridge, ridge_cv, pls), and as the method needs ``alpha``, ``alphas``,
        ``alpha_for`` (site, region, all_sites), ``choose_alpha`` (leave_one_out, k_fold, groups),
        and ``n_components``: of ``pls`` the latent
        components, of all others how many of the first components to take. ``pls`` is fitted to the
        sites of a region together.
    scores : numpy.ndarray
        (n, k), of all stimuli.
    eigenvalues : numpy.ndarray
        (k,).
    responses : Responses
        To all stimuli.
    train : numpy.ndarray
        (n_train,) indices. A site without responses to some of them is fitted to the others, in the
        units of the same components and on the same grid of alphas.
    everything : numpy.ndarray, optional
        (n, rank), scores on all components, from which k_fold finds those of its folds; by default
        `scores`.
    groups : numpy.ndarray, optional
        (n,), the group of each stimulus, for ``choose_alpha: groups``.

    Returns
    -------
    readout : Readout
        As fitted.
    scores : numpy.ndarray
        (n, k'), the leading scores, which it reads.

    Raises
    ------
    VentralError
        Where a train stimulus has no responses of any site.

    """
    k = (settings["method"] != "pls" and settings.get("n_components")) or len(eigenvalues)
    scores, eigenvalues = scores[:, :k], eigenvalues[:k]
    everything = scores if everything is None else everything
    groups = groups if settings.get("choose_alpha") == "groups" else None
    method = _Method(settings, eigenvalues, train, everything, groups)
    recorded = responses.of_train(train)
    fitted = scores[train]
    regions = responses.sites["region"].to_numpy()
    if np.isnan(recorded).any():
        return _fit_partial(method, fitted, recorded, regions), scores
    return method.fit(all_rows(fitted, eigenvalues), recorded, regions), scores


@dataclass(frozen=True)
class _Method:
    """How the settings of a readout fit train stimuli: all of them, or some.

    Attributes
    ----------
    settings : Mapping
        As of `fit_readout`.
    eigenvalues : numpy.ndarray
        (k,), of the components that are read.
    train : numpy.ndarray
        (n_train,) indices.
    everything : numpy.ndarray
        (n, rank), scores of all stimuli on all components.
    groups : numpy.ndarray or None
        (n,), where ``choose_alpha`` leaves out whole groups.

    """

    settings: Mapping
    eigenvalues: np.ndarray
    train: np.ndarray
    everything: np.ndarray
    groups: np.ndarray | None

    @property
    def shares_alpha(self) -> bool:
        return self.settings["method"] == "ridge_cv" and self.settings["alpha_for"] != "site"

    @functools.cached_property
    def alphas(self) -> np.ndarray:
        grid = self.settings.get("alphas", DEFAULT_GRID)
        return alpha_grid(grid, self.eigenvalues, len(self.train))

    def regions_that_share(self, regions: np.ndarray) -> np.ndarray | None:
        return regions if self.settings["alpha_for"] == "region" else None

    def errors(self, rows: Rows, recorded: np.ndarray) -> np.ndarray:
        """Return the error of each alpha at each site, (grid, sites)."""
        by_folds = self.settings.get("choose_alpha") in IN_FOLDS
        if by_folds and len(recorded) >= FEWEST_OF_FOLDS:
            features = self.everything[self.train][rows.stimuli]
            groups = None if self.groups is None else self.groups[self.train][rows.stimuli]
            k = len(self.eigenvalues)
            return fold_errors(features @ features.T, recorded, k, self.alphas, groups=groups)
        return leave_one_out_errors(rows.scores, rows.eigenvalues, recorded, self.alphas)

    def fit(self, rows: Rows, recorded: np.ndarray, regions: np.ndarray) -> Readout:
        settings, fitted = self.settings, (rows.scores, rows.eigenvalues, recorded)
        if settings["method"] == "linear":
            return fit_linear(*fitted)
        if settings["method"] == "ridge":
            return fit_ridge(*fitted, settings["alpha"])
        if settings["method"] == "pls":
            return _by_region(*fitted, regions, settings["n_components"])
        shared = self.regions_that_share(regions)
        per_site, errors = settings["alpha_for"] == "site", self.errors(rows, recorded)
        return fit_ridge_cv(*fitted, self.alphas, per_site, shared, errors)


def _fit_partial(
    method: _Method, scores: np.ndarray, recorded: np.ndarray, regions: np.ndarray
) -> Readout:
    """Fit each site to the train stimuli to which it has responses.

    Sites with the same stimuli are fitted together. Where sites share an alpha, each has its error
    on its own stimuli. A site with fewer than two responses is NaN.
    """
    eigenvalues, n_sites = method.eigenvalues, recorded.shape[1]
    chosen = np.zeros(n_sites, int)
    if method.shares_alpha:
        errors = np.full((len(method.alphas), n_sites), np.nan)
        for sites, rows in rows_by_sites(scores, eigenvalues, recorded):
            errors[:, sites] = method.errors(rows, recorded[rows.stimuli][:, sites])
        fitted = ~np.isnan(errors).any(axis=0)
        shared = method.regions_that_share(regions[fitted])
        chosen[fitted] = choose_alphas(errors[:, fitted], recorded[:, fitted], False, shared)
    whole = Readout(
        coefficients=np.full((len(eigenvalues), n_sites), np.nan),
        intercept=np.full(n_sites, np.nan),
        alpha=np.full(n_sites, np.nan),
        alpha_on_edge=np.zeros(n_sites, bool),
        dual_coefficients=np.full(recorded.shape, np.nan),
    )
    for sites, rows in rows_by_sites(scores, eigenvalues, recorded):
        own = recorded[rows.stimuli][:, sites]
        if method.shares_alpha:
            of_sites = chosen[sites]
            part = fit_ridge(rows.scores, rows.eigenvalues, own, method.alphas[of_sites])
            part = replace(part, alpha_on_edge=np.isin(of_sites, (0, len(method.alphas) - 1)))
        else:
            with naming(f"{len(sites)} sites with responses to {len(own)} train stimuli"):
                part = method.fit(rows, own, regions[sites])
        rows.put(part, whole, sites)
    return whole


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
    groups: np.ndarray | None = None,
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
    groups : numpy.ndarray, optional
        (n,), of `ventral.data.splits.groups_of`.

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
    in_folds = not is_raw and settings.get("choose_alpha") in IN_FOLDS
    for layer in components.groups:
        fits = {}
        with naming(f"layer {layer!r}"):
            found = read_components(components, layer, everything=is_raw)
            whole = read_components(components, layer, everything=True) if in_folds else found
            for name, partition in partitions.items():
                train = rows_of(partition, "train")
                readout, scores = fit_readout(
                    settings, *found[name], responses, train, whole[name][0], groups
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
