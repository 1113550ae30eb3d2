"""Stores as they are written: whole or absent, and their manifests last.

A store is written aside and renamed when it is whole (see `ventral.storage.atomic`). Small stores
are packed into one file, a zip file without compression, since a cluster counts files: a fit alone
has some ten arrays a layer.
"""

import contextlib
import json
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec
from zarr.errors import ZarrUserWarning
from zarr.storage import MemoryStore

from ventral.storage.atomic import aside_of, remove, write_json
from ventral.storage.claims import check_claim
from ventral.storage.digests import ContentDigest, RowDigest, array_digest
from ventral.storage.layout import DIGEST_COLUMNS
from ventral.storage.shard import ShardWriter, shard_shape
from ventral.storage.store import manifest_path

METADATA = "zarr.json"
COORDINATES = "stimulus_id site_id region"
"""Arrays that describe the stimuli or the sites of others in the same group: by this attribute of
the group, a convention of CF, xarray knows them."""


class StoreWriter:
    """An open store: arrays go in, their manifest entries are kept.

    An array's name is ``{group}/{array}``, or ``{array}`` in the group that holds all others.

    Parameters
    ----------
    path : Path
        Of the folder, or of the file where `packed`.
    attributes : dict
        Of the store.
    packed : bool
        Whether the store is one file.

    """

    def __init__(self, path: Path, attributes: dict, *, packed: bool = False):
        self.manifest: dict[str, dict] = {}
        self._zip = zipfile.ZipFile(path, "w") if packed else None
        self._encoded: dict = {}  # of a packed store: what the file does not have yet
        self._store = MemoryStore(self._encoded) if packed else path
        self._groups = {
            "": zarr.open_group(
                self._store,
                mode="w",
                zarr_format=3,
                attributes={**attributes, "coordinates": COORDINATES},
            )
        }

    def create(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: np.dtype | str,
        dims: tuple[str, ...],
        chunks: tuple[int, ...] | None = None,
        attributes: dict | None = None,
        shards: tuple[int, ...] | None = None,
        compressed: bool = True,
    ) -> zarr.Array:
        """Create an array that the caller fills, and reports with `record`.

        Parameters
        ----------
        name : str
            Of the array.
        shape : tuple of int
            Of the array.
        dtype : numpy.dtype or str
            Of its values.
        dims : tuple of str
            Names of its axes.
        chunks : tuple of int, optional
            Shape of a chunk; by default some rows, of about 64 MB.
        attributes : dict, optional
            Of the array.
        shards : tuple of int, optional
            Shape of a file, in whole chunks; by default each chunk is a file.
        compressed : bool
            Whether chunks are compressed.

        Returns
        -------
        zarr.Array
            Without content.

        """
        dtype = np.dtype(dtype)
        compressor = BloscCodec(cname="lz4", shuffle="bitshuffle", typesize=dtype.itemsize)
        group, _, own_name = name.rpartition("/")
        return self._group(group).create_array(
            own_name,
            shape=shape,
            dtype=dtype,
            chunks=chunks or _whole_chunks(shape, dtype),
            shards=shards,
            compressors=[compressor, Crc32cCodec()] if compressed else None,
            dimension_names=list(dims),
            attributes=attributes,
        )

    def create_in_one_file(
        self,
        name: str,
        shape: tuple[int, int],
        dtype: np.dtype | str,
        dims: tuple[str, str],
        chunks: tuple[int, int],
        attributes: dict | None = None,
        executor: Executor | None = None,
    ) -> ShardWriter:
        """Create an array whose chunks are all in one file, and return what writes its rows.

        Only for a store that is a folder.

        Parameters
        ----------
        name, shape, dtype, dims, chunks, attributes
            As of `create`; the array has two axes.
        executor : concurrent.futures.Executor, optional
            As of `ShardWriter`.

        Returns
        -------
        ShardWriter

        """
        shards = shard_shape(shape, chunks)
        array = self.create(name, shape, dtype, dims, chunks, attributes, shards)
        return ShardWriter(array, executor)

    def remove(self, name: str) -> None:
        """Remove an array, to create it again.

        Only from a store that is a folder.

        Parameters
        ----------
        name : str
            Of the array.

        """
        group, _, own_name = name.rpartition("/")
        del self._group(group)[own_name]
        self.manifest.pop(name, None)

    def record(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: np.dtype | str,
        digest: ContentDigest | RowDigest,
        facts: Mapping[str, float] | None = None,
    ) -> None:
        """Enter an array into the manifest, with the digest of its content.

        Parameters
        ----------
        name, shape, dtype
            As of `create`.
        digest : ContentDigest or RowDigest
            Fed with all of the array.
        facts : Mapping, optional
            Further entries of the manifest.

        """
        self.manifest[name] = {
            "shape": [int(size) for size in shape],
            "dtype": str(np.dtype(dtype)),
            "sha256": digest.hexdigest(),
            **(facts or {}),
        }
        if isinstance(digest, ContentDigest):
            self.manifest[name]["digest_columns"] = DIGEST_COLUMNS
        self._pack_chunks()

    def put(
        self,
        name: str,
        values: np.ndarray,
        dims: tuple[str, ...],
        attributes: dict | None = None,
        compressed: bool | None = None,
    ) -> None:
        """Write a whole array and enter it into the manifest.

        Parameters
        ----------
        name : str
            Of the array.
        values : numpy.ndarray
            Numbers, or strings.
        dims : tuple of str
            Names of its axes.
        attributes : dict, optional
            Of the array.
        compressed : bool, optional
            By default not in a packed store: Gram matrices, components and predictions in float64
            become 8 to 13 % smaller, which is not worth the time. Arrays that are mostly NaN do.

        """
        values = np.asarray(values)
        if compressed is None:
            compressed = self._zip is None
        if values.dtype.kind in "UO":
            values = values.astype(np.dtypes.StringDType())
        if values.dtype.kind == "T":
            group, _, own_name = name.rpartition("/")
            self._group(group).create_array(
                own_name,
                data=values,
                chunks=tuple(max(1, size) for size in values.shape),
                compressors="auto" if compressed else None,
                dimension_names=list(dims),
                attributes=attributes,
            )
            self.manifest[name] = {
                "shape": list(values.shape),
                "dtype": "string",
                "sha256": array_digest(values),
            }
            self._pack_chunks()
            return
        array = self.create(
            name, values.shape, values.dtype, dims, attributes=attributes, compressed=compressed
        )
        array[...] = values
        digest = RowDigest(values.shape, values.dtype)
        digest.update(values)
        self.record(name, values.shape, values.dtype, digest)

    def finish(self) -> None:
        """Write what comes last: into each group's metadata a copy of those of all its arrays.

        With these xarray opens a group, or all of them, without looking into every array.
        """
        with warnings.catch_warnings():
            # Zarr warns that other software may not know of consolidated metadata; it skips them.
            warnings.filterwarnings("ignore", "Consolidated metadata", ZarrUserWarning)
            for name in sorted(self._groups, reverse=True):  # the one that holds all others last
                zarr.consolidate_metadata(self._store, path=name, zarr_format=3)
        if self._zip is not None:
            for key, content in self._encoded.items():
                self._zip.writestr(key, content.to_bytes())
            self._zip.close()

    def abandon(self) -> None:
        """Close what is open, after an error."""
        if self._zip is not None:
            with contextlib.suppress(OSError, ValueError):
                self._zip.close()

    def _group(self, name: str) -> zarr.Group:
        if name not in self._groups:
            self._groups[name] = self._groups[""].create_group(
                name, attributes={"coordinates": COORDINATES}
            )
        return self._groups[name]

    def _pack_chunks(self) -> None:
        """Move chunks to the file; metadata stay in memory, since a file cannot be corrected."""
        if self._zip is not None:
            for key in [key for key in self._encoded if not key.endswith(METADATA)]:
                self._zip.writestr(key, self._encoded.pop(key).to_bytes())


