"""Stores are whole or not there, and what is read is what was written."""

import json
import os
import socket
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from helpers import ROOT
from ventral.errors import VentralError
from ventral.storage.atomic import write_aside, write_json
from ventral.storage.digests import ContentDigest, array_digest
from ventral.storage.store import Store
from ventral.storage.store_writer import write_store


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(size=(5, 4))


@pytest.fixture(params=[False, True], ids=["folder", "packed"])
def packed(request):
    return request.param


@pytest.fixture
def store(tmp_path, values, packed):
    with write_store(tmp_path / "a.zarr", {"seed": 3}, packed=packed) as writer:
        writer.put("values", values, ("stimulus", "site"))
        writer.put("names", np.array(["a", "bé", "c", "d"], dtype=object), ("site",))
        writer.put("empty", np.zeros((0, 2)), ("none", "two"))
        writer.put("layer1.0/values", values + 1, ("stimulus", "site"))
    return tmp_path / "a.zarr"


def test_round_trip(store, values):
    opened = Store(store)
    np.testing.assert_array_equal(opened.read("values"), values)
    assert opened.read("names").tolist() == ["a", "bé", "c", "d"]
    assert opened.read("empty").shape == (0, 2)
    np.testing.assert_array_equal(opened.read("layer1.0/values"), values + 1)
    assert opened.groups == ["layer1.0"]
    assert opened.attributes["seed"] == 3
    opened.verify()


def test_a_packed_store_is_one_file(store, packed):
    assert sorted(path.name for path in store.parent.iterdir()) == ["a.json", "a.zarr"]
    assert store.is_file() == packed
    if packed:
        with zipfile.ZipFile(store) as file:
            names = file.namelist()
            assert len(names) == len(set(names))
            assert {part.compress_type for part in file.infolist()} == {zipfile.ZIP_STORED}


def test_both_forms_have_the_same_manifest(tmp_path, values):
    for packed in (False, True):
        with write_store(tmp_path / f"{packed}.zarr", packed=packed) as writer:
            writer.put("a/values", values, ("stimulus", "site"))
            writer.put("a/folds", np.full((2, 3), np.nan), ("fold", "site"), compressed=True)
    manifests = [(tmp_path / f"{packed}.json").read_bytes() for packed in (False, True)]
    assert manifests[0] == manifests[1]


def test_an_error_leaves_nothing(tmp_path, values, packed):
    with pytest.raises(RuntimeError), write_store(tmp_path / "a.zarr", packed=packed) as writer:
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


def test_what_a_killed_job_left_is_removed(tmp_path, values, packed):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    here = socket.gethostname()
    dead, own = partial(tmp_path, here, ended.pid), partial(tmp_path, here, os.getpid())
    alive, elsewhere = partial(tmp_path, here, os.getppid()), partial(tmp_path, "other-node", 1)
    old = partial(tmp_path, "other-node", 2)
    os.utime(old, (0, 0))
    with write_store(tmp_path / "a.zarr", packed=packed) as writer:
        writer.put("values", values, ("stimulus", "site"))
    assert not (tmp_path / "a.zarr" / "stale").exists()
    assert [path.exists() for path in (dead, own, old, alive, elsewhere)] == [False] * 3 + [
        True
    ] * 2


OTHER_WRITER = """
import sys
import numpy as np
from ventral.storage.store_writer import write_store
with write_store(sys.argv[1], packed=sys.argv[3] == "True") as store:
    store.put("values", np.arange(float(sys.argv[2])), ("stimulus",))
"""


@pytest.mark.parametrize("other", [5, 6])
def test_two_writers_of_one_store(tmp_path, other, packed):
    """A job that a killed workflow left on a cluster ends in the middle of the same job again."""
    store = tmp_path / "a.zarr"
    with write_store(store, packed=packed) as writer:
        command = [sys.executable, "-c", OTHER_WRITER, store, str(other), str(packed)]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "src")})
        assert Store(store).read("values").shape == (other,)
        before = store.stat().st_ino
        writer.put("values", np.arange(5.0), ("stimulus",))
    assert Store(store).read("values").tolist() == [0, 1, 2, 3, 4]
    assert (store.stat().st_ino == before) == (other == 5)  # equal: it stays
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.zarr"]


