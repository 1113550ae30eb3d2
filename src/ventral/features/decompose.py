"""The principal components of every layer of a tap set, for each partition of a split."""

from collections.abc import Iterator, Mapping

import pandas as pd

from ventral.data.splits import rows_of
from ventral.errors import naming
from ventral.features.gram import layers_in
from ventral.features.pca import PrincipalComponents, fit_all_components
from ventral.storage.store import Store


def fit_layers(
    grams: Store, partitions: Mapping[str, pd.DataFrame]
) -> Iterator[tuple[str, dict[str, PrincipalComponents]]]:
    """Decompose the Gram matrix of each layer, once for each partition.

    Parameters
    ----------
    grams : Store
        Of `ventral.features.gram.write_grams`.
    partitions : Mapping
        Of `ventral.data.splits.partitions_of`.

    Yields
    ------
    layer : str
        The next layer.
    components : dict
        All its components, by partition.

    Raises
    ------
    VentralError
        Naming the layer, where its Gram matrix is damaged or of rank 0.

    """
    for layer in layers_in(grams):
        with naming(f"layer {layer!r}"):
            gram = grams.read(layer)
            components = {
                name: fit_all_components(gram, rows_of(partition, "train"))
                for name, partition in partitions.items()
            }
        yield layer, components
