"""Fits in a store: for each layer one partition, or a leading axis of folds.

Of a fold only the predictions of its test stimuli are kept; those of its train stimuli are NaN.
Writer and reader are both here, and nothing of scores: what scores are computed from follows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ventral.data.responses import Responses
from ventral.data.splits import SINGLE_PARTITION, stack_folds
from ventral.errors import VentralError
from ventral.readouts.regression import Readout
from ventral.storage.store import Store
from ventral.storage.store_writer import StoreWriter, write_store

HEAD = "head"
"""The group of a network's own head, which reads no layer alone."""


@dataclass(frozen=True)
class FittedPartition:
    """A readout that was fitted on the train stimuli of a partition.

    Attributes
    ----------
    readout : Readout
        The readout.
    predictions : numpy.ndarray
        (stimuli, sites), in the unit of the responses.
    n_components : int
        Of its features.

    """

    readout: Readout
    predictions: np.ndarray
    n_components: int


@dataclass(frozen=True)
class StoredFit:
    """What is read of a fit in order to score it.

    Attributes
    ----------
    predictions : numpy.ndarray
        (stimuli, sites), in the unit of the responses.
    split : numpy.ndarray
        (stimuli,) strings.
    alpha, alpha_on_edge : numpy.ndarray
        (sites,), as of `ventral.readouts.regression.Readout`.
    n_components : int
        Of the features.

    """

    predictions: np.ndarray
    split: np.ndarray
    alpha: np.ndarray
    alpha_on_edge: np.ndarray
    n_components: int


def write_fits(
    path: str | Path,
    layers: Iterable[tuple[str, Mapping[str, FittedPartition]]],
    partitions: Mapping[str, pd.DataFrame],
    responses: Responses,
    *,
    is_raw: bool,
    attributes: dict | None = None,
) -> None:
    """Write the fits of each layer, by partition, into a packed store.

    A layer is a group with the arrays ``predictions`` (stimulus, site), ``alpha``,
    ``alpha_on_edge``, ``intercept`` (site), ``coefficients`` (component, site), or where `is_raw`
    ``dual_coefficients`` (train_stimulus, site), and ``n_components``; with folds each has a
    leading axis of them. Beside the groups are ``split`` (stimulus), with folds (fold, stimulus),
    and ``stimulus_id``, ``site_id`` and ``region``; the indices ``stimulus``, ``site`` and ``fold``
    are in the groups too.

    Parameters
    ----------
    path : str or Path
        Of the store.
    layers : iterable
        Each layer and its fits by partition.
    partitions : Mapping
        Of `ventral.data.splits.partitions_of`.
    responses : Responses
        That were fitted.
    is_raw : bool
        Whether the features are all of a layer: components mean nothing to a reader then.
    attributes : dict, optional
        Of the store.

    """
    splits = {name: partition["split"].to_numpy() for name, partition in partitions.items()}
    weights, axis = (
        ("dual_coefficients", "train_stimulus") if is_raw else ("coefficients", "component")
    )
    with write_store(path, attributes, packed=True) as store:
        for layer, fitted in layers:
            fits = _Group(store, layer, folds=None if SINGLE_PARTITION in splits else list(splits))
            predictions = [fit.predictions for fit in fitted.values()]
            if fits.folds is not None:
                predictions = [
                    np.where((splits[fold] == "test")[:, None], fitted[fold].predictions, np.nan)
                    for fold in fits.folds
                ]
            fits.put("predictions", predictions, ("stimulus", "site"))
            readouts = [fit.readout for fit in fitted.values()]
            for name in ("alpha", "alpha_on_edge", "intercept"):
                fits.put(name, [getattr(readout, name) for readout in readouts], ("site",))
            fits.put(weights, [getattr(readout, weights) for readout in readouts], (axis, "site"))
            fits.put_counts([fit.n_components for fit in fitted.values()])
            fits.put_indices(responses)
        _put_shared(store, splits, responses)


def write_head(
    path: str | Path,
    predictions: np.ndarray,
    n_features: int,
    split: np.ndarray,
    responses: Responses,
    attributes: dict | None = None,
) -> None:
    """Write the predictions of a network's own head as a fit like any other, of the group `HEAD`.

    Parameters
    ----------
    path : str or Path
        Of the store.
    predictions : numpy.ndarray
        (stimuli, sites), in the unit of the responses.
    n_features : int
        That the head reads.
    split : numpy.ndarray
        (stimuli,) strings.
    responses : Responses
        Of the same sites.
    attributes : dict, optional
        Of the store.

    """
    n_sites = len(responses.sites)
    with write_store(path, attributes, packed=True) as store:
        fit = _Group(store, HEAD, folds=None)
        fit.put("predictions", [predictions], ("stimulus", "site"))
        fit.put("alpha", [np.full(n_sites, np.nan)], ("site",))
        fit.put("alpha_on_edge", [np.zeros(n_sites, bool)], ("site",))
        fit.put_counts([n_features])
        fit.put_indices(responses)
        _put_shared(store, {SINGLE_PARTITION: split}, responses)