def without(store, part):
    """Take a file out of a store, or a member out of a packed one."""
    if store.is_dir():
        (store / part).unlink()
        return
    with zipfile.ZipFile(store) as file:
        content = {name: file.read(name) for name in file.namelist() if name != part}
        assert len(content) == len(file.namelist()) - 1
    with zipfile.ZipFile(store, "w") as file:
        for name, values in content.items():
            file.writestr(name, values)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda store: without(store, "values/c/0/0"), "content of array 'values'"),
        (lambda store: store.with_suffix(".json").unlink(), "No such file"),
        (lambda store: without(store, "values/zarr.json"), "array 'values' is missing"),
        (lambda store: store.with_suffix(".json").write_text("{"), "damaged"),
        (lambda store: without(store, "zarr.json"), "it cannot be opened"),
    ],
    ids=["chunk", "manifest", "array", "manifest cut", "group"],
)
def test_damage_names_the_store_and_the_remedy(store, damage, message):
    damage(store)
    with pytest.raises(VentralError, match=message) as error:
        Store(store).read("values")
    assert f"rm -r {store}" in str(error.value)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9, 0.999])
def test_a_packed_store_that_was_cut_is_damaged(tmp_path, values, kept):
    store = tmp_path / "a.zarr"
    with write_store(store, packed=True) as writer:
        writer.put("layer1/values", values, ("stimulus", "site"))
    content = store.read_bytes()
    store.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(VentralError, match=r"a\.zarr is damaged: it cannot be opened: .*rm -r"):
        Store(store)


def test_every_flipped_bit_of_a_packed_store_is_found_or_changes_nothing(tmp_path, values):
    """In numbers, metadata and the directory of the zip file alike."""
    store, rng = tmp_path / "a.zarr", np.random.default_rng(0)
    with write_store(store, packed=True) as writer:
        writer.put("layer1/values", values, ("stimulus", "site"))
        writer.put("layer1/site", np.array(list("abcd"), object), ("site",))
    content, found = store.read_bytes(), 0
    for place in rng.choice(len(content), 150, replace=False):
        flipped = bytearray(content)
        flipped[place] ^= 1 << rng.integers(8)
        store.write_bytes(flipped)
        try:
            opened = Store(store)
            opened.verify()
        except VentralError:  # and no other error
            found += 1
        else:
            np.testing.assert_array_equal(opened.read("layer1/values"), values)
            assert opened.read("layer1/site").tolist() == list("abcd")
    assert found > 75


def test_metadata_of_a_group_that_differ_from_an_arrays_own_are_found(tmp_path, values):
    with write_store(tmp_path / "a.zarr") as writer:
        writer.put("layer1/values", values, ("stimulus", "site"))
    metadata = tmp_path / "a.zarr" / "layer1" / "zarr.json"
    metadata.write_text(metadata.read_text().replace('"site"', '"side"'))
    with pytest.raises(VentralError, match="'layer1/values' differs from the metadata"):
        Store(tmp_path / "a.zarr").verify()


def test_a_foreign_chunk_is_found(tmp_path, values):
    for name, offset in (("a", 0), ("other", 1)):
        with write_store(tmp_path / f"{name}.zarr") as writer:
            writer.put("values", values + offset, ("stimulus", "site"))
    chunk = tmp_path / "other.zarr/values/c/0/0"
    (tmp_path / "a.zarr/values/c/0/0").write_bytes(chunk.read_bytes())
    with pytest.raises(VentralError, match="is not what its manifest says"):
        Store(tmp_path / "a.zarr").read("values")


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
