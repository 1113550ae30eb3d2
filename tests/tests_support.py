"""What several test files build."""

from pathlib import Path

import numpy as np

from ventral.features.gram import gram_matrix
from ventral.store import ContentDigest, Store, write_store


def store_layer(path: Path, values: np.ndarray, chunks=None, name: str = "layer1.0") -> Store:
    """Write activations, (stimuli, features), as an extraction would."""
    digest = ContentDigest(values.shape, values.dtype)
    digest.update_rows(values)
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_store(path) as writer:
        array = writer.create(
            name, values.shape, values.dtype, ("stimulus", "feature"), chunks=chunks
        )
        array[...] = values
        writer.record(name, values.shape, values.dtype, digest.hexdigest())
    return Store(path)


def layer_gram(folder: Path, values: np.ndarray) -> np.ndarray:
    """Return the Gram matrix of features that went through a store."""
    return gram_matrix(store_layer(folder / "layer.zarr", values), "layer1.0")
