"""Zarr stores that are either complete or not there, and the manifests that guard them.

A store is written aside as ``{name}.zarr.{host}-{process}.partial`` and renamed when it is whole;
its manifest ``{name}.json`` is written last. The name is the writer's own, because there may be two
of one job: a cluster goes on with the jobs of a workflow that was killed, which then starts them
again. The manifest holds the shape, the dtype and the sha256 of the
content of each array. Whoever reads an array checks it against the manifest: Zarr's own crc32c
finds a damaged chunk, but a missing chunk would read as zeros and a foreign one as somebody
else's numbers.
"""

import contextlib
import glob
import hashlib
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec

from ventral.errors import VentralError
from ventral.storage.layout import DIGEST_COLUMNS

ABANDONED_SECONDS = 24 * 3600
"""After which what a writer on another host left is removed."""

UNREADABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What Zarr raises for a store whose files are damaged: a `zarr.json` may say anything then."""


class ContentDigest:
    """sha256 of a two-dimensional array that is never whole in memory.

    The columns are cut into blocks of `DIGEST_COLUMNS`; each block is hashed row by row, so the
    digest can be fed by rows (an extraction) or by columns (a Gram matrix), and does not depend
    on batch or chunk sizes.
    """

    def __init__(self, shape: tuple[int, int], dtype: np.dtype | str):
        self.shape = tuple(int(size) for size in shape)
        self.dtype = np.dtype(dtype)
        blocks = -(-self.shape[1] // DIGEST_COLUMNS)
        self._blocks = [hashlib.sha256() for _ in range(blocks)]

    def update_rows(self, rows: np.ndarray) -> None:
        """Take the next rows, (rows, features)."""
        for block, start in zip(self._blocks, range(0, self.shape[1], DIGEST_COLUMNS), strict=True):
            block.update(np.ascontiguousarray(rows[:, start : start + DIGEST_COLUMNS]))

    def update_columns(self, start: int, columns: np.ndarray) -> None:
        """Take columns ``start:start + width``, (stimuli, width), all rows at once.

        `start` is a multiple of `DIGEST_COLUMNS`; only the last slab may end inside a block.
        """
        if start % DIGEST_COLUMNS:
            raise ValueError(f"columns start at {start}, not at a multiple of {DIGEST_COLUMNS}")
        for offset in range(0, columns.shape[1], DIGEST_COLUMNS):
            block = self._blocks[(start + offset) // DIGEST_COLUMNS]
            block.update(np.ascontiguousarray(columns[:, offset : offset + DIGEST_COLUMNS]))

    def hexdigest(self) -> str:
        """Return the digest of shape, dtype and content."""
        whole = hashlib.sha256(f"{self.shape} {self.dtype.str}".encode())
        for block in self._blocks:
            whole.update(block.digest())
        return whole.hexdigest()


class RowDigest:
    """sha256 of an array that comes a few rows at a time, in order."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype | str):
        shape = tuple(int(size) for size in shape)
        self._digest = hashlib.sha256(f"{shape} {np.dtype(dtype).str}".encode())

    def update(self, rows: np.ndarray) -> None:
        """Take the next rows."""
        self._digest.update(np.ascontiguousarray(rows))

    def hexdigest(self) -> str:
        """Return the digest of shape, dtype and content."""
        return self._digest.hexdigest()


def array_digest(array: np.ndarray) -> str:
    """Return the sha256 of an array's shape, dtype and content; strings count as UTF-8."""
    if array.dtype.kind in "TUO":
        strings = json.dumps([str(value) for value in array.ravel()])
        return hashlib.sha256(f"{array.shape} {strings}".encode()).hexdigest()
    digest = RowDigest(array.shape, array.dtype)
    digest.update(array)
    return digest.hexdigest()


def manifest_path(store: str | Path) -> Path:
    """Return the path of a store's manifest: ``x.json`` beside ``x.zarr``."""
    return Path(store).with_suffix(".json")


