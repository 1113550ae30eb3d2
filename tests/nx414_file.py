"""A small file of the form of IT_data.h5."""

from pathlib import Path

import h5py
import numpy as np

from ventral.data.sources.nx414.reader import MEAN, STD

ANIMALS = ("bear", "cow", "dog", "elephant", "gorilla", "hedgehog", "lioness", "turtle")
FRUITS = ("apple", "apricot", "peach", "pear", "raspberry", "strawberry", "walnut", "watermelon")
NUMBERED = ("ship", "car", "chair", "face", "airplane", "table")
OBJECTS = (*ANIMALS, *FRUITS, *(f"{name}_{i}" for name in NUMBERED for i in range(8)))
SIZES = {"train": 60, "val": 20, "test": 20}


def images_of(part: str, n: int, side: int) -> np.ndarray:
    """Return grey levels, (n, side, side, 3) uint8: a blob on a slope, so that pixels tell."""
    rng = np.random.default_rng([len(part), n])
    y, x = np.mgrid[:side, :side] / side
    place = rng.random((n, 2, 1, 1))
    blob = np.exp(-(((y - place[:, 0]) ** 2 + (x - place[:, 1]) ** 2) / 0.02))
    colour = rng.random((n, 1, 1, 3))
    noise = rng.random((n, side, side, 3))
    return (
        255 * np.clip(0.6 * blob[..., None] * colour + 0.3 * x[..., None] + 0.1 * noise, 0, 1)
    ).astype(np.uint8)


def write_nx414(
    path: Path,
    side: int = 32,
    sites: int = 5,
    sizes: dict = SIZES,
    shift: float = 0.0,
    chunks: int | None = None,
) -> dict[str, np.ndarray]:
    """Write the file; return the grey levels by part.

    shift: added to every value in grey levels; half a level makes the images no integers.
    chunks: images per chunk of the stimuli, or None for a contiguous array.
    """
    rng = np.random.default_rng(0)
    levels = {part: images_of(part, n, side) for part, n in sizes.items()}
    weights = rng.normal(size=(side * side, sites))
    with h5py.File(path, "w") as file:
        for part, images in levels.items():
            values = ((images + shift) / 255 - MEAN) / STD
            values = values.transpose(0, 3, 1, 2).astype(np.float32)
            whole = None if chunks is None else (min(chunks, len(values)), *values.shape[1:])
            file.create_dataset(f"stimulus_{part}", data=values, chunks=whole)
            objects = [OBJECTS[i % len(OBJECTS)] for i in range(len(images))]
            file.create_dataset(f"object_{part}", data=np.array(objects, dtype="S"))
            if part != "test":
                drive = (images.mean(axis=3) / 255 - 0.4).reshape(len(images), -1) @ weights
                spikes = drive + rng.normal(size=drive.shape)
                file.create_dataset(f"spikes_{part}", data=(spikes - spikes.mean(0)).astype("f4"))
    return levels
