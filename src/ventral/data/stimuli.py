"""Stimulus sets: a table keyed by ``stimulus_id`` and one image for each row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ventral.errors import VentralError
from ventral.storage.digests import RowDigest
from ventral.storage.store import Store
from ventral.storage.store_writer import write_store

SPLITS = ("train", "validation", "test")
LABELS = ("object", "category", "group")
BATCH = 64
"""Number of images in a chunk of a store, and read at a time."""


@dataclass(frozen=True)
class StimulusSet:
    """A stimulus set whose images are read one at a time.

    Parameters
    ----------
    table : DataFrame, n_stimuli rows
        ``stimulus_id`` (unique strings), ``split`` (a member of `SPLITS`, from the data set itself)
        and, if known, ``object``, ``category`` and further columns.
    height, width : int
        Of every image, in pixels.
    read_image : callable
        Returns the image of row i, (height, width, 3), of the type `dtype`.
    dtype : str
        ``uint8``, or ``float32`` (0 to 1) if the data set has no integers.

    Raises
    ------
    VentralError
        If a stimulus is duplicated or a split is unknown.
    """

    table: pd.DataFrame
    height: int
    width: int
    read_image: Callable[[int], np.ndarray]
    dtype: str = "uint8"

    def __post_init__(self) -> None:
        ids = self.table["stimulus_id"]
        if ids.duplicated().any():
            duplicate = ids[ids.duplicated()].iloc[0]
            raise VentralError(f"stimulus_id {duplicate!r} is duplicated in the stimulus set")
        unknown = set(self.table["split"]) - set(SPLITS)
        if unknown:
            raise VentralError(f"split {sorted(unknown)[0]!r} is none of {', '.join(SPLITS)}")

    def __len__(self) -> int:
        """Return the number of stimuli."""
        return len(self.table)


def write_stimuli(path: str | Path, stimuli: StimulusSet, attributes: dict | None = None) -> None:
    """Write a stimulus set as a Zarr store, a batch of images at a time.

    Its arrays are ``images`` (stimulus, height, width, channel) and one per column of the table;
    ``stimulus`` repeats the ids under the name of the dimension.

    Parameters
    ----------
    path : str or Path
        The store.
    stimuli : StimulusSet
        What to write.
    attributes : dict, optional
        Attributes of the store.

    Raises
    ------
    VentralError
        If an image has another shape or type than the stimulus set says.
    """
    shape = (len(stimuli), stimuli.height, stimuli.width, 3)
    digest = RowDigest(shape, stimuli.dtype)
    with write_store(path, attributes) as store:
        images = store.create(
            "images",
            shape,
            stimuli.dtype,
            ("stimulus", "height", "width", "channel"),
            chunks=(min(BATCH, len(stimuli)), *shape[1:]),
        )
        for start in range(0, len(stimuli), BATCH):
            rows = range(start, min(start + BATCH, len(stimuli)))
            batch = np.stack([_checked_image(stimuli, row) for row in rows])
            images[start : start + len(batch)] = batch
            digest.update(batch)
        store.record("images", shape, stimuli.dtype, digest)
        for column in stimuli.table:
            store.put(str(column), stimuli.table[column].to_numpy(), ("stimulus",))
        store.put("stimulus", stimuli.table["stimulus_id"].to_numpy(), ("stimulus",))


def _checked_image(stimuli: StimulusSet, row: int) -> np.ndarray:
    image = stimuli.read_image(row)
    expected = (stimuli.height, stimuli.width, 3)
    if image.shape != expected or image.dtype != stimuli.dtype:
        name = stimuli.table["stimulus_id"].iloc[row]
        raise VentralError(
            f"stimulus {name!r}: the image has shape {image.shape} and type {image.dtype}; the"
            f" images of this set have shape {expected} and type {stimuli.dtype}"
        )
    return image


def read_stimulus_table(path: str | Path) -> pd.DataFrame:
    """Return the table of a stimulus store, without its images."""
    store = Store(path)
    return pd.DataFrame(
        {
            name: store.read(name).astype(object)
            if entry["dtype"] == "string"
            else store.read(name)
            for name, entry in store.manifest.items()
            if name not in ("images", "stimulus")
        }
    )


def iterate_images(path: str | Path, batch: int = BATCH) -> Iterator[np.ndarray]:
    """Yield the images of a stimulus store in batches.

    Parameters
    ----------
    path : str or Path
        The store.
    batch : int
        Images per batch.

    Yields
    ------
    ndarray, (batch, height, width, 3)

    Raises
    ------
    VentralError
        After the last batch, if the images differ from those in the manifest.
    """
    store = Store(path)
    entry = store.manifest["images"]
    shape = tuple(entry["shape"])
    digest = RowDigest(shape, entry["dtype"])
    for start in range(0, shape[0], batch):
        images = store.read_slice("images", slice(start, start + batch))
        digest.update(images)
        yield images
    store.check("images", digest.hexdigest())