class StoreWriter:
    """An open store: arrays go in, their manifest entries are kept."""

    def __init__(self, path: Path, attributes: dict):
        self.group = zarr.open_group(path, mode="w", zarr_format=3, attributes=attributes)
        self.manifest: dict[str, dict] = {}

    def create(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: np.dtype | str,
        dims: tuple[str, ...],
        chunks: tuple[int, ...] | None = None,
        attributes: dict | None = None,
        shards: tuple[int, ...] | None = None,
    ) -> zarr.Array:
        """Create an array that the caller fills, and reports with `record`.

        shards: shape of a file, in whole chunks; by default each chunk is a file.
        """
        dtype = np.dtype(dtype)
        return self.group.create_array(
            name,
            shape=shape,
            dtype=dtype,
            chunks=chunks or _whole_chunks(shape, dtype),
            shards=shards,
            compressors=[
                BloscCodec(cname="lz4", shuffle="bitshuffle", typesize=dtype.itemsize),
                Crc32cCodec(),
            ],
            dimension_names=list(dims),
            attributes=attributes,
        )

    def record(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: np.dtype | str,
        digest: "ContentDigest | RowDigest",
    ) -> None:
        """Enter an array into the manifest, with the digest of its content."""
        self.manifest[name] = {
            "shape": [int(size) for size in shape],
            "dtype": str(np.dtype(dtype)),
            "sha256": digest.hexdigest(),
        }
        if isinstance(digest, ContentDigest):
            self.manifest[name]["digest_columns"] = DIGEST_COLUMNS

    def put(
        self, name: str, values: np.ndarray, dims: tuple[str, ...], attributes: dict | None = None
    ) -> None:
        """Write a whole array and enter it into the manifest."""
        values = np.asarray(values)
        if values.dtype.kind in "UO":
            values = values.astype(np.dtypes.StringDType())
        if values.dtype.kind == "T":
            self.group.create_array(
                name, data=values, dimension_names=list(dims), attributes=attributes
            )
            self.manifest[name] = {
                "shape": list(values.shape),
                "dtype": "string",
                "sha256": array_digest(values),
            }
            return
        self.create(name, values.shape, values.dtype, dims, attributes=attributes)[...] = values
        digest = RowDigest(values.shape, values.dtype)
        digest.update(values)
        self.record(name, values.shape, values.dtype, digest)