@dataclass(frozen=True)
class _Group:
    """The group of a layer, open for writing."""

    store: StoreWriter
    layer: str
    folds: list[str] | None

    def put(self, name: str, arrays: list[np.ndarray], dims: tuple[str, ...]) -> None:
        """Write the array of the partition, or those of the folds under each other."""
        if self.folds is None:
            self.store.put(f"{self.layer}/{name}", arrays[0], dims)
            return
        alike = len({array.shape for array in arrays}) == 1
        stacked = np.stack(arrays) if alike else stack_folds(arrays)
        # Compressed: most predictions of a fold are NaN.
        self.store.put(f"{self.layer}/{name}", stacked, ("fold", *dims), compressed=True)

    def put_counts(self, n_components: list[int]) -> None:
        dims = ("one",) if self.folds is None else ("fold",)
        self.store.put(f"{self.layer}/n_components", np.array(n_components), dims)

    def put_indices(self, responses: Responses) -> None:
        self.store.put(f"{self.layer}/stimulus", responses.stimulus_id, ("stimulus",))
        sites = responses.sites
        self.store.put(f"{self.layer}/site", sites["site_id"].to_numpy(), ("site",))
        self.store.put(f"{self.layer}/region", sites["region"].to_numpy(), ("site",))
        if self.folds is not None:
            self.store.put(f"{self.layer}/fold", np.array(self.folds, object), ("fold",))


def _put_shared(store: StoreWriter, splits: Mapping[str, np.ndarray], responses: Responses) -> None:
    """Write what all layers have in common."""
    if SINGLE_PARTITION in splits:
        store.put("split", splits[SINGLE_PARTITION], ("stimulus",))
    else:
        store.put("split", np.stack(list(splits.values())), ("fold", "stimulus"))
        store.put("fold", np.array(list(splits), object), ("fold",))
    for name in ("stimulus_id", "stimulus"):
        store.put(name, responses.stimulus_id, ("stimulus",))
    for name, column in {"site_id": "site_id", "site": "site_id", "region": "region"}.items():
        store.put(name, responses.sites[column].to_numpy(), ("site",))


def read_fits(path: str | Path) -> Iterator[tuple[str, dict[str, StoredFit]]]:
    """Give each layer of a store of fits, and its fits by partition.

    Parameters
    ----------
    path : str or Path
        Of a store of `write_fits` or `write_head`.

    Yields
    ------
    layer : str
        The next layer.
    fits : dict
        A `StoredFit` for each partition.

    Raises
    ------
    VentralError
        Where the store is damaged.

    """
    store = Store(path)
    for layer in store.groups:
        yield layer, _read_layer(store, layer)


def read_fit(path: str | Path, layer: str) -> dict[str, StoredFit] | None:
    """Return the fits of one layer by partition, or None if the store lacks the layer.

    Parameters
    ----------
    path : str or Path
        Of a store of `write_fits` or `write_head`.
    layer : str
        The layer.

    Raises
    ------
    VentralError
        Where the store is damaged.

    """
    store = Store(path)
    return _read_layer(store, layer) if layer in store.groups else None


@dataclass(frozen=True)
class StoredAlphas:
    """The penalties of a store of fits.

    Attributes
    ----------
    by_layer : dict
        {layer: {partition: (sites,)}}; NaN of sites that could not be fitted.
    n_train : dict
        Number of train stimuli, by partition.
    site_id, region : numpy.ndarray
        (sites,).

    """

    by_layer: dict[str, dict[str, np.ndarray]]
    n_train: dict[str, int]
    site_id: np.ndarray
    region: np.ndarray


def read_alphas(path: str | Path) -> StoredAlphas:
    """Return the penalties of all layers, without the predictions.

    Parameters
    ----------
    path : str or Path
        Of a store of `write_fits`.

    Raises
    ------
    VentralError
        Where the store is damaged.

    """
    store = Store(path)
    has_folds = "fold" in store
    names = [str(fold) for fold in store.read("fold")] if has_folds else [SINGLE_PARTITION]
    splits = np.atleast_2d(store.read("split").astype(object))
    return StoredAlphas(
        by_layer={
            layer: dict(zip(names, np.atleast_2d(store.read(f"{layer}/alpha")), strict=True))
            for layer in store.groups
        },
        n_train=dict(zip(names, (splits == "train").sum(axis=1).tolist(), strict=True)),
        site_id=store.read("site_id").astype(object),
        region=store.read("region").astype(object),
    )


class FitFiles:
    """The stores of fits of one or several data sets, by data set, model and readout.

    Parameters
    ----------
    names : iterable of (dataset, model, readout)
        Of each store; a model has one for each of its tap sets.
    paths : iterable of str or Path
        The stores, in the same order.

    """

    def __init__(self, names: Iterable[Sequence[str]], paths: Iterable[str | Path]) -> None:
        self.paths: dict[tuple[str, ...], list[str | Path]] = {}
        for name, path in zip(names, paths, strict=True):
            self.paths.setdefault(tuple(name), []).append(path)

    def read(self, dataset: str, model: str, readout: str, layer: str) -> dict[str, StoredFit]:
        """Return the fits of a layer by partition.

        Raises
        ------
        VentralError
            Where no store of the model and readout has the layer, or the store is damaged.

        """
        for path in self.paths.get((dataset, model, readout), ()):
            found = read_fit(path, layer)
            if found is not None:
                return found
        raise VentralError(
            f"{dataset}: there is no fit of model {model!r}, readout {readout!r}, layer {layer!r}"
        )


def _read_layer(store: Store, layer: str) -> dict[str, StoredFit]:
    split = store.read("split").astype(object)
    columns = {
        name: store.read(f"{layer}/{name}")
        for name in ("predictions", "alpha", "alpha_on_edge", "n_components")
    }
    if "fold" not in store:
        n_components = int(columns.pop("n_components")[0])
        return {SINGLE_PARTITION: StoredFit(split=split, n_components=n_components, **columns)}
    return {
        str(fold): StoredFit(
            split=split[index],
            predictions=columns["predictions"][index],
            alpha=columns["alpha"][index],
            alpha_on_edge=columns["alpha_on_edge"][index],
            n_components=int(columns["n_components"][index]),
        )
        for index, fold in enumerate(store.read("fold"))
    }
