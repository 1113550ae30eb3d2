"""The streamed Gram matrix against numpy on the whole array."""

import numpy as np
import pytest

from helpers import store_layer
from ventral.errors import VentralError
from ventral.features import gram as gram_module
from ventral.features import slabs
from ventral.features.gram import centre_on_train, gram_matrix

SHAPES = [(1, 5), (7, 3), (50, 1), (60, 20_000), (30, 16_384), (30, 40_001), (1100, 700)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_equals_the_product_of_the_whole(tmp_path, shape, dtype, monkeypatch):
    monkeypatch.setattr(slabs, "SLAB_BYTES", 2**20)  # several slabs at test sizes
    monkeypatch.setattr(gram_module, "ROW_TILE", 13)
    rng = np.random.default_rng(0)
    values = (rng.normal(size=shape) + 30 * rng.random(shape[1])).astype(dtype)
    chunks = (min(16, shape[0]), min(16_384, shape[1]))
    gram = gram_matrix(store_layer(tmp_path / "a.zarr", values, chunks), "layer1.0")
    exact = values.astype(np.float64)
    exact -= exact.mean(axis=0)
    scale = max((exact**2).sum(axis=1).max(), 1e-12)
    assert gram.shape == (shape[0], shape[0])
    np.testing.assert_allclose(gram, exact @ exact.T, atol=1e-13 * scale)
    np.testing.assert_array_equal(gram, gram.T)


def test_a_missing_chunk_is_not_read_as_zeros(tmp_path):
    values = np.random.default_rng(1).normal(size=(40, 40_000)).astype("float16")
    store = store_layer(tmp_path / "a.zarr", values, (20, 16_384))
    (tmp_path / "a.zarr" / "layer1.0" / "c" / "1" / "0").unlink()
    with pytest.raises(VentralError, match=r"a\.zarr is damaged: the content of array 'layer1.0'"):
        gram_matrix(store, "layer1.0")


def test_a_flipped_bit_is_found(tmp_path):
    values = np.random.default_rng(1).normal(size=(40, 40_000)).astype("float16")
    store = store_layer(tmp_path / "a.zarr", values, (20, 16_384))
    chunk = tmp_path / "a.zarr" / "layer1.0" / "c" / "0" / "1"
    content = bytearray(chunk.read_bytes())
    content[1234] ^= 4
    chunk.write_bytes(content)
    with pytest.raises(VentralError, match=r"a\.zarr is damaged"):
        gram_matrix(store, "layer1.0")


def test_train_centring_forgets_any_offset():
    rng = np.random.default_rng(2)
    features = rng.normal(size=(30, 8))
    train, rows = np.arange(4, 22), np.array([0, 25, 29])
    moved = features + rng.normal(size=8)
    centred = features - features[train].mean(axis=0)
    np.testing.assert_allclose(
        centre_on_train(moved @ moved.T, rows, train), centred[rows] @ centred[train].T, atol=1e-12
    )
