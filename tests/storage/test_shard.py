"""One file a layer, written row by row: every reader of Zarr reads the same array."""

import numpy as np
import pytest
import zarr

from ventral.errors import VentralError
from ventral.storage.digests import ContentDigest
from ventral.storage.store import Store
from ventral.storage.store_writer import write_store

PIPELINES = ["zarrs.ZarrsCodecPipeline", "zarr.core.codec_pipeline.BatchedCodecPipeline"]
CASES = [
    ((37, 50), (16, 20)),  # the last row and column of chunks are cut short
    ((32, 40), (16, 20)),
    ((16, 20), (16, 20)),  # one chunk
    ((1, 1), (1, 1)),
    ((5, 70), (5, 20)),
    ((40, 3), (16, 3)),
]


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize(("shape", "chunks"), CASES, ids=str)
def test_both_pipelines_read_what_was_written(tmp_path, shape, chunks, dtype):
    values = np.random.default_rng(0).normal(size=shape).astype(dtype)
    values[0] = 0  # chunks of zeros are written like others
    with write_store(tmp_path / "a.zarr") as store:
        axes = ("stimulus", "feature")
        with store.create_in_one_file("layer", shape, dtype, axes, chunks) as shard:
            for start in range(0, shape[0], chunks[0]):
                shard.append(values[start : start + chunks[0]])
    files = [path for path in (tmp_path / "a.zarr/layer").rglob("*") if path.is_file()]
    assert len(files) == 2  # the chunks and the metadata
    for pipeline in PIPELINES:
        with zarr.config.set({"codec_pipeline.path": pipeline}):
            array = zarr.open_array(tmp_path / "a.zarr", path="layer", mode="r")
            np.testing.assert_array_equal(array[...], values)
            np.testing.assert_array_equal(array[:, -7:], values[:, -7:])
            np.testing.assert_array_equal(array[-3:, :11], values[-3:, :11])


def test_the_file_is_laid_out_as_zarr_lays_it_out(tmp_path):
    """The same chunks and, at the end, an index that finds them: only their order may differ."""
    shape, chunks = (37, 50), (16, 20)
    values = np.random.default_rng(0).normal(size=shape).astype("float32")
    with write_store(tmp_path / "a.zarr") as store:
        axes = ("stimulus", "feature")
        with store.create_in_one_file("ours", shape, "float32", axes, chunks) as shard:
            for start in range(0, shape[0], chunks[0]):
                shard.append(values[start : start + chunks[0]])
        theirs = store.create("theirs", shape, "float32", axes, chunks, shards=(48, 60))
        theirs[...] = values
    found = {}
    for name in ("ours", "theirs"):
        content = (tmp_path / f"a.zarr/{name}/c/0/0").read_bytes()
        index = np.frombuffer(content[-9 * 16 - 4 : -4], "<u8").reshape(9, 2)
        found[name] = [content[start : start + length] for start, length in index.tolist()]
    assert found["ours"] == found["theirs"]


def test_a_flipped_bit_is_found_or_changes_no_number(tmp_path):
    """By the manifest, whatever the pipeline itself compares."""
    shape, rng, found = (37, 50), np.random.default_rng(0), 0
    values, digest = rng.normal(size=shape).astype("float32"), ContentDigest(shape, "float32")
    with write_store(tmp_path / "a.zarr") as store:
        axes = ("stimulus", "feature")
        with store.create_in_one_file("layer", shape, "float32", axes, (16, 20)) as shard:
            for start in (0, 16, 32):
                shard.append(values[start : start + 16])
                digest.update_rows(values[start : start + 16])
        store.record("layer", shape, "float32", digest)
    file = tmp_path / "a.zarr/layer/c/0/0"
    content = file.read_bytes()
    places = [
        *rng.choice(len(content), 60, replace=False),
        *range(len(content) - 148, len(content)),
    ]
    for place in places:
        flipped = bytearray(content)
        flipped[place] ^= 1 << rng.integers(8)
        file.write_bytes(flipped)
        opened = Store(tmp_path / "a.zarr")
        try:
            opened.verify()
        except VentralError:
            found += 1
        else:
            np.testing.assert_array_equal(opened.read_slice("layer", ...), values)
    assert found > len(places) / 2


def test_rows_that_do_not_fit_are_refused(tmp_path):
    whole = (37, 50), "float32", ("stimulus", "feature"), (16, 20)
    with (
        pytest.raises(ValueError, match="16 of 37 rows were written"),
        write_store(tmp_path / "a.zarr") as store,
        store.create_in_one_file("layer", *whole) as shard,
    ):
        shard.append(np.zeros((16, 50), "float32"))
        with pytest.raises(ValueError, match=r"rows of shape \(15, 50\)"):
            shard.append(np.zeros((15, 50), "float32"))
        with pytest.raises(ValueError, match="type float64"):
            shard.append(np.zeros((16, 50)))
    assert list(tmp_path.iterdir()) == []
