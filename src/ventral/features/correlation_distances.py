"""Dissimilarities of stimuli in a layer: one less the correlation over all of its features."""

from pathlib import Path

import numpy as np

from ventral.features.gram import layers_in
from ventral.features.slabs import slab_bounds
from ventral.storage.atomic import write_aside
from ventral.storage.digests import ContentDigest
from ventral.storage.store import Store


def write_distances(activations: Store, path: str | Path) -> None:
    """Write the dissimilarities of every layer of a tap set, one layer after the other.

    Parameters
    ----------
    activations : Store
        Of an extraction.
    path : str or Path
        Of the npz file to write: ``layers``, and their ``pairs``, (n_layers, n_pairs).

    """
    found = {layer: correlation_distances(activations, layer) for layer in layers_in(activations)}
    names = np.array(list(found))
    pairs = np.array(list(found.values()))
    with write_aside(path) as aside, aside.open("wb") as file:
        np.savez(file, layers=names, pairs=pairs)


def read_distances(path: str | Path) -> dict[str, np.ndarray]:
    """Return {layer: dissimilarities, (n_pairs,)} of a file of `write_distances`."""
    with np.load(path, allow_pickle=False) as file:
        return dict(zip(file["layers"].tolist(), file["pairs"], strict=True))


def find_distances(path: str | Path, layer: str) -> np.ndarray | None:
    """Return the dissimilarities of a layer, (n_pairs,); None where the file lacks the layer."""
    return read_distances(path).get(layer)


def correlation_distances(activations: Store, layer: str) -> np.ndarray:
    """Stream one layer and return one less Pearson's correlation of each pair of stimuli.

    Unlike a Gram matrix it is centred over the features of each stimulus, not over stimuli, so it
    is made from the activations.

    Parameters
    ----------
    activations : Store
        Of an extraction.
    layer : str
        Its array, (n_stimuli, n_features).

    Returns
    -------
    ndarray, (n_pairs,)
        Between 0 and 2, of the pairs (0, 1), (0, 2), …; NaN for a stimulus whose features are all
        equal.

    Raises
    ------
    VentralError
        Where the store differs from its manifest.

    References
    ----------
    Kriegeskorte, Mur and Bandettini, Front. Syst. Neurosci. 2008.
    """
    array = activations.array(layer)
    n, p = array.shape
    digest = ContentDigest(array.shape, array.dtype)
    shift = np.zeros(n)
    products, sums = np.zeros((n, n)), np.zeros(n)
    lowest, highest = np.full(n, np.inf), np.full(n, -np.inf)
    for start, end in slab_bounds(n, p, array.chunks[1], array.dtype.itemsize):
        slab = activations.read_slice(layer, (slice(None), slice(start, end)))
        digest.update_columns(start, slab)
        block = slab.astype(np.float64)
        if start == 0:  # conditioning alone: a correlation does not change with a shift
            shift = block.mean(axis=1)
        lowest = np.minimum(lowest, block.min(axis=1))
        highest = np.maximum(highest, block.max(axis=1))
        block -= shift[:, None]
        products += block @ block.T
        sums += block.sum(axis=1)
    activations.check(layer, digest.hexdigest())
    covariance = products - np.outer(sums, sums) / p
    deviation = np.sqrt(np.where(highest > lowest, np.diag(covariance), np.nan))
    upper = np.triu_indices(n, 1)
    return (1 - covariance / np.outer(deviation, deviation))[upper]
