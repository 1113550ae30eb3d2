"""Digests of the user's files: of their content, whatever their times, and read once."""

import hashlib
import os
import shutil
import time
from pathlib import Path

import pytest

from ventral.errors import VentralError
from ventral.storage import file_digests as module
from ventral.storage.file_digests import file_digest, file_digests, folder_digest


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Keep the memo in a folder of its own, and remember even files of this very moment."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "SETTLED_NANOSECONDS", 0)
    return tmp_path / "cache/ventral/file_digests"


@pytest.fixture
def read(monkeypatch):
    """List the files whose content is read."""
    paths, digest = [], hashlib.file_digest

    def counted(file, algorithm):
        paths.append(Path(file.name).name)
        return digest(file, algorithm)

    monkeypatch.setattr(module.hashlib, "file_digest", counted)
    return paths


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def write(path, content):
    path.write_bytes(content)
    time.sleep(0.02)  # so that the clock of the file system has moved on
    return path


def test_a_file_is_read_once(tmp_path, read):
    path = write(tmp_path / "a", b"one")
    other = write(tmp_path / "b", b"two")
    assert file_digests([path, other, path]) == [sha256(b"one"), sha256(b"two"), sha256(b"one")]
    assert file_digest(str(path)) == sha256(b"one")
    assert read == ["a", "b"]
    assert file_digest(path, "sha1") == hashlib.sha1(b"one").hexdigest()
    assert file_digest(path, "sha1") == hashlib.sha1(b"one").hexdigest()
    assert read == ["a", "b", "a"]


def test_new_content_is_seen_whatever_its_time_and_size(tmp_path):
    path, other = write(tmp_path / "a", b"one"), write(tmp_path / "b", b"two")
    os.utime(path, ns=(10**18, 10**18))
    assert file_digest(path) == sha256(b"one")
    os.utime(other, ns=(10**18, 10**18))
    shutil.copy2(other, path)  # in place: the same inode, size and time of change
    assert file_digest(path) == sha256(b"two")
    third = write(tmp_path / "c", b"six")
    os.utime(third, ns=(10**17, 10**17))
    third.replace(path)
    assert file_digest(path) == sha256(b"six")


def test_a_touched_file_has_the_same_digest(tmp_path, read):
    path = write(tmp_path / "a", b"one")
    before = file_digest(path)
    os.utime(path, ns=(10**18, 10**18))
    assert file_digest(path) == before
    assert read == ["a", "a"]


def test_a_file_of_this_moment_is_not_remembered(tmp_path, monkeypatch, read, cache):
    monkeypatch.setattr(module, "SETTLED_NANOSECONDS", 10**12)
    path = write(tmp_path / "a", b"one")
    assert [file_digest(path), file_digest(path)] == [sha256(b"one")] * 2
    assert read == ["a", "a"]
    assert not cache.exists()


@pytest.mark.parametrize(
    "spoilt", [b"{", b"[]", b'{"sha256:a": 3}', b'{"sha256:a": [1, 2]}', b"\xff"]
)
def test_a_damaged_memo_is_as_none(tmp_path, cache, spoilt):
    path = write(tmp_path / "a", b"one")
    file_digest(path)
    (memo,) = cache.iterdir()
    memo.write_bytes(spoilt)
    assert file_digest(path) == sha256(b"one")


def test_a_cache_that_cannot_be_written(tmp_path):
    path = write(tmp_path / "a", b"one")
    (tmp_path / "cache").write_text("a file")
    assert file_digest(path) == sha256(b"one")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(VentralError, match="nothing cannot be read: No such file"):
        file_digest(tmp_path / "nothing")
    with pytest.raises(VentralError, match="cannot be read: Is a directory"):
        file_digest(tmp_path)


def test_a_folder_is_its_names_and_its_content(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for file in ("a", "b"):
            write(tmp_path / name / file, file.encode())

    def digest(folder, names="ab"):
        return folder_digest({name: tmp_path / folder / name for name in names})

    assert digest("one") == digest("two") == digest("one", "ba")
    assert digest("one", "a") != digest("one")
    assert folder_digest({"a": tmp_path / "one/b", "b": tmp_path / "one/a"}) != digest("one")
    write(tmp_path / "two/b", b"c")
    assert digest("one") != digest("two")
