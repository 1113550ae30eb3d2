"""Fetching against a server on the loopback that misbehaves as told."""

import gzip
import hashlib
import http.server
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from ventral.addresses import without_secrets
from ventral.data import download
from ventral.data.fetch import (
    cache_folder,
    checked_files,
    fetch_file,
    mirror_folders,
)
from ventral.errors import VentralError
from ventral.storage.file_digests import read_digest

SOURCE = Path(__file__).parents[2] / "src"
CONTENT = bytes(range(256)) * 1500 + b"the end"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SHA1 = hashlib.sha1(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT under every path; `server.script` holds what to do wrong, request by request.

    ``503`` and the like: that status. ``cut``: half of what was asked for, then hang up.
    ``whole``: without heed to the Range header. ``endless``: no length, and more than the file.
    ``other``: other bytes of the same length. ``slow``: after a while. ``boastful``: a length
    beyond all disks. ``many``: a length that is no number. Past its end, all goes well.
    """

    def do_GET(self):
        asked = self.headers.get("Range")
        self.server.requests.append((self.path, asked))
        act = self.server.script.pop(0) if self.server.script else "well"
        if act in ("redirect", "two lengths") or act.startswith("Retry-After"):
            self.send_response({"redirect": 302, "two lengths": 200}.get(act, 503))
            if act == "redirect":
                self.send_header("Location", "/elsewhere?signature=s3cret")
                self.server.script.insert(0, "403")
            elif act == "two lengths":
                self.send_header("Content-Length", "1, 2")
            else:
                self.send_header("Retry-After", act.removeprefix("Retry-After "))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if act.isdigit():
            self.send_response(int(act))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = 0
        if asked and act != "whole" and self.server.ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(CONTENT):
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        else:
            self.send_response(200)
        body = CONTENT[start:]
        if act == "endless":
            self.end_headers()
            self.wfile.write(CONTENT * 9)
            return
        if act.startswith("slow"):
            time.sleep(0.5)
        if act == "boastful":
            self.send_header("Content-Length", str(10**15))
            self.end_headers()
            return
        if act.startswith("gzip"):
            self.send_header("Content-Encoding", "gzip, gzip" if act == "gzip-twice" else "gzip")
            body = gzip.compress(bytes(10**7) if act == "gzip-bomb" else body)
        if act == "many":
            self.send_header("Content-Length", "many")
            self.end_headers()
            self.wfile.write(body)
            return
        if act == "other":
            body = bytes(len(body))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if act.endswith("cut") else body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0)
    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests, server.script, server.ranges = [], [], True
    server.url = f"http://127.0.0.1:{server.server_port}/study/part/file.bin"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def destination(tmp_path) -> Path:
    return tmp_path / "resources" / "file.bin"


def ranges(server) -> list[str | None]:
    return [asked for _, asked in server.requests]


def put(folder: Path, relative: str, content: bytes = CONTENT) -> Path:
    path = folder / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("specification", [{"sha256": SHA256}, {"sha1": SHA1}])
def test_a_file_comes_by_url_and_leaves_nothing_beside_it(server, destination, specification):
    fetch_file(specification | {"url": server.url}, destination, [])
    assert destination.read_bytes() == CONTENT
    assert list(destination.parent.iterdir()) == [destination]
    assert destination.stat().st_mode & 0o044 == 0o044  # readable by the group's other accounts


def test_a_cut_connection_is_resumed(server, destination):
    server.script = ["cut", "cut"]
    fetch_file({"sha256": SHA256, "url": server.url}, destination, [])
    first, *later = ranges(server)
    starts = [int(asked.removeprefix("bytes=").removesuffix("-")) for asked in later]
    assert first is None and 0 < starts[0] < starts[1] and len(starts) == 2
    assert destination.read_bytes() == CONTENT


def test_without_ranges_a_cut_download_starts_again(server, destination):
    server.ranges = False
    server.script = ["cut", "cut"]
    fetch_file({"sha256": SHA256, "url": server.url}, destination, [])
    assert len(server.requests) == 3
    assert destination.read_bytes() == CONTENT


def test_an_earlier_run_is_gone_on_with(server, destination):
    put(destination.parent, "file.bin.fetching/received", CONTENT[:1000])
    fetch_file({"sha256": SHA256, "url": server.url}, destination, [])
    assert ranges(server) == ["bytes=1000-"]
    assert destination.read_bytes() == CONTENT


def test_an_earlier_run_that_had_everything_asks_for_no_more(server, destination):
    put(destination.parent, "file.bin.fetching/received")
    fetch_file({"sha256": SHA256, "url": server.url}, destination, [])
    assert ranges(server) == [f"bytes={len(CONTENT)}-"]
    assert destination.read_bytes() == CONTENT


def test_a_damaged_earlier_part_is_thrown_away(server, destination):
    put(destination.parent, "file.bin.fetching/received", b"\0" * 1000)
    fetch_file({"sha256": SHA256, "url": server.url}, destination, [])
    assert ranges(server) == ["bytes=1000-", None]
    assert destination.read_bytes() == CONTENT


def test_a_server_that_is_busy_is_asked_again(server, destination):
    server.script = ["503", "503", "429"]
    fetch_file({"sha256": SHA256, "url": server.url}, destination, [])
    assert len(server.requests) == 4
    assert destination.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("script", "sum_", "asked", "message"),
    [
        (["404"], SHA256, 1, "file.bin: cannot be fetched from http://127.0.0.1.*404"),
        (["403"], SHA256, 1, "file.bin: cannot be fetched from http://127.0.0.1.*403"),
        (["503"] * 9, SHA256, download.ATTEMPTS, "cannot be fetched.*503"),
        (["cut"] * 9, SHA256, download.ATTEMPTS, "cannot be fetched.*(broken|IncompleteRead)"),
        ([], "0" * 64, 1, f"file.bin from http://127.0.0.1.*expected.*0000 but got {SHA256}"),
        (["404"], "0" * 64, 1, "without network, put the file into a folder named under mirrors:"),
    ],
)
def test_a_failed_download_says_why_and_looks_like_none(
    server, destination, script, sum_, asked, message
):
    server.script = script
    with pytest.raises(VentralError, match=message):
        fetch_file({"sha256": sum_, "url": server.url}, destination, [])
    assert len(server.requests) == asked
    assert not destination.exists()


def test_a_truncated_download_is_kept_for_the_next_run(server, destination):
    server.script = ["cut"] * download.ATTEMPTS
    with pytest.raises(VentralError):
        fetch_file({"sha256": SHA256, "url": server.url}, destination, [])
    received = destination.with_name("file.bin.fetching") / "received"
    size = received.stat().st_size
    assert CONTENT.startswith(received.read_bytes()) and size > len(CONTENT) // 2
    fetch_file({"sha256": SHA256, "url": server.url}, destination, [])
    assert ranges(server)[-1] == f"bytes={size}-"
    assert list(destination.parent.iterdir()) == [destination]


def test_a_wrong_sum_leaves_nothing_and_keeps_no_part(server, destination):
    with pytest.raises(VentralError, match="it was removed"):
        fetch_file({"sha1": "0" * 40, "url": server.url}, destination, [])
    assert list(destination.parent.iterdir()) == []


def test_a_wrong_sum_leaves_the_file_that_was_there(server, destination):
    put(destination.parent, "file.bin", b"before")
    with pytest.raises(VentralError):
        fetch_file({"sha256": "0" * 64, "url": server.url}, destination, [])
    assert destination.read_bytes() == b"before"


def test_mirrors_come_before_the_server(server, destination, tmp_path):
    put(tmp_path / "mirror", "deep/down/file.bin")
    put(destination.parent, "file.bin.fetching/received", b"of a run before the mirror")
    (tmp_path / "empty").mkdir()
    mirrors = [tmp_path / "empty", tmp_path / "mirror"]
    fetch_file({"sha256": SHA256, "url": server.url}, destination, mirrors)
    assert server.requests == []
    assert destination.read_bytes() == CONTENT
    assert list(destination.parent.iterdir()) == [destination]


def test_a_mirror_with_a_wrong_file_falls_back_to_the_server(server, destination, tmp_path, caplog):
    wrong = put(tmp_path / "mirror", "file.bin", b"an older version")
    fetch_file({"sha256": SHA256, "url": server.url}, destination, [tmp_path / "mirror"])
    assert len(server.requests) == 1
    assert destination.read_bytes() == CONTENT
    assert str(wrong) in caplog.text and read_digest(wrong) in caplog.text


def test_of_two_files_of_a_name_the_checksum_decides(destination, tmp_path):
    put(tmp_path / "mirror", "a/file.bin", b"the averaged one")
    put(tmp_path / "mirror", "b/file.bin")
    put(tmp_path / "mirror", "c/file.bin", b"another")
    fetch_file({"sha256": SHA256, "name": "file.bin"}, destination, [tmp_path / "mirror"])
    assert destination.read_bytes() == CONTENT


def test_the_folders_of_the_url_are_looked_in_first(destination, tmp_path, monkeypatch):
    for folder in ("a/part", "study/part", "part", "z/study/part"):
        put(tmp_path / "mirror", f"{folder}/file.bin", folder.encode())
    hashed = []
    monkeypatch.setattr(
        "ventral.data.fetch.read_digest",
        lambda path, algorithm: (
            hashed.append(str(path.parent.relative_to(tmp_path / "mirror"))) or "another sum"
        ),
    )
    url = "https://127.0.0.1:1/other/study/part/file.bin"
    monkeypatch.setattr("ventral.data.fetch._download", lambda *arguments: None)
    fetch_file({"sha256": SHA256, "url": url}, destination, [tmp_path / "mirror"])
    assert hashed == ["study/part", "z/study/part", "a/part", "part"]


def test_links_are_followed_but_not_in_circles(destination, tmp_path):
    put(tmp_path / "elsewhere", "deep/file.bin")
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(mirror)
    fetch_file({"sha256": SHA256, "name": "file.bin"}, destination, [mirror])
    assert destination.read_bytes() == CONTENT
    with pytest.raises(VentralError) as error:
        fetch_file({"sha256": "0" * 64, "name": "file.bin"}, destination, [mirror])
    assert str(error.value).count(SHA256) == 1


def test_without_a_url_the_error_lists_what_was_searched(destination, tmp_path):
    wrong = put(tmp_path / "mirror", "deep/file.bin", b"wrong")
    (tmp_path / "other").mkdir()
    with pytest.raises(VentralError) as error:
        mirrors = [tmp_path / "mirror", tmp_path / "other"]
        fetch_file({"sha256": SHA256, "name": "file.bin"}, destination, mirrors)
    for part in ("file.bin: no mirror has it", SHA256, *map(str, mirrors), str(wrong)):
        assert part in str(error.value)
    assert hashlib.sha256(b"wrong").hexdigest() in str(error.value)
    assert not destination.exists()


def test_a_copy_that_breaks_off_leaves_nothing(destination, tmp_path, monkeypatch):
    put(tmp_path / "mirror", "file.bin")

    def full(source, target):
        Path(target).write_bytes(CONTENT[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space"):
        fetch_file({"sha256": SHA256, "name": "file.bin"}, destination, [tmp_path / "mirror"])
    assert list(destination.parent.iterdir()) == []


def test_a_server_that_is_not_there(server, destination, monkeypatch):
    server.shutdown()
    server.server_close()
    with pytest.raises(VentralError, match="cannot be fetched from"):
        fetch_file({"sha256": SHA256, "url": server.url}, destination, [])
    assert not destination.exists()


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ({"url": "https://a.org/f.zip"}, "f.zip needs a sha256 or a sha1"),
        ({"sha256": "abc", "name": "f"}, "sha256: 'abc' is not a checksum; it needs 64 digits"),
        ({"sha256": SHA256.upper(), "name": "f"}, "is not a checksum"),
        ({"sha1": SHA256, "name": "f"}, "it needs 40 digits"),
        ({"sha256": SHA256}, "name: '' is not a file's name"),
        ({"sha256": SHA256, "url": "https://a.org/folder/"}, "name: '' is not a file's name"),
        ({"sha256": SHA256, "name": "../f"}, "name: '../f' is not a file's name"),
        ({"sha256": SHA256, "url": "https://a.org/%2e%2e"}, r"name: '\.\.' is not a file's name"),
        ({"sha256": SHA256, "url": "file:///etc/hostname"}, "does not start with http"),
    ],
)
def test_a_specification_that_makes_no_sense(specification, message, destination):
    with pytest.raises(VentralError, match=message):
        fetch_file(specification, destination, [])


def test_proxies_come_from_the_environment(server, destination, monkeypatch):
    monkeypatch.setenv("http_proxy", server.url.rsplit("/", 3)[0])
    fetch_file({"sha256": SHA256, "url": "http://far.invalid/file.bin"}, destination, [])
    assert server.requests == [("http://far.invalid/file.bin", None)]


@pytest.mark.parametrize("act", ["well", "endless"])
def test_a_file_of_another_size_is_not_received(server, destination, act):
    server.script = [act]
    with pytest.raises(VentralError, match="bytes or more, the config says 1000") as error:
        fetch_file({"sha256": SHA256, "url": server.url, "size": 1000}, destination, [])
    assert len(server.requests) == 1 and "another file?" in str(error.value)
    assert list(destination.parent.iterdir()) == []


def test_the_right_size_is_received_in_parts_too(server, destination):
    server.script = ["cut"]
    wanted = {"sha256": SHA256, "url": server.url, "size": len(CONTENT)}
    fetch_file(wanted, destination, [])
    assert destination.read_bytes() == CONTENT and len(server.requests) == 2
    assert checked_files({"data": wanted}, [destination]) == {"data": destination}
    with pytest.raises(VentralError, match=f"has {len(CONTENT)} bytes, and 7 are expected"):
        checked_files({"data": {"path": "", "size": 7}}, [destination])


def test_wrong_bytes_of_the_right_length_are_refused(server, destination):
    server.script = ["other"]
    with pytest.raises(VentralError, match=r"expected .* but got .*; it was removed"):
        fetch_file({"sha256": SHA256, "url": server.url, "size": len(CONTENT)}, destination, [])
    assert list(destination.parent.iterdir()) == []


def test_a_cache_keeps_one_download_for_all_projects(server, tmp_path):
    wanted = {"sha256": SHA256, "url": server.url}
    cache = cache_folder(None, str(tmp_path / "cache" / "deep"))
    for project in ("one", "two"):
        destination = tmp_path / project / "file.bin"
        fetch_file(wanted, destination, [], cache)
        assert destination.read_bytes() == CONTENT
        assert list(destination.parent.iterdir()) == [destination]
    assert len(server.requests) == 1
    # What one project does to its copy reaches neither the other nor the cache.
    with (tmp_path / "one/file.bin").open("ab") as file:
        file.write(b"edited")
    assert (tmp_path / "two/file.bin").read_bytes() == CONTENT
    (kept,) = cache.rglob("file.bin")
    assert kept.read_bytes() == CONTENT
    # Another address of the same bytes, or none: the sum is what counts.
    fetch_file({"sha256": SHA256, "name": "file.bin"}, tmp_path / "three", [], cache)
    assert len(server.requests) == 1


def test_a_damaged_cache_is_mended(server, tmp_path, caplog):
    wanted, cache = {"sha256": SHA256, "url": server.url}, tmp_path / "cache"
    put(cache, f"{SHA256[:16]}/file.bin", b"damaged")
    fetch_file(wanted, tmp_path / "file.bin", [], cache)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert "is damaged: it is fetched again" in caplog.text


def test_runs_at_once_share_one_download(server, tmp_path):
    server.script = ["slow"]
    wanted, cache = {"sha256": SHA256, "url": server.url}, tmp_path / "cache"
    places = [tmp_path / f"run{i}" / "file.bin" for i in range(4)]
    runs = [
        threading.Thread(target=fetch_file, args=(wanted, place, [], cache)) for place in places
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [place.read_bytes() == CONTENT for place in places] == [True] * 4
    assert len(server.requests) == 1


def test_processes_at_once_fetch_to_one_place(server, destination):
    """Four processes without a cache: one downloads, and all have the file."""
    server.script = ["slow"]
    program = (
        "import sys; from pathlib import Path; from ventral.data.fetch import fetch_file;"
        f"fetch_file({ {'sha256': SHA256, 'url': server.url} }, Path(sys.argv[1]), [])"
    )
    command = [sys.executable, "-c", program, str(destination)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    runs = [
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = [run.communicate()[1] for run in runs]
    assert [run.returncode for run in runs] == [0] * 4, said
    assert destination.read_bytes() == CONTENT
    assert list(destination.parent.iterdir()) == [destination]
    assert len(server.requests) == 1


def test_who_waited_for_a_failed_download_tries_itself(server, destination):
    server.script = ["slow-cut", *["cut"] * (download.ATTEMPTS - 1)]
    wanted = {"sha256": SHA256, "url": server.url}
    errors = []

    def fetch():
        try:
            fetch_file(wanted, destination, [])
        except VentralError as error:
            errors.append(str(error))

    runs = [threading.Thread(target=fetch) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(errors) == 1 and "cannot be fetched" in errors[0]
    assert destination.read_bytes() == CONTENT
    assert list(destination.parent.iterdir()) == [destination]


# Servers that are hostile, or out of their mind.


def refused(server, destination, size=None, **more) -> str:
    """Return the sentence of a fetch that must fail and leave nothing."""
    wanted = {"sha256": SHA256, "url": server.url, **more}
    if size is not None:
        wanted["size"] = size
    with pytest.raises(VentralError) as error:
        fetch_file(wanted, destination, [])
    assert not destination.exists() and not list(destination.parent.iterdir())
    return str(error.value)


def test_an_endless_download_ends_at_a_limit(server, destination, monkeypatch):
    monkeypatch.setattr(download, "MAX_BYTES", 10**6)
    server.script = ["endless"]
    assert "more than 1000000 bytes, the limit" in refused(server, destination)
    server.script = ["boastful"]  # nothing of it is received
    assert "more than 1000000 bytes" in refused(server, destination)


@pytest.mark.parametrize("act", ["well", "endless"])
def test_a_download_leaves_room_on_the_disk(server, destination, monkeypatch, act):
    free = download.KEPT_FREE + 1000
    monkeypatch.setattr(download.shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    server.script = [act]
    sentence = refused(server, destination)
    assert f"has {free} free" in sentence and "Make room" in sentence


@pytest.mark.parametrize("size", [None, 10**9])
def test_an_answer_that_unpacks_without_end(server, destination, size):
    server.script = ["gzip-bomb"]
    assert "a bomb?" in refused(server, destination, size=size)
    server.script = ["gzip-twice"]
    assert "several times over" in refused(server, destination, size=size)


@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_an_answer_that_is_compressed_all_the_same(server, destination, size):
    server.script = ["gzip"]
    wanted = {"sha256": SHA256, "url": server.url} | ({"size": size} if size else {})
    fetch_file(wanted, destination, [])
    assert destination.read_bytes() == CONTENT


def test_a_length_that_is_no_number(server, destination):
    server.script = ["many"]
    fetch_file({"sha256": SHA256, "url": server.url}, destination, [])
    assert destination.read_bytes() == CONTENT
    server.script = ["two lengths"] * download.ATTEMPTS
    destination.unlink()
    assert "cannot be fetched" in refused(server, destination)


def test_a_part_that_does_not_exist_although_all_was_asked_for(server, destination):
    server.script = ["416"]
    assert "answers 416" in refused(server, destination)


@pytest.mark.parametrize(("asked", "waits"), [("86400", 300), ("7", 7)])
def test_a_busy_server_is_waited_for_no_longer_than_said(
    server, destination, caplog, monkeypatch, asked, waits
):
    slept = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", slept.append)
    server.script = [f"Retry-After {asked}"]
    fetch_file({"sha256": SHA256, "url": server.url}, destination, [])
    assert slept == [waits]
    assert f"Retry-After: {asked}" in caplog.text and f"after {waits} s" in caplog.text


def test_a_pause_that_is_no_number(server, destination):
    server.script = ["Retry-After tomorrow"] * download.ATTEMPTS
    assert "cannot be fetched" in refused(server, destination)


SECRETS = ("hunter2", "s3cret", "jim")


@pytest.mark.parametrize(
    "script", [["404"], ["cut"] * 9, ["503"] * 9, ["other"], ["416"], ["redirect"], ["gone"]]
)
def test_no_sentence_has_a_password_or_a_token(server, destination, caplog, script):
    url = server.url.replace("http://", "http://jim:hunter2@") + "?token=s3cret&part=1"
    server.script = list(script)
    if script == ["gone"]:
        server.shutdown()
        server.server_close()
    caplog.set_level(logging.WARNING)
    with pytest.raises(VentralError) as error:
        fetch_file({"sha256": SHA256, "url": url}, destination, [])
    if server.requests:
        assert server.requests[0][0].endswith("?token=s3cret&part=1")
    said = "".join(traceback.format_exception(error.value))
    for secret in SECRETS:
        assert secret not in said, said
    shown = [without_secrets(record.getMessage()) for record in caplog.records]
    assert not [line for line in shown if any(secret in line for secret in SECRETS)]
    assert "127.0.0.1" in str(error.value)


def test_a_failed_download_frees_the_cache_for_the_next(server, tmp_path):
    wanted, cache = {"sha256": SHA256, "url": server.url}, tmp_path / "cache"
    server.script = ["cut"] * download.ATTEMPTS
    with pytest.raises(VentralError, match="cannot be fetched"):
        fetch_file(wanted, tmp_path / "one", [], cache)
    fetch_file(wanted, tmp_path / "two", [], cache)
    assert ranges(server)[-1] is not None  # it resumed where the first broke off
    assert (tmp_path / "two").read_bytes() == CONTENT and not (tmp_path / "one").exists()


def test_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder(None, None) is None and cache_folder(None, "") is None
    assert cache_folder("~/of_config", None) == tmp_path / "of_config"
    assert cache_folder("~/of_config", str(tmp_path / "other")) == tmp_path / "other"
    put(tmp_path, "a_file")
    with pytest.raises(VentralError, match=r"VENTRAL_CACHE: '.*a_file' cannot be made a folder"):
        cache_folder(None, str(tmp_path / "a_file"))


def test_mirror_folders(tmp_path):
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    for folder in (one, two, three):
        folder.mkdir()
    assert mirror_folders([str(three)], f"{one}:{two}::{three}") == [three, one, two]
    assert mirror_folders([], None) == []
    assert mirror_folders([], "") == []
    with pytest.raises(VentralError, match=r"VENTRAL_MIRRORS: '.*/four' is not a folder"):
        mirror_folders([str(one)], f"{two}:{tmp_path / 'four'}")
    with pytest.raises(VentralError, match=r"mirrors: '.*/five' is not a folder"):
        mirror_folders([str(tmp_path / "five")], None)


def test_read_digest(tmp_path):
    path = put(tmp_path, "x")
    assert (read_digest(path), read_digest(path, "sha1")) == (SHA256, SHA1)


COWLEY = "https://far.invalid/data_V4_responses"


def test_real_files_of_one_name_are_told_apart(real_data, tmp_path, monkeypatch):
    def no_network(*arguments, **options):
        raise AssertionError("the mirror has it")

    monkeypatch.setattr(requests.Session, "get", no_network)
    source = real_data / "cowley2023_v4"
    for folder in ("responses_raw", "responses_repeat_averaged"):
        wanted = source / folder / "responses_210325.npy"
        specification = {
            "sha256": read_digest(wanted),
            "url": f"{COWLEY}/{folder}/responses_210325.npy",
        }
        fetch_file(specification, tmp_path / folder, [real_data])
        assert (tmp_path / folder).read_bytes() == wanted.read_bytes()