def _whole_chunks(shape: tuple[int, ...], dtype: np.dtype, limit: int = 64 * 2**20) -> tuple:
    """Cut the first axis so that a chunk stays near `limit` bytes."""
    row = int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize
    return (max(1, min(shape[0], limit // max(row, 1))), *(max(1, size) for size in shape[1:]))


@contextlib.contextmanager
def write_store(path: str | Path, attributes: dict | None = None) -> Iterator[StoreWriter]:
    """Write a store aside; on success rename it to `path` and write its manifest last.

    On any error nothing of the store is left. What a killed job left behind is removed first.
    Where another writer has meanwhile finished the same store, its store stays.
    """
    path = Path(path)
    manifest = manifest_path(path)
    manifest.unlink(missing_ok=True)  # first: a store without its manifest is believed by nobody
    shutil.rmtree(path, ignore_errors=True)
    aside = aside_of(path)
    try:
        writer = StoreWriter(aside, attributes or {})
        yield writer
        if not _is_there(path, writer.manifest):
            manifest.unlink(missing_ok=True)
            shutil.rmtree(path, ignore_errors=True)
            aside.rename(path)
            write_json(manifest, writer.manifest)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _is_there(store: Path, manifest: dict) -> bool:
    """Tell whether a store stands there with the same content."""
    try:
        return store.is_dir() and json.loads(manifest_path(store).read_text()) == manifest
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def write_aside(path: str | Path) -> Iterator[Path]:
    """Give a path beside `path` to write a file to; on success it takes the place of `path`."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = aside_of(path)
    try:
        yield aside
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def aside_of(path: Path) -> Path:
    """Return this process's own path beside another, after removing what killed ones left."""
    here = socket.gethostname()
    for left in path.parent.glob(f"{glob.escape(path.name)}.*partial"):
        host, _, process = left.name[len(path.name) + 1 : -len(".partial")].rpartition("-")
        if _is_over(left, host == here, process):
            shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
    return path.with_name(f"{path.name}.{here}-{os.getpid()}.partial")


def _is_over(left: Path, on_this_host: bool, process: str) -> bool:
    """Tell whether the writer of a path is gone; of another host's nobody knows for a day."""
    if not on_this_host:
        with contextlib.suppress(OSError):
            return time.time() - left.stat().st_mtime > ABANDONED_SECONDS
        return False
    if not process.isdigit() or int(process) == os.getpid():
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def write_json(path: str | Path, content: object) -> None:
    """Write a JSON file that is whole or not there."""
    with write_aside(path) as aside:
        aside.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


class Store:
    """A store opened for reading, with its manifest.

    Raises `VentralError` where the store, its manifest or an array is missing or damaged.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        with self._complaints("it cannot be opened"):
            self.manifest: dict[str, dict] = json.loads(manifest_path(path).read_text())
            self.group = zarr.open_group(self.path, mode="r")

    @property
    def attributes(self) -> dict:
        """The attributes of the store."""
        return dict(self.group.attrs)

    def __contains__(self, name: str) -> bool:
        """Tell whether the store has an array of this name."""
        return name in self.manifest

    def array(self, name: str) -> zarr.Array:
        """Return an array unread: the caller checks what it reads, with a `ContentDigest`."""
        with self._complaints(f"array {name!r} is missing or unreadable"):
            array, expected = self.group[name], self.manifest[name]["shape"]
            shape = list(array.shape)
        if shape != expected:
            raise self._damaged(f"array {name!r} has shape {shape}, its manifest says {expected}")
        return array

    def read(self, name: str) -> np.ndarray:
        """Return a whole array, checked against the manifest."""
        values = self.read_slice(name, ...)
        self.check(name, array_digest(values))
        return values

    def read_slice(self, name: str, selection: object) -> np.ndarray:
        """Return a part of an array; damaged chunks are found, missing ones are not."""
        array = self.array(name)
        with self._complaints(f"array {name!r}"):
            return np.asarray(array[selection])

    def check(self, name: str, sha256: str) -> None:
        """Compare a digest with the manifest's."""
        if sha256 != self.manifest[name]["sha256"]:
            raise self._damaged(f"the content of array {name!r} is not what its manifest says")

    def verify(self) -> None:
        """Check every array against the manifest, a slab at a time.

        Raises `VentralError` for the first array that is missing or damaged.
        """
        for name in self.manifest:
            with self._complaints(f"array {name!r}"):
                self._verify_array(name)

    def _verify_array(self, name: str) -> None:
        entry, array = self.manifest[name], self.array(name)
        if entry["dtype"] == "string" or array.ndim == 0:
            self.read(name)
            return
        if "digest_columns" in entry:
            digest = ContentDigest(array.shape, array.dtype)
            step = entry["digest_columns"]
            for start in range(0, array.shape[1], step):
                slab = self.read_slice(name, (slice(None), slice(start, start + step)))
                digest.update_columns(start, slab)
        else:
            digest = RowDigest(array.shape, array.dtype)
            for start in range(0, array.shape[0], array.chunks[0]):
                digest.update(self.read_slice(name, slice(start, start + array.chunks[0])))
        self.check(name, digest.hexdigest())

    @contextlib.contextmanager
    def _complaints(self, where: str) -> Iterator[None]:
        """Say of any error of reading that the store is damaged."""
        try:
            yield
        except UNREADABLE as error:
            raise self._damaged(f"{where}: {error}") from error

    def _damaged(self, what: str) -> VentralError:
        return VentralError(
            f"{self.path} is damaged: {what}. Remove it and run again:"
            f" rm -r {self.path} {manifest_path(self.path)}"
        )