def _whole_chunks(shape: tuple[int, ...], dtype: np.dtype, limit: int = 64 * 2**20) -> tuple:
    """Cut the first axis so that a chunk stays near `limit` bytes."""
    row = int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize
    return (max(1, min(shape[0], limit // max(row, 1))), *(max(1, size) for size in shape[1:]))


@contextlib.contextmanager
def write_store(
    path: str | Path, attributes: dict | None = None, *, packed: bool = False
) -> Iterator[StoreWriter]:
    """Write a store aside; on success rename it to `path` and write its manifest last.

    On any error nothing of the store is left. What a killed job left behind is removed first.
    Where another writer has meanwhile finished the same store, its store stays; where a later
    writer has claimed it, what this one made is discarded (see `ventral.storage.claims`).

    Parameters
    ----------
    path : str or Path
        Of the store.
    attributes : dict, optional
        Of the store.
    packed : bool
        Whether the store is one file, for small arrays that are written whole; else a folder.

    Yields
    ------
    StoreWriter

    """
    path = Path(path)
    manifest = manifest_path(path)
    manifest.unlink(missing_ok=True)  # first: a store without its manifest is ignored
    remove(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = aside_of(path)
    try:
        writer = StoreWriter(aside, attributes or {}, packed=packed)
        try:
            yield writer
            writer.finish()
        except BaseException:
            writer.abandon()
            raise
        check_claim(path)
        if not _exists(path, writer.manifest):
            manifest.unlink(missing_ok=True)
            remove(path)
            aside.rename(path)
            write_json(manifest, writer.manifest)
    finally:
        remove(aside)


def _exists(store: Path, manifest: dict) -> bool:
    """Tell whether a store of the same content exists."""
    try:
        return store.exists() and json.loads(manifest_path(store).read_text()) == manifest
    except (OSError, ValueError):
        return False
