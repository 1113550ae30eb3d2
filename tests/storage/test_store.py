"""Stores are whole or not there, and what is read is what was written."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest
import xarray

from helpers import ROOT
from ventral.errors import VentralError
from ventral.storage.atomic import write_aside, write_json
from ventral.storage.digests import ContentDigest, array_digest
from ventral.storage.store import Store
from ventral.storage.store_writer import write_store


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(size=(5, 4))


@pytest.fixture
def store(tmp_path, values):
    with write_store(tmp_path / "a.zarr", {"seed": 3}) as writer:
        writer.put("values", values, ("stimulus", "site"))
        writer.put("names", np.array(["a", "bé", "c", "d"], dtype=object), ("site",))
        writer.put("empty", np.zeros((0, 2)), ("none", "two"))
    return tmp_path / "a.zarr"


def test_round_trip(store, values):
    opened = Store(store)
    np.testing.assert_array_equal(opened.read("values"), values)
    assert opened.read("names").tolist() == ["a", "bé", "c", "d"]
    assert opened.read("empty").shape == (0, 2)
    assert opened.attributes["seed"] == 3
    assert not list(store.parent.glob("*.partial"))


def test_xarray_reads_it(store, values):
    opened = xarray.open_zarr(store, consolidated=False)
    assert opened["values"].dims == ("stimulus", "site")
    np.testing.assert_array_equal(opened["values"], values)


def test_an_error_leaves_nothing(tmp_path, values):
    with pytest.raises(RuntimeError), write_store(tmp_path / "a.zarr") as writer:
        writer.put("values", values, ("stimulus", "site"))
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_an_error_takes_away_what_was_there(store):
    """An older store would be believed with the new settings."""
    with pytest.raises(RuntimeError), write_store(store):
        raise RuntimeError
    assert list(store.parent.iterdir()) == []


def partial(folder, host, process):
    left = folder / f"a.zarr.{host}-{process}.partial"
    (left / "stale").mkdir(parents=True)
    return left


def test_what_a_killed_job_left_is_removed(tmp_path, values):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    here = socket.gethostname()
    dead, own = partial(tmp_path, here, ended.pid), partial(tmp_path, here, os.getpid())
    alive, elsewhere = partial(tmp_path, here, os.getppid()), partial(tmp_path, "other-node", 1)
    old = partial(tmp_path, "other-node", 2)
    os.utime(old, (0, 0))
    with write_store(tmp_path / "a.zarr") as writer:
        writer.put("values", values, ("stimulus", "site"))
    assert not (tmp_path / "a.zarr" / "stale").exists()
    assert [path.exists() for path in (dead, own, old, alive, elsewhere)] == [False] * 3 + [
        True
    ] * 2


OTHER_WRITER = """
import sys
import numpy as np
from ventral.storage.store_writer import write_store
with write_store(sys.argv[1]) as store:
    store.put("values", np.arange(float(sys.argv[2])), ("stimulus",))
"""


@pytest.mark.parametrize("other", [5, 6])
def test_two_writers_of_one_store(tmp_path, other):
    """A job that a killed workflow left on a cluster ends in the middle of the same job again."""
    store = tmp_path / "a.zarr"
    with write_store(store) as writer:
        command = [sys.executable, "-c", OTHER_WRITER, store, str(other)]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "src")})
        assert Store(store).read("values").shape == (other,)
        before = (store / "zarr.json").stat().st_ino
        writer.put("values", np.arange(5.0), ("stimulus",))
    assert Store(store).read("values").tolist() == [0, 1, 2, 3, 4]
    assert ((store / "zarr.json").stat().st_ino == before) == (other == 5)  # equal: it stays
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.zarr"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda store: next(store.glob("values/c/*/*")).unlink(), "content of array 'values'"),
        (lambda store: store.with_suffix(".json").unlink(), "No such file"),
        (lambda store: (store / "values" / "zarr.json").unlink(), "array 'values' is missing"),
        (lambda store: store.with_suffix(".json").write_text("{"), "damaged"),
    ],
    ids=["chunk", "manifest", "array", "manifest cut"],
)
def test_damage_names_the_store_and_the_remedy(store, damage, message):
    damage(store)
    with pytest.raises(VentralError, match=message) as error:
        Store(store).read("values")
    assert f"rm -r {store}" in str(error.value)


def test_a_foreign_chunk_is_found(store, tmp_path, values):
    with write_store(tmp_path / "other.zarr") as writer:
        writer.put("values", values + 1, ("stimulus", "site"))
    chunk = next((tmp_path / "other.zarr").glob("values/c/*/*"))
    (store / chunk.relative_to(tmp_path / "other.zarr")).write_bytes(chunk.read_bytes())
    with pytest.raises(VentralError, match="is not what its manifest says"):
        Store(store).read("values")


@pytest.mark.parametrize("shape", [(1, 1), (7, 16_384), (3, 16_385), (5, 50_000)])
def test_digest_by_rows_equals_digest_by_columns(shape):
    values = np.random.default_rng(1).normal(size=shape).astype("float16")
    by_rows, by_columns = ContentDigest(shape, "float16"), ContentDigest(shape, "float16")
    for start in range(0, shape[0], 2):
        by_rows.update_rows(values[start : start + 2])
    for start in range(0, shape[1], 32_768):
        by_columns.update_columns(start, values[:, start : start + 32_768])
    assert by_rows.hexdigest() == by_columns.hexdigest()
    changed = ContentDigest(shape, "float16")
    values[-1, -1] += 1
    changed.update_rows(values)
    assert changed.hexdigest() != by_rows.hexdigest()


def test_digests_tell_shapes_and_types_apart():
    zeros = np.zeros((2, 3))
    assert array_digest(zeros) != array_digest(zeros.T)
    assert array_digest(zeros) != array_digest(zeros.astype("int64"))
    assert array_digest(np.array(["ab", "c"])) != array_digest(np.array(["a", "bc"]))


def test_files_are_whole_or_not_there(tmp_path):
    write_json(tmp_path / "deep" / "a.json", {"x": "é"})
    assert json.loads((tmp_path / "deep" / "a.json").read_text()) == {"x": "é"}
    with pytest.raises(RuntimeError), write_aside(tmp_path / "deep" / "a.json") as aside:
        aside.write_text("half")
        raise RuntimeError
    assert json.loads((tmp_path / "deep" / "a.json").read_text()) == {"x": "é"}
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.json"]
