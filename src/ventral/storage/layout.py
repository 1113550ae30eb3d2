"""How stores are cut into chunks and files."""

from collections.abc import Mapping

DIGEST_COLUMNS = 16_384
"""Width in features of the blocks that `ventral.storage.digests.ContentDigest` hashes; a part of
the digest's meaning. It is defined here because a plan needs it and must not import Zarr."""

BUFFER_BYTES = 256 * 2**20
ROWS = (16, 256)
MAX_COLUMNS = 4 * DIGEST_COLUMNS


def chunk_shapes(
    stimuli: int, widths: Mapping[str, int], itemsize: int
) -> dict[str, tuple[int, int]]:
    """Return the shape of each layer's chunks; their rows are the same for all layers.

    Rows: the power of two within `ROWS` that keeps a buffer of all layers within `BUFFER_BYTES`,
    or 16 where none does. Features: as many as keep a chunk's size as the rows shrink, in whole
    digest blocks, so that a slab of columns is read without cutting chunks.

    Parameters
    ----------
    stimuli : int
        Rows of every layer.
    widths : Mapping
        {layer: features}.
    itemsize : int
        Bytes of a value.

    Returns
    -------
    dict
        {layer: (rows, features)}.

    """
    rows = ROWS[1]
    while rows > ROWS[0] and rows * sum(widths.values()) * itemsize > BUFFER_BYTES:
        rows //= 2
    columns = min(DIGEST_COLUMNS * ROWS[1] // rows, MAX_COLUMNS)
    return {layer: (min(rows, stimuli), min(columns, width)) for layer, width in widths.items()}


def count_files(n_layers: int) -> int:
    """Return the number of files of an activation store, metadata included.

    The file system of a cluster counts files, so each layer has two, whatever its width: its
    values and its metadata.

    Parameters
    ----------
    n_layers : int
        Layers of the tap set.

    """
    of_ids, of_group, of_workflow = 4, 1, 1
    return 2 * n_layers + of_ids + of_group + of_workflow
