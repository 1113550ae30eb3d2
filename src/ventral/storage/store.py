"""Stores as they are read: every array is compared with the manifest that guards it.

A store is a folder ``{name}.zarr``, or where it is small a zip file of that name, and beside it
its manifest ``{name}.json``, which holds the shape, the dtype and the sha256 of the content of each
array. Every reader checks an array against the manifest: Zarr's own crc32c finds a damaged chunk,
but a missing chunk would read as zeros, and a chunk of another store as that store's numbers.
`ventral.storage.store_writer` writes them.
"""

import contextlib
import json
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import EllipsisType

import numpy as np
import zarr

from ventral.errors import VentralError
from ventral.machine_errors import reading_error
from ventral.storage.digests import ContentDigest, RowDigest, array_digest

UNREADABLE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
)
"""What is raised for a store whose files are damaged: a `zarr.json` may say anything then."""


def manifest_path(store: str | Path) -> Path:
    """Return the path of a store's manifest: ``x.json`` beside ``x.zarr``.

    Parameters
    ----------
    store : str or Path
        Path of the store.

    """
    return Path(store).with_suffix(".json")


class Store:
    """A store opened for reading, with its manifest: a folder, or a packed store.

    Its methods raise `VentralError` where the store, its manifest or an array is missing or
    damaged.

    Parameters
    ----------
    path : str or Path
        Of the store.

    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        with self._complaints("it cannot be opened"):
            self.manifest: dict[str, dict] = json.loads(manifest_path(path).read_text())
            # Each array by its own metadata: the copy that the groups hold of them serves others.
            self.group = zarr.open_group(self._opened(), mode="r", use_consolidated=False)

    def _opened(self) -> Path | zarr.storage.ZipStore:
        return zarr.storage.ZipStore(self.path) if self.path.is_file() else self.path

    @property
    def groups(self) -> list[str]:
        """The names of the groups, which are layers, in the order in which they were written."""
        names = (name.rpartition("/")[0] for name in self.manifest)
        return [name for name in dict.fromkeys(names) if name]

    @property
    def attributes(self) -> dict:
        """The attributes of the store."""
        return dict(self.group.attrs)

    def __contains__(self, name: str) -> bool:
        """Tell whether the store has an array of this name."""
        return name in self.manifest

    def array(self, name: str) -> zarr.Array:
        """Return an array unread: the caller checks what it reads, with a `ContentDigest`.

        Parameters
        ----------
        name : str
            ``{group}/{array}`` or ``{array}``, as in the manifest.

        """
        with self._complaints(f"array {name!r} is missing or unreadable"):
            array, expected = self.group[name], self.manifest[name]["shape"]
            if not isinstance(array, zarr.Array):
                raise TypeError("it is a group")
            shape = list(array.shape)
        if shape != expected:
            raise self._damaged(f"array {name!r} has shape {shape}, its manifest says {expected}")
        scale, expected = array.attrs.get("scale_factor"), self.manifest[name].get("scale_factor")
        if scale != expected:
            raise self._damaged(
                f"array {name!r} has scale_factor {scale}, its manifest says {expected}"
            )
        return array

    def read(self, name: str) -> np.ndarray:
        """Return a whole array, checked against the manifest.

        Parameters
        ----------
        name : str
            Of the array.

        """
        values = self.read_slice(name, ...)
        self.check(name, array_digest(values))
        return values

    def read_slice(
        self, name: str, selection: EllipsisType | slice | tuple[slice, ...]
    ) -> np.ndarray:
        """Return a part of an array; damaged chunks are found, missing ones are not.

        Parameters
        ----------
        name : str
            Of the array.
        selection : slice, tuple of slice, or Ellipsis
            Along its axes.

        """
        array = self.array(name)
        with self._complaints(f"array {name!r}"):
            return np.asarray(array[selection])

    def check(self, name: str, sha256: str) -> None:
        """Compare a digest with the manifest's.

        Parameters
        ----------
        name : str
            Of the array.
        sha256 : str
            Of its content as it was read, in hexadecimal.

        """
        if sha256 != self.manifest[name]["sha256"]:
            raise self._damaged(f"the content of array {name!r} is not what its manifest says")

    def verify(self) -> None:
        """Check every array against the manifest, a slab at a time.

        Raises
        ------
        VentralError
            For the first array that is missing or damaged.

        """
        for name in self.manifest:
            with self._complaints(f"array {name!r}"):
                self._verify_array(name)
        with self._complaints("the metadata of its groups"):
            self._verify_consolidated()

    def _verify_consolidated(self) -> None:
        """Compare the copies of the arrays' metadata, by which xarray opens them."""
        for group in ("", *self.groups):
            copies = zarr.open_group(self._opened(), path=group, mode="r", use_consolidated=True)
            within = f"{group}/" if group else ""
            for name in self.manifest:
                if (
                    name.startswith(within)
                    and copies[name.removeprefix(within)].metadata != self.group[name].metadata
                ):
                    raise self._damaged(f"array {name!r} differs from the metadata of its group")

    def _verify_array(self, name: str) -> None:
        entry, array = self.manifest[name], self.array(name)
        if entry["dtype"] == "string" or array.ndim == 0:
            self.read(name)
            return
        if "digest_columns" in entry:
            by_columns = ContentDigest(array.shape, array.dtype)
            step = entry["digest_columns"]
            for start in range(0, array.shape[1], step):
                slab = self.read_slice(name, (slice(None), slice(start, start + step)))
                by_columns.update_columns(start, slab)
            self.check(name, by_columns.hexdigest())
            return
        by_rows = RowDigest(array.shape, array.dtype)
        for start in range(0, array.shape[0], array.chunks[0]):
            by_rows.update(self.read_slice(name, slice(start, start + array.chunks[0])))
        self.check(name, by_rows.hexdigest())

    @contextlib.contextmanager
    def _complaints(self, where: str) -> Iterator[None]:
        """Say of an error of reading that the store is damaged, unless the machine is to blame."""
        try:
            yield
        except UNREADABLE as error:
            damaged = str(self._damaged(f"{where}: {error}"))
            raise reading_error(self.path, error, damaged) from error

    def _damaged(self, what: str) -> VentralError:
        return VentralError(
            f"{self.path} is damaged: {what}. Remove it and run again:"
            f" rm -r {self.path} {manifest_path(self.path)}"
        )
