"""One file for a whole array, written row by row.

Zarr writes a shard, the file that holds many chunks, in one go: the whole array would have to lie
in memory, or every block of rows be a file of its own. A shard is the encoded chunks in any order
and, at its end, an index of where each begins and how long it is (the codec ``sharding_indexed`` of
the Zarr v3 specification), so it can as well be written as the rows come.
"""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import google_crc32c
import numpy as np
import zarr
from numcodecs import Blosc
from zarr.codecs import BloscCodec, Crc32cCodec
from zarr.storage import LocalStore

ENCODING_THREADS = 4
"""More do not help: the disk, and not the processor, is then the limit."""


def shard_shape(shape: tuple[int, ...], chunks: tuple[int, ...]) -> tuple[int, int]:
    """Return the shape of the shard that holds a whole array, in whole chunks.

    Parameters
    ----------
    shape, chunks : tuple of int
        Of the array and of its chunks, (rows, columns).

    Returns
    -------
    tuple of int
        (rows, columns), each a multiple of the chunk's.

    """
    rows, columns = (-(-size // chunk) * chunk for size, chunk in zip(shape, chunks, strict=True))
    return rows, columns


class ShardWriter:
    """Writes a two-dimensional array into its one shard, a block of rows at a time.

    Parameters
    ----------
    array : zarr.Array
        An empty array, (rows, columns), in a folder, whose one shard has the shape that
        `shard_shape` says. Its chunks are compressed by Blosc and end with a crc32c.
    executor : concurrent.futures.Executor, optional
        In which chunks are encoded; by default the writer's own threads.

    Raises
    ------
    ValueError
        Where the array has another layout.

    """

    def __init__(self, array: zarr.Array, executor: Executor | None = None):
        if array.shards != shard_shape(array.shape, array.chunks):
            raise ValueError(f"{array.name} is not one shard: its shards are {array.shards}")
        if not isinstance(array.store, LocalStore):
            raise ValueError(f"{array.name} is not in a folder")
        self.shape, self.dtype = array.shape, array.dtype
        self._chunks = array.chunks
        shape = [-(-size // chunk) for size, chunk in zip(self.shape, self._chunks, strict=True)]
        self._index = np.zeros((*shape, 2), "<u8")  # offset and length of each chunk
        self._compressor = _compressor_of(array)
        self._executor = executor or ThreadPoolExecutor(ENCODING_THREADS)
        self._owns_executor = executor is None
        self._rows = 0
        if not isinstance(array.store, LocalStore):
            raise ValueError(f"{array.name} is not in a folder: its store is {array.store}")
        path = Path(array.store.root, array.path, "c", "0", "0")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb")

    def __enter__(self) -> "ShardWriter":
        """Start with no rows."""
        return self

    def append(self, rows: np.ndarray) -> None:
        """Write the next rows: as many as a chunk has, or those that are left.

        Parameters
        ----------
        rows : numpy.ndarray
            (rows of a chunk, columns), of the array's type.

        Raises
        ------
        ValueError
            Where the rows have another shape or type.

        """
        left = self.shape[0] - self._rows
        if rows.shape != (min(self._chunks[0], left), self.shape[1]) or rows.dtype != self.dtype:
            raise ValueError(
                f"rows of shape {rows.shape} and type {rows.dtype}; {self._chunks[0]} rows, or the"
                f" {left} that are left, of {self.shape[1]} {self.dtype} are expected"
            )
        at = self._rows // self._chunks[0]
        for column, chunk in enumerate(self._executor.map(self._encode, self._cut(rows))):
            self._index[at, column] = self._file.tell(), len(chunk)
            self._file.write(chunk)
        self._rows += len(rows)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write the index and close the file, unless there was an error."""
        try:
            if kind is None:
                if self._rows != self.shape[0]:
                    raise ValueError(f"{self._rows} of {self.shape[0]} rows were written")
                self._file.write(_with_checksum(self._index.tobytes()))
        finally:
            if self._owns_executor:
                self._executor.shutdown()
            self._file.close()

    def _cut(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Give the chunks of some rows, as views; those at the edge are cut short."""
        for start in range(0, self.shape[1], self._chunks[1]):
            yield rows[:, start : start + self._chunks[1]]

    def _encode(self, part: np.ndarray) -> bytes:
        """Return a chunk as the array's codecs write it: a short one is filled up with zeros."""
        if part.shape == self._chunks:
            whole = np.ascontiguousarray(part)
        else:
            whole = np.zeros(self._chunks, self.dtype)
            whole[: part.shape[0], : part.shape[1]] = part
        return _with_checksum(self._compressor.encode(whole))


def _compressor_of(array: zarr.Array) -> Blosc:
    """Return the compressor that the metadata of an array names."""
    match array.compressors:
        case (BloscCodec() as blosc, Crc32cCodec()):
            return Blosc(
                cname=blosc.cname.value,
                clevel=blosc.clevel,
                shuffle={"noshuffle": 0, "shuffle": 1, "bitshuffle": 2}[blosc.shuffle.value],
                blocksize=blosc.blocksize,
            )
        case other:
            raise ValueError(f"{array.name} is encoded by {other}, not by blosc and crc32c")


def _with_checksum(content: bytes) -> bytes:
    """Append a crc32c, as the codec of that name does."""
    return content + google_crc32c.value(content).to_bytes(4, "little")
