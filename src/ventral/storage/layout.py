"""How stores are cut into chunks and files."""

DIGEST_COLUMNS = 16_384
"""Width in features of the blocks that `ventral.storage.store.ContentDigest` hashes; a part of the
digest's meaning. It is defined here because a plan needs it and must not import Zarr."""

BUFFER_BYTES = 256 * 2**20
ROWS = (16, 256)
MAX_COLUMNS = 4 * DIGEST_COLUMNS


def chunk_shapes(stimuli: int, widths: dict[str, int], itemsize: int) -> dict[str, tuple[int, int]]:
    """Return {layer: chunk shape (rows, features)}; the rows are the same for all layers.

    Rows: the power of two within `ROWS` that keeps a buffer of all layers within `BUFFER_BYTES`,
    or 16 where none does. Features: as many as keep a chunk's size as the rows shrink, in whole
    digest blocks, so that a slab of columns is read without cutting chunks.
    """
    rows = ROWS[1]
    while rows > ROWS[0] and rows * sum(widths.values()) * itemsize > BUFFER_BYTES:
        rows //= 2
    columns = min(DIGEST_COLUMNS * ROWS[1] // rows, MAX_COLUMNS)
    return {layer: (min(rows, stimuli), min(columns, width)) for layer, width in widths.items()}


def shard_shape(chunks: tuple[int, int], width: int) -> tuple[int, int] | None:
    """Return the shape of a file that holds all chunks of some rows; None where one chunk does.

    A file system of a cluster counts files: so there is one for each layer and block of rows,
    whatever the layer's width.
    """
    rows, columns = chunks
    return (rows, -(-width // columns) * columns) if width > columns else None


def count_files(stimuli: int, widths: dict[str, int], itemsize: int) -> int:
    """Return the number of files of an activation store, metadata included."""
    rows = next(iter(chunk_shapes(stimuli, widths, itemsize).values()))[0]
    of_layers = len(widths) * (-(-stimuli // rows) + 1)
    of_ids, of_group, of_workflow = 2, 1, 1
    return of_layers + of_ids + of_group + of_workflow
