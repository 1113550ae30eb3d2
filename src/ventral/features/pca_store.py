"""Principal components in a store: all of them, those that were asked for in front.

What a config asks for as its number of components decides what readouts on components are given.
The others are kept too, since a readout of the raw features rests on all of them: so each Gram
matrix is decomposed once, whatever readouts there are.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ventral.data.splits import SINGLE_PARTITION, stack_folds
from ventral.errors import naming
from ventral.storage.store import Store
from ventral.storage.store_writer import StoreWriter, write_store

if TYPE_CHECKING:  # a readout decomposes nothing, and need not import what does
    from ventral.features.pca import PrincipalComponents


def write_components(
    path: str | Path,
    layers: Iterable[tuple[str, Mapping[str, "PrincipalComponents"]]],
    stimulus_id: np.ndarray,
    n_components: int | None,
    when_rank_is_lower: str = "fail",
    attributes: dict | None = None,
) -> None:
    """Write the components of each layer, by partition, into a packed store.

    A layer is a group with the arrays ``scores`` (stimulus, component), ``eigenvalues`` and
    ``explained_variance_ratio`` (component) of the components that are asked for;
    ``further_scores`` (stimulus, further_component) and ``further_eigenvalues`` of all others, if
    there are any; ``rank``; and the index ``stimulus``. With folds each but the index has a leading
    axis of them, with their names in ``fold``; folds may have different ranks, and what a fold
    lacks of the longest is NaN. Beside the groups is ``stimulus_id``.

    Parameters
    ----------
    path : str or Path
        Of the store.
    layers : iterable
        Each layer and its components by partition, of `ventral.features.decompose.fit_layers`.
    stimulus_id : numpy.ndarray
        (stimuli,) strings.
    n_components, when_rank_is_lower
        Which components are asked for, as of `PrincipalComponents.first`.
    attributes : dict, optional
        Of the store.

    Raises
    ------
    VentralError
        Naming the layer, where the rank is under `n_components` and that is to fail.

    """
    with write_store(path, attributes, packed=True) as store:
        for layer, components in layers:
            with naming(f"layer {layer!r}"):
                fits = list(components.values())
                asked = [fit.first(n_components, when_rank_is_lower) for fit in fits]
            folds = None if SINGLE_PARTITION in components else list(components)
            _put_layer(store, layer, fits, asked, folds)
            store.put(f"{layer}/stimulus", stimulus_id, ("stimulus",))
        store.put("stimulus_id", stimulus_id, ("stimulus",))
        store.put("stimulus", stimulus_id, ("stimulus",))


def _put_layer(
    store: StoreWriter,
    layer: str,
    fits: list["PrincipalComponents"],
    asked: list["PrincipalComponents"],
    folds: list[str] | None,
) -> None:
    """Write the arrays of a layer: of one partition, or of all folds."""

    def put(name: str, arrays: list[np.ndarray], dims: tuple[str, ...]) -> None:
        if folds is None:
            store.put(f"{layer}/{name}", arrays[0], dims)
        else:
            store.put(f"{layer}/{name}", stack_folds(arrays), ("fold", *dims))

    put("scores", [fit.scores for fit in asked], ("stimulus", "component"))
    put("eigenvalues", [fit.eigenvalues for fit in asked], ("component",))
    ratios = [fit.explained_variance_ratio for fit in asked]
    put("explained_variance_ratio", ratios, ("component",))
    pairs = [(fit, len(first.eigenvalues)) for fit, first in zip(fits, asked, strict=True)]
    if any(fit.rank > k for fit, k in pairs):
        axis = "further_component"
        put("further_scores", [fit.scores[:, k:] for fit, k in pairs], ("stimulus", axis))
        put("further_eigenvalues", [fit.eigenvalues[k:] for fit, k in pairs], (axis,))
    rank = np.array([fit.rank for fit in fits])
    store.put(f"{layer}/rank", rank, ("one",) if folds is None else ("fold",))
    if folds is not None:
        store.put(f"{layer}/fold", np.array(folds, object), ("fold",))


def read_components(
    store: Store, layer: str, *, everything: bool = False
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the components of a layer by partition: scores, (stimuli, k), and eigenvalues, (k,).

    Parameters
    ----------
    store : Store
        Of `write_components`.
    layer : str
        One of its groups.
    everything : bool
        Whether to give all components, for a readout of the raw features, and not only those that
        were asked for.

    Raises
    ------
    VentralError
        Where the store is damaged.

    """
    prefixes = [f"{layer}/", f"{layer}/further_"] if everything else [f"{layer}/"]
    parts = [
        (store.read(f"{prefix}scores"), store.read(f"{prefix}eigenvalues"))
        for prefix in prefixes
        if f"{prefix}scores" in store
    ]
    if f"{layer}/fold" not in store:
        return {SINGLE_PARTITION: _joined(parts)}
    components = {}
    for index, fold in enumerate(store.read(f"{layer}/fold")):
        of_fold = []
        for scores, eigenvalues in parts:
            k = int(np.isfinite(eigenvalues[index]).sum())
            of_fold.append((scores[index, :, :k], eigenvalues[index, :k]))
        components[str(fold)] = _joined(of_fold)
    return components


def read_eigenvalues(
    store: Store, layer: str, *, everything: bool = False
) -> dict[str, np.ndarray]:
    """Return the eigenvalues of a layer by partition, (k,), as of `read_components`."""
    names = [f"{layer}/eigenvalues"]
    if everything and f"{layer}/further_eigenvalues" in store:
        names.append(f"{layer}/further_eigenvalues")
    parts = [np.atleast_2d(store.read(name)) for name in names]
    folds: list[str] = [SINGLE_PARTITION]
    if f"{layer}/fold" in store:
        folds = [str(fold) for fold in store.read(f"{layer}/fold")]
    of_folds = np.concatenate(parts, axis=1)
    return {fold: values[np.isfinite(values)] for fold, values in zip(folds, of_folds, strict=True)}


def _joined(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and eigenvalues of several parts, concatenated."""
    if len(parts) == 1:
        return parts[0]
    scores, eigenvalues = zip(*parts, strict=True)
    return np.concatenate(scores, axis=1), np.concatenate(eigenvalues)
