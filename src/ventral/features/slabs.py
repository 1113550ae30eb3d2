"""How a layer is cut into slabs of columns for its Gram matrix."""

import math
from collections.abc import Iterator

from ventral.storage.layout import DIGEST_COLUMNS

SLAB_BYTES = 256 * 2**20


def slab_bounds(n: int, p: int, chunk: int, itemsize: int) -> Iterator[tuple[int, int]]:
    """Cut the columns at chunk and digest borders into slabs of about `SLAB_BYTES`.

    Parameters
    ----------
    n, p : int
        Stimuli and features of the layer.
    chunk : int
        Columns of a chunk.
    itemsize : int
        Bytes of a value.

    Yields
    ------
    start, end : int
        Columns of a slab.

    """
    step = math.lcm(chunk, DIGEST_COLUMNS) if chunk < p else p
    step *= max(1, SLAB_BYTES // (n * itemsize * step))
    for start in range(0, p, step):
        yield start, min(start + step, p)


def product_width(n: int) -> int:
    """Return the columns of one product: a float64 block of about half a slab, at most 8192 wide.

    Parameters
    ----------
    n : int
        Stimuli.

    """
    return min(max(SLAB_BYTES // 16 // n, 64), 8192)
