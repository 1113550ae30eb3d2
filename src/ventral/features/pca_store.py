"""Principal components in a store: of one partition, or with a leading axis of folds.

Folds may have different ranks; what a fold lacks of the longest is NaN.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ventral.data.splits import SINGLE_PARTITION
from ventral.features.pca import PrincipalComponents
from ventral.storage.store import Store
from ventral.storage.store_writer import write_store


def stack_folds(arrays: list[np.ndarray]) -> np.ndarray:
    """Return arrays of equal dimensions under each other, (folds, ...), padded with NaN."""
    shape = tuple(np.max([array.shape for array in arrays], axis=0))
    stacked = np.full((len(arrays), *shape), np.nan)
    for place, array in zip(stacked, arrays, strict=True):
        place[tuple(slice(size) for size in array.shape)] = array
    return stacked


def write_components(
    path: str | Path,
    components: Mapping[str, PrincipalComponents],
    stimulus_id: np.ndarray,
    attributes: dict | None = None,
) -> None:
    """Write the components of each partition, by name.

    Arrays: ``scores`` (stimulus, component), ``eigenvalues``, ``explained_variance_ratio``
    (component), ``rank``, ``stimulus_id``; with folds the first four have a leading axis of them,
    and ``fold`` has their names.
    """
    columns = {
        "scores": ("stimulus", "component"),
        "eigenvalues": ("component",),
        "explained_variance_ratio": ("component",),
    }
    fits, is_whole = list(components.values()), SINGLE_PARTITION in components
    rank = [fit.rank for fit in fits]
    facts = {"rank": rank[0] if is_whole else rank, **(attributes or {})}
    with write_store(path, facts) as store:
        for name, dims in columns.items():
            arrays = [getattr(fit, name) for fit in fits]
            if is_whole:
                store.put(name, arrays[0], dims)
            else:
                store.put(name, stack_folds(arrays), ("fold", *dims))
        store.put("rank", rank, ("one",) if is_whole else ("fold",))
        if not is_whole:
            store.put("fold", np.array(list(components), object), ("fold",))
        store.put("stimulus_id", stimulus_id, ("stimulus",))


def read_components(path: str | Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the scores, (stimuli, k), and eigenvalues, (k,), of each partition by name."""
    store = Store(path)
    scores, eigenvalues = store.read("scores"), store.read("eigenvalues")
    if "fold" not in store:
        return {SINGLE_PARTITION: (scores, eigenvalues)}
    components = {}
    for index, fold in enumerate(store.read("fold")):
        k = np.isfinite(eigenvalues[index]).sum()
        components[str(fold)] = (scores[index, :, :k], eigenvalues[index, :k])
    return components
