"""Preprocessing, against PIL and by identities."""

import numpy as np
import pytest
import torch
from PIL import Image

from ventral.errors import VentralError
from ventral.networks.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing

PLAIN = {"mean": (0, 0, 0), "std": (1, 1, 1)}


def images(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (3, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_right_size_is_exact(dtype):
    batch = images(20, 20)
    given = batch if dtype == "uint8" else (batch / np.float32(255))
    expected = torch.from_numpy(batch).permute(0, 3, 1, 2).float() / 255
    assert torch.equal(Preprocessing(20, **PLAIN)(given), expected)
    crop = Preprocessing(16, resize="crop", resize_side=20, **PLAIN)
    assert torch.equal(crop(given), expected[:, :, 2:18, 2:18])


def test_normalisation():
    batch = images(8, 8)
    expected = (batch / 255 - np.array(IMAGENET_MEAN)) / np.array(IMAGENET_STD)
    out = Preprocessing(8)(batch)
    assert out.dtype == torch.float32
    np.testing.assert_allclose(out.permute(0, 2, 3, 1).numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(50, 50), (31, 70), (9, 13)])
def test_resize_as_pil(height, width):
    batch = images(height, width)
    # PIL resizes floating point images channel by channel, with antialiasing.
    expected = np.stack(
        [
            np.stack(
                [
                    np.asarray(
                        Image.fromarray(image[:, :, c].astype(np.float32)).resize(
                            (24, 24), Image.Resampling.BILINEAR
                        )
                    )
                    for c in range(3)
                ]
            )
            for image in batch
        ]
    )
    out = Preprocessing(24, **PLAIN)(batch).numpy() * 255
    np.testing.assert_allclose(out, expected, atol=2e-3)


def test_crop_keeps_the_ratio():
    batch = np.zeros((1, 40, 80, 3), np.uint8)
    batch[:, :, 40:] = 255
    out = Preprocessing(16, resize="crop", resize_side=20, **PLAIN)(batch)
    assert out.shape == (1, 3, 16, 16)
    assert out[..., 0].max() == 0 and out[..., -1].min() == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"resize": "stretch"},
        {"resize": "crop"},
        {"resize": "crop", "resize_side": 10},
        {"std": (1, 0, 1)},
        {"mean": (1, 1)},
    ],
)
def test_wrong_settings(settings):
    with pytest.raises(VentralError, match="preprocessing"):
        Preprocessing(20, **settings)
