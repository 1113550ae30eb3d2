"""The Gram matrix of a layer: the hub from which every readout, split and subset follows.

``G = Σ over column chunks Bc Bcᵀ`` with ``Bc = X[:, chunk] − μ[chunk]``, μ the mean of each feature
over all stimuli. Subtracting μ conditions the products; it changes no result, since every use of G
is centred with the rows of its own train split: for rows t (train) and o (any),
``K = H G[t, t] H`` and ``K* = G[o, t]`` centred with the train rows, whatever the offset of X.

Products are made in float64, the upper triangle only. Float32 products would take two thirds of
that time, but leave noise near 1e-7 of the largest eigenvalue, in which the numerical rank of a
layer and the small components that an unpenalised readout rests on are lost.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ventral.errors import naming
from ventral.features.slabs import product_width, slab_bounds
from ventral.jobs.progress import track
from ventral.storage.digests import ContentDigest

if TYPE_CHECKING:  # the Gram matrix of an array needs no Zarr
    from ventral.storage.store import Store

ROW_TILE = 1024


def layers_in(store: "Store") -> list[str]:
    """Return the layers of a store of activations or of Gram matrices: its arrays of two axes.

    Parameters
    ----------
    store : Store
        Of either.

    """
    return [name for name, entry in store.manifest.items() if len(entry["shape"]) == 2]


def write_grams(activations: "Store", path: str | Path, attributes: dict | None = None) -> None:
    """Write the Gram matrix of every layer of a tap set, one layer after the other.

    Parameters
    ----------
    activations : Store
        Of an extraction: an array (stimuli, features) for each layer.
    path : str or Path
        Of the store to write, a packed one: for each layer an array of its name, (stimulus,
        stimulus_2), in squared activation units; ``stimulus_id``; and the indices ``stimulus`` and
        ``stimulus_2``.
    attributes : dict, optional
        Of that store.

    Raises
    ------
    VentralError
        Where the activations are not what their manifest says; then nothing is written.

    """
    from ventral.storage.store_writer import write_store

    stimulus_id = activations.read("stimulus_id")
    with write_store(path, attributes, packed=True) as store:
        for layer in layers_in(activations):
            with naming(f"layer {layer!r}"):
                store.put(layer, gram_matrix(activations, layer), ("stimulus", "stimulus_2"))
        store.put("stimulus_id", stimulus_id, ("stimulus",))
        for index in ("stimulus", "stimulus_2"):
            store.put(index, stimulus_id, (index,))


def read_grams(stores: Iterable["Store"]) -> Iterator[tuple[str, np.ndarray]]:
    """Give each layer of some tap sets and its Gram matrix, one after the other.

    Parameters
    ----------
    stores : iterable of Store
        Of `write_grams`.

    Yields
    ------
    layer : str
        The next layer.
    gram : numpy.ndarray
        (stimuli, stimuli).

    Raises
    ------
    VentralError
        Naming the layer, where its Gram matrix is damaged.

    """
    for store in stores:
        for layer in layers_in(store):
            with naming(f"layer {layer!r}"):
                gram = store.read(layer)
            yield layer, gram


def find_gram(path: str | Path, layer: str) -> np.ndarray | None:
    """Return the Gram matrix of a layer, (stimuli, stimuli); None where the store lacks the layer.

    Raises
    ------
    VentralError
        Where the store is damaged.

    """
    from ventral.storage.store import Store

    store = Store(path)
    return store.read(layer) if layer in layers_in(store) else None


def gram_matrix(store: "Store", layer: str) -> np.ndarray:
    """Stream one layer and return its Gram matrix.

    One pass over the store; memory is two slabs of columns plus n².

    Parameters
    ----------
    store : Store
        Of activations.
    layer : str
        Its array, (n stimuli, p features).

    Returns
    -------
    numpy.ndarray
        (n, n) float64, in squared activation units: the scale of the stored values is undone.

    Raises
    ------
    VentralError
        Where the store differs from its manifest.

    """
    array = store.array(layer)
    n, p = array.shape
    digest = ContentDigest(array.shape, array.dtype)
    gram = np.zeros((n, n))
    width = product_width(n)
    slabs = list(slab_bounds(n, p, array.chunks[1], array.dtype.itemsize))
    with ThreadPoolExecutor(max_workers=1) as reader:

        def read(bounds: tuple[int, int]) -> np.ndarray:
            return store.read_slice(layer, (slice(None), slice(*bounds)))

        coming = reader.submit(read, slabs[0])
        for index, (start, _) in enumerate(track(slabs, len(slabs), f"Gram matrix of {layer}")):
            slab = coming.result()
            if index + 1 < len(slabs):
                coming = reader.submit(read, slabs[index + 1])
            digest.update_columns(start, slab)
            for first in range(0, slab.shape[1], width):
                _add_product(gram, slab[:, first : first + width].astype(np.float64))
    store.check(layer, digest.hexdigest())
    gram *= store.manifest[layer].get("scale_factor", 1.0) ** 2  # of a power of two: exact
    _mirror_upper(gram)
    return gram


def gram_of_array(features: np.ndarray) -> np.ndarray:
    """Return the Gram matrix of features in memory, centred over their rows.

    Columns are converted to float64 a few at a time, so a wide array is never copied whole.

    Parameters
    ----------
    features : (n, p) array of real numbers

    Returns
    -------
    (n, n) float64 array

    """
    n, p = features.shape
    gram = np.zeros((n, n))
    width = product_width(n)
    for first in range(0, p, width):
        _add_product(gram, features[:, first : first + width].astype(np.float64))
    _mirror_upper(gram)
    return gram


def _mirror_upper(gram: np.ndarray) -> None:
    """Copy the upper triangle to the lower one."""
    upper = np.triu_indices(len(gram), 1)
    gram.T[upper] = gram[upper]


def _add_product(gram: np.ndarray, block: np.ndarray) -> None:
    """Add the upper triangle of ``B Bᵀ``, by tiles, B centred over its rows."""
    block -= block.mean(axis=0)
    n = len(block)
    for first in range(0, n, ROW_TILE):
        rows = slice(first, first + ROW_TILE)
        for second in range(first, n, ROW_TILE):
            columns = slice(second, second + ROW_TILE)
            gram[rows, columns] += block[rows] @ block[columns].T


def centre_on_train(gram: np.ndarray, rows: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Return ``G[rows, train]`` as products of features centred on the train rows.

    Parameters
    ----------
    gram : numpy.ndarray
        (n, n), of all stimuli.
    rows, train : numpy.ndarray
        Indices of stimuli.

    Returns
    -------
    numpy.ndarray
        (rows, train). With ``rows = train`` this is ``H G[t, t] H``.

    """
    within = gram[np.ix_(train, train)]
    column_mean = within.mean(axis=0)
    between = gram[np.ix_(rows, train)]
    return between - between.mean(axis=1, keepdims=True) - column_mean + column_mean.mean()
