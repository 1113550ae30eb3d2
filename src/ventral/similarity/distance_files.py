"""The distances between stimuli in each layer of a model, in one file."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy.spatial.distance import squareform

from ventral.storage.atomic import write_aside

PREFIX = "distances/"


def write_distances(path: str | Path, distances: Mapping[str, np.ndarray]) -> None:
    """Write the upper triangle of each layer's squared distances.

    Parameters
    ----------
    path : str or Path
        Of the npz file.
    distances : Mapping
        {layer: (n, n)}.
    """
    arrays = {f"{PREFIX}{layer}": squareform(d, checks=False) for layer, d in distances.items()}
    with write_aside(path) as aside, aside.open("wb") as file:
        np.savez(file, **arrays)


def read_distances(path: str | Path) -> dict[str, np.ndarray]:
    """Return {layer: squared distances, (n, n)} of a file of `write_distances`."""
    with np.load(path) as file:
        return {name.removeprefix(PREFIX): squareform(file[name]) for name in file}
