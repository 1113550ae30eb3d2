"""The stimuli of one part of the split, and in which order and shape an epoch shows them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ventral.data.stimuli import iterate_images
from ventral.networks.preprocessing import Preprocessing

LARGEST_SHIFT = 8
"""``crop`` shifts an image by at most one part in so many of its side."""


@dataclass(frozen=True)
class Part:
    """Some stimuli with what is to be learnt of them.

    images: (n, height, width, 3) as stored. targets: (n,) class indices or (n, sites) float32.
    """

    images: np.ndarray
    targets: torch.Tensor

    def __len__(self) -> int:
        """Count the stimuli."""
        return len(self.images)


def read_images(stimulus_store: str | Path, rows: np.ndarray) -> np.ndarray:
    """Return the images of some stimuli, as stored, in the order of the rows (rising).

    All images are read, because their digest covers all; only these are kept in memory.
    """
    kept, start = [], 0
    for images in iterate_images(stimulus_store):
        inside = rows[(rows >= start) & (rows < start + len(images))] - start
        kept.append(images[inside])
        start += len(images)
    return np.concatenate(kept)


def epoch_seed(seed: int, epoch: int) -> int:
    """Return the seed of everything random in one epoch.

    It depends on nothing before that epoch, so an interrupted training goes on as it would have.
    """
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> 1)


def shuffled_batches(n: int, batch_size: int, seed: int) -> list[np.ndarray]:
    """Return the rows of each batch of an epoch: every row once, in batches of nearly one size.

    Nearly one size, because a last batch of one stimulus has no statistics to normalise by.
    """
    order = np.random.default_rng(seed).permutation(n)
    return np.array_split(order, -(-n // batch_size))


def ordered_batches(
    images: np.ndarray, preprocessing: Preprocessing, batch_size: int, device: torch.device
) -> Iterator[torch.Tensor]:
    """Give all images in their order, preprocessed, (batch, 3, size, size), on the device."""
    for start in range(0, len(images), batch_size):
        yield preprocessing(images[start : start + batch_size]).to(device)


def augment(images: torch.Tensor, names: Sequence[str], random: np.random.Generator):
    """Return a batch changed at random, each image for itself.

    images: (batch, 3, size, size). names: of ``flip`` (left to right, every second image on
    average) and ``crop`` (shifted by up to 1/`LARGEST_SHIFT` of the side, borders reflected).
    """
    if "flip" in names:
        flipped = torch.from_numpy(random.random(len(images)) < 0.5)
        images = torch.where(flipped[:, None, None, None], images.flip(3), images)
    if "crop" in names:
        size = images.shape[2]
        border = max(1, size // LARGEST_SHIFT)
        padded = torch.nn.functional.pad(images, [border] * 4, mode="reflect")
        tops, lefts = random.integers(0, 2 * border + 1, (2, len(images)))
        images = torch.stack(
            [
                image[:, top : top + size, left : left + size]
                for image, top, left in zip(padded, tops, lefts, strict=True)
            ]
        )
    return images
