"""The Gram matrices of a data set, by model and layer, and no more of them read than are asked."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ventral.errors import VentralError
from ventral.features.gram import layers_in
from ventral.storage.store import Store


class GramFiles:
    """The stores of Gram matrices of a data set.

    Parameters
    ----------
    names : iterable of (dataset, model)
        Of each store; a model has one for each of its tap sets.
    paths : iterable of str or Path
        The stores, in the same order.

    """

    def __init__(self, names: Iterable[Sequence[str]], paths: Iterable[str | Path]) -> None:
        self.paths: dict[str, list[str | Path]] = {}
        for (_, model), path in zip(names, paths, strict=True):
            self.paths.setdefault(model, []).append(path)

    def read(self, model: str, layer: str) -> np.ndarray:
        """Return the Gram matrix of all stimuli, (n_stimuli, n_stimuli).

        Raises
        ------
        VentralError
            Where no store of the model has the layer, or the store is damaged.

        """
        for path in self.paths.get(model, ()):
            store = Store(path)
            if layer in layers_in(store):
                return store.read(layer)
        raise VentralError(f"there is no Gram matrix of model {model!r}, layer {layer!r}")
