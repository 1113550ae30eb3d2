"""What is lost by storing activations, against numpy, and that too much never is."""

import numpy as np
import pytest
import torch

from helpers import store_layer
from ventral.activations.cast import TOLERATED_LOSS, Cast
from ventral.activations.taps import Taps
from ventral.features.gram import gram_matrix, gram_of_array
from ventral.networks.build import build_model

RNG = np.random.default_rng(0)


def batches(values):
    return zip(np.array_split(values, 5), range(0, len(values), len(values) // 5), strict=True)


def cast_all(values, dtype):
    cast = Cast("layer", dtype)
    stored = [cast(torch.from_numpy(part), start) for part, start in batches(values)]
    return cast, np.concatenate(stored)


def lost_variance(values, kept):
    values, kept = values.astype(float), kept.astype(float)
    error = values - kept
    whole = ((values - values.mean(axis=0)) ** 2).sum()
    return ((error - error.mean(axis=0)) ** 2).sum() / whole


VALUES = RNG.normal(size=(40, 300)).astype(np.float32)
CASES = {
    "plain": VALUES,
    "offset": VALUES + 5000,
    "wide": VALUES * np.logspace(-6, 3, 300, dtype=np.float32),
    "tiny": VALUES * 1e-7,
    "huge": VALUES * 1e6,
    "sparse": np.maximum(VALUES - 2, 0),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", ["auto", "float16", "float32"])
def test_the_loss_is_that_of_numpy(name, dtype):
    values = CASES[name]
    if (name, dtype) == ("huge", "float16"):
        pytest.skip("refused: test_extract")
    cast, stored = cast_all(values, dtype)
    kept = stored.astype(np.float32) * np.float32(cast.scale_factor)
    np.testing.assert_allclose(cast.loss(), lost_variance(values, kept), rtol=1e-3, atol=1e-12)
    assert str(stored.dtype) == cast.dtype


@pytest.mark.parametrize("exponent", [-100, -24, -3, 0, 5, 60])
def test_a_scale_changes_no_digit(exponent):
    """A power of two: what float16 keeps of small or large values is what it keeps of others."""
    values = VALUES * np.float32(2.0**exponent)
    cast, stored = cast_all(values, "auto")
    reference, of_reference = cast_all(VALUES, "auto")
    np.testing.assert_array_equal(stored, of_reference)
    assert cast.scale_factor == reference.scale_factor * 2.0**exponent
    assert cast.loss() < 1e-6


def test_offsets_and_tiny_values_lose_what_they_did():
    assert cast_all(CASES["offset"], "float16")[0].loss() > 0.1
    assert cast_all(CASES["offset"], "auto")[0].loss() > TOLERATED_LOSS
    assert cast_all(CASES["tiny"], "float16")[0].loss() > 0.01
    assert cast_all(CASES["tiny"], "auto")[0].loss() < 1e-6


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_constant_layer_loses_nothing(value):
    cast, stored = cast_all(np.full((40, 3), value, np.float32), "auto")
    assert cast.loss() == 0
    assert (stored * cast.scale_factor == value).all()


def test_values_that_outgrow_the_first_batch_are_a_loss_of_all():
    values = VALUES.copy()
    values[-1] *= 1e4
    cast, _ = cast_all(values, "auto")
    assert cast.loss() == np.inf
    assert "values exceed the range of float16" in cast.loss_in_words()


def test_layers_of_a_random_network_are_kept():
    """The fading layers of a random MobileNetV3, which float16 alone erased."""
    model = build_model({"architecture": "mobilenet_v3_small"}, None, 0)
    images = torch.from_numpy(RNG.normal(size=(8, 3, 96, 96))).float()
    layers = ["features.5", "features.9", "features.12", "avgpool"]
    whole = Taps(model, layers, images[:1], "float32").record(images)
    half = Taps(model, layers, images[:1], "float16")
    half.record(images)
    assert half.casts["avgpool"].loss() > 0.01
    taps = Taps(model, layers, images[:1], "auto")
    stored = taps.record(images)
    for layer in layers:
        cast = taps.casts[layer]
        kept = stored[layer].astype(np.float32) * np.float32(cast.scale_factor)
        assert cast.loss() < TOLERATED_LOSS
        assert lost_variance(whole[layer], kept) < TOLERATED_LOSS


@pytest.mark.parametrize("scale", [2.0**-20, 1.0, 2.0**13])
def test_a_gram_matrix_is_of_the_activations(tmp_path, scale):
    stored = VALUES.astype(np.float16)
    store = store_layer(tmp_path / "a.zarr", stored, name="layer", scale_factor=scale)
    expected = gram_of_array(stored.astype(np.float64) * scale)
    np.testing.assert_allclose(gram_matrix(store, "layer"), expected, rtol=1e-12, atol=1e-12)
