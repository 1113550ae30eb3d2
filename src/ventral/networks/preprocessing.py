"""Preprocessing of stimuli for a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from ventral.errors import VentralError
from ventral.networks.torchvision_import import torchvision
from ventral.storage.store import Store

functional = torchvision.transforms.v2.functional
Interpolation = torchvision.transforms.InterpolationMode

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
RESIZE = ("squash", "crop")
INTERPOLATION = ("bilinear", "bicubic", "nearest")


@dataclass(frozen=True)
class Preprocessing:
    """Resizes and normalises batches of images.

    Parameters
    ----------
    size : int
        Side of the square that the model sees, in pixels.
    resize : str
        ``squash`` resizes the whole image to `size` × `size`; ``crop`` resizes the shorter side to
        `resize_side` and takes the centre. Both antialias, in floating point (without rounding to
        8 bits). An image that already has the right size is not resampled.
    resize_side : int, optional
        Shorter side before the crop, in pixels, at least `size`. With ``squash`` both sides are
        resized to it, if it is given, before the centre is taken.
    mean, std : tuple of float, (3,)
        Each channel, on the scale 0 to 1, has `mean` subtracted and is divided by `std`.
    interpolation : str
        ``bilinear``, ``bicubic`` (what lies outside 0 to 1 then is clipped, as in 8 bits), or
        ``nearest``.

    Raises
    ------
    VentralError
        If a value is invalid.
    """

    size: int
    resize: str = "squash"
    resize_side: int | None = None
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        if self.resize not in RESIZE:
            raise VentralError(
                f"preprocessing: resize {self.resize!r} is none of {', '.join(RESIZE)}"
            )
        if self.interpolation not in INTERPOLATION:
            raise VentralError(
                f"preprocessing: interpolation {self.interpolation!r} is none of"
                f" {', '.join(INTERPOLATION)}"
            )
        side = self.resize_side or self.size
        if self.resize == "squash" and side < self.size:
            raise VentralError(
                f"preprocessing: resize_side, {self.resize_side}, is less than size, {self.size}"
            )
        if self.resize == "crop" and (self.resize_side is None or self.resize_side < self.size):
            raise VentralError(
                f"preprocessing: resize: crop needs resize_side, at least size ({self.size}),"
                f" not {self.resize_side}"
            )
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise VentralError(
                "preprocessing: mean and std need three numbers each, std greater than zero;"
                f" they are {list(self.mean)} and {list(self.std)}"
            )

    def __call__(self, images: np.ndarray) -> torch.Tensor:
        """Preprocess a batch.

        Parameters
        ----------
        images : ndarray, (batch, height, width, 3)
            uint8 from 0 to 255, or float32 from 0 to 1.

        Returns
        -------
        Tensor, (batch, 3, size, size), float32
        """
        batch = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
        # As torchvision's ToTensor divides; to_dtype of its v2 differs in the last bit.
        batch = batch.float() / 255 if batch.dtype == torch.uint8 else batch
        side = self.resize_side or self.size
        target = [side, side] if self.resize == "squash" else [side]
        batch = functional.resize(
            batch, target, interpolation=Interpolation(self.interpolation), antialias=True
        )
        if self.interpolation == "bicubic":
            batch = batch.clamp(0, 1)
        if side != self.size or self.resize == "crop":
            batch = functional.center_crop(batch, [self.size, self.size])
        return functional.normalize(batch, list(self.mean), list(self.std))


def merged(own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model's own preprocessing with what the config says otherwise.

    Parameters
    ----------
    own : Mapping
        Settings of `Preprocessing` that the model comes with.
    given : Mapping
        Those of the config. For another ``size`` the own ``resize_side`` keeps its proportion, and
        another ``resize`` does without it.

    Returns
    -------
    dict
    """
    own = dict(own)
    if given.get("resize", own.get("resize")) != own.get("resize"):
        own.pop("resize_side", None)
    elif "size" in given and own.get("resize_side"):
        own["resize_side"] = max(given["size"], given["size"] * own["resize_side"] // own["size"])
    return own | dict(given)


class StimulusBatches(Dataset):
    """The preprocessed stimuli of a store in order, one batch per item.

    An item is a batch rather than an image, because Zarr reads whole chunks of images. The images
    are not verified against the manifest: the digest covers all of them in order, and a worker sees
    only some. Callers verify the store first with `ventral.data.stimuli.iterate_images`.

    Parameters
    ----------
    stimulus_store : str or Path
        ``stimuli.zarr`` of a data set.
    preprocessing : Preprocessing
        Applied to each batch.
    batch_size : int
        Stimuli per batch.

    Attributes
    ----------
    stimuli : int
        Number of stimuli in the store.
    """

    def __init__(
        self, stimulus_store: str | Path, preprocessing: Preprocessing, batch_size: int
    ) -> None:
        self.store = Store(stimulus_store)
        self.preprocessing = preprocessing
        self.batch_size = batch_size
        self.stimuli = self.store.manifest["images"]["shape"][0]

    def __len__(self) -> int:
        """Return the number of batches."""
        return -(-self.stimuli // self.batch_size)

    def __getitem__(self, batch: int) -> torch.Tensor:
        """Return a batch, (batch, 3, size, size), float32; the last one may be smaller."""
        start = batch * self.batch_size
        return self.preprocessing(
            self.store.read_slice("images", slice(start, start + self.batch_size))
        )
