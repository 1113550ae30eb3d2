"""One layer of a data set at a time, from the files of all of its models and tap sets."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from ventral.errors import VentralError


class LayerFiles:
    """Files of a data set that hold an array for each layer of a tap set.

    Parameters
    ----------
    names : iterable of (dataset, model)
        Of each file; a model has one for each of its tap sets.
    paths : iterable of str or Path
        The files, in the same order.
    find : callable
        Reads the array of a layer from a file; None where the file lacks the layer. Such as
        `ventral.features.gram.find_gram`.

    """

    def __init__(
        self,
        names: Iterable[Sequence[str]],
        paths: Iterable[str | Path],
        find: Callable[[str | Path, str], np.ndarray | None],
    ) -> None:
        self.paths: dict[str, list[str | Path]] = {}
        self._find = find
        for (_, model), path in zip(names, paths, strict=True):
            self.paths.setdefault(model, []).append(path)

    def read(self, model: str, layer: str) -> np.ndarray:
        """Return the array of a layer.

        Raises
        ------
        VentralError
            Where no file of the model has the layer, or the file is damaged.

        """
        for path in self.paths.get(model, ()):
            found = self._find(path, layer)
            if found is not None:
                return found
        raise VentralError(f"no file of model {model!r} has layer {layer!r}")
