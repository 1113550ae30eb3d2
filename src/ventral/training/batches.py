"""The stimuli of one part of the split, and how an epoch orders, batches and augments them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ventral.data.stimuli import iterate_images
from ventral.networks.preprocessing import Preprocessing

LARGEST_SHIFT = 8
"""``crop`` shifts an image by at most 1/`LARGEST_SHIFT` of its side."""


@dataclass(frozen=True)
class Part:
    """Stimuli and their targets.

    Parameters
    ----------
    images : ndarray, (n_stimuli, height, width, 3), uint8
        As stored, not preprocessed.
    targets : Tensor, (n_stimuli,) or (n_stimuli, n_sites)
        Class indices, or z-scored responses as float32.
    """

    images: np.ndarray
    targets: torch.Tensor

    def __len__(self) -> int:
        """Return the number of stimuli."""
        return len(self.images)


def read_images(stimulus_store: str | Path, rows: np.ndarray) -> np.ndarray:
    """Read the images of some stimuli.

    All images are read, because the digest covers all of them; only the requested ones stay in
    memory.

    Parameters
    ----------
    stimulus_store : str or Path
        ``stimuli.zarr`` of the data set.
    rows : ndarray, (n,)
        Rows of the stimuli in ascending order.

    Returns
    -------
    ndarray, (n, height, width, 3), uint8
        As stored, not preprocessed.

    Raises
    ------
    VentralError
        If the store is damaged.
    """
    kept, start = [], 0
    for images in iterate_images(stimulus_store):
        inside = rows[(rows >= start) & (rows < start + len(images))] - start
        kept.append(images[inside])
        start += len(images)
    return np.concatenate(kept)


def epoch_seed(seed: int, epoch: int) -> int:
    """Return the seed of everything random in one epoch.

    It depends on no earlier epoch, so a resumed training equals an uninterrupted one.
    """
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> 1)


def shuffled_batches(n: int, batch_size: int, seed: int) -> list[np.ndarray]:
    """Return the rows of each batch of an epoch, every row once.

    Parameters
    ----------
    n : int
        Number of stimuli.
    batch_size : int
        Largest size of a batch.
    seed : int
        Seed of the order.

    Returns
    -------
    list of ndarray
        Batches whose sizes differ by at most 1: batch normalisation fails on a last batch of one
        stimulus.
    """
    order = np.random.default_rng(seed).permutation(n)
    return np.array_split(order, -(-n // batch_size))


def ordered_batches(
    images: np.ndarray, preprocessing: Preprocessing, batch_size: int, device: torch.device
) -> Iterator[torch.Tensor]:
    """Yield all images in order, preprocessed.

    Parameters
    ----------
    images : ndarray, (n_stimuli, height, width, 3), uint8
        As stored.
    preprocessing : Preprocessing
        Applied to each batch.
    batch_size : int
        Stimuli per batch.
    device : torch.device
        Where the batches go.

    Yields
    ------
    Tensor, (batch, 3, size, size), float32
        On `device`.
    """
    for start in range(0, len(images), batch_size):
        yield preprocessing(images[start : start + batch_size]).to(device)


def augment(images: torch.Tensor, names: Sequence[str], rng: np.random.Generator) -> torch.Tensor:
    """Change each image of a batch at random.

    Parameters
    ----------
    images : Tensor, (batch, 3, size, size)
        Preprocessed images.
    names : sequence of str
        Which changes to make: ``flip`` (left to right, with probability 1/2) and ``crop`` (a shift
        by up to 1/`LARGEST_SHIFT` of the side, borders reflected).
    rng : numpy.random.Generator
        Source of the random numbers.

    Returns
    -------
    Tensor, (batch, 3, size, size)
    """
    if "flip" in names:
        flipped = torch.from_numpy(rng.random(len(images)) < 0.5)
        images = torch.where(flipped[:, None, None, None], images.flip(3), images)
    if "crop" in names:
        size = images.shape[2]
        border = max(1, size // LARGEST_SHIFT)
        padded = torch.nn.functional.pad(images, [border] * 4, mode="reflect")
        tops, lefts = rng.integers(0, 2 * border + 1, (2, len(images)))
        images = torch.stack(
            [
                image[:, top : top + size, left : left + size]
                for image, top, left in zip(padded, tops, lefts, strict=True)
            ]
        )
    return images
