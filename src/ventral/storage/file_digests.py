"""Digests of files that users bring, remembered so that the content of each is read once.

What is remembered of a file is its digest beside its size, its times in nanoseconds and its inode;
where one of these differs, the content is read again. It lies in the user's cache folder, a small
file for each folder that files were read from, and is a convenience: a cache that cannot be read
or written costs time and nothing else.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from platformdirs import user_cache_path

from ventral.errors import VentralError
from ventral.storage.atomic import write_aside

SETTLED_NANOSECONDS = 2 * 10**9
"""A file that has changed so recently is not remembered: the clock of a file system ticks coarsely,
and a second change within a tick would go unseen."""


def read_digest(path: str | Path, algorithm: str = "sha256") -> str:
    """Return the digest of a file's content as it is now; it is read in blocks.

    Parameters
    ----------
    path : str or Path
        Of a file.
    algorithm : str
        As `hashlib` names it.

    Returns
    -------
    str
        Lower-case hex.

    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def file_digest(path: str | Path, algorithm: str = "sha256") -> str:
    """Return the digest of a file's content, read only where it is not remembered.

    Parameters
    ----------
    path : str or Path
        Of a file.
    algorithm : str
        As `hashlib` names it.

    Returns
    -------
    str
        Lower-case hex.

    Raises
    ------
    VentralError
        The file cannot be read; the message names it and gives the reason.

    """
    return file_digests([path], algorithm)[0]


def file_digests(paths: Iterable[str | Path], algorithm: str = "sha256") -> list[str]:
    """Return the digest of each of many files; see `file_digest`.

    Parameters
    ----------
    paths : iterable of path
        Files.
    algorithm : str
        As `hashlib` names it.

    Returns
    -------
    list of str
        In the order of `paths`.

    Raises
    ------
    VentralError
        A file cannot be read; the message names it and gives the reason.

    """
    memos: dict[Path, _Memo] = {}
    digests = []
    try:
        for path in paths:
            whole = Path(path).absolute()
            if whole.parent not in memos:
                memos[whole.parent] = _Memo(whole.parent)
            digests.append(memos[whole.parent].digest(whole, algorithm))
    finally:
        for memo in memos.values():
            memo.keep()
    return digests


def folder_digest(files: Mapping[str, str | Path]) -> str:
    """Return one digest of many files: of their names and their content.

    Parameters
    ----------
    files : Mapping
        {name: path}; the order does not matter. The names count, and the paths do not.

    Returns
    -------
    str
        sha256 as lower-case hex.

    Raises
    ------
    VentralError
        A file cannot be read; the message names it and gives the reason.

    """
    names = sorted(files)
    digests = file_digests(files[name] for name in names)
    pairs = json.dumps(list(zip(names, digests, strict=True)))
    return hashlib.sha256(pairs.encode()).hexdigest()


def check_content(path: str | Path, expected: Mapping[str, object], *, where: str = "") -> None:
    """Refuse a file that has another content than is said of it.

    Parameters
    ----------
    path : str or Path
        Of the file.
    expected : Mapping
        Any of ``size`` in bytes, ``sha256`` and ``sha1``; other keys are ignored.
    where : str
        The key of the config that names the file, for the message.

    Raises
    ------
    VentralError
        Naming the file, what it has, and what was expected; or it cannot be read.

    """
    here = f"{where}: " if where else ""
    for kind in ("size", "sha256", "sha1"):
        if kind not in expected:
            continue
        found = _size(path) if kind == "size" else file_digest(path, kind)
        if found != expected[kind]:
            differs = (
                f"{found} bytes, and {expected[kind]} are expected"
                if kind == "size"
                else f"the {kind} {found}, and {expected[kind]} is expected"
            )
            raise VentralError(
                f"{here}{path} has {differs}: it is damaged or another file. Replace it, or correct"
                " what the config says of it"
            )


def _size(path: str | Path) -> int:
    try:
        return Path(path).stat().st_size
    except OSError as error:
        raise VentralError(f"{path} cannot be read: {error.strerror or error}") from error


class _Memo:
    """What is remembered of the files of one folder."""

    def __init__(self, folder: Path):
        name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:24]
        self._path = user_cache_path("ventral") / "file_digests" / f"{name}.json"
        self._known = self._read()
        self._new: dict[str, list] = {}

    def digest(self, path: Path, algorithm: str) -> str:
        """Return the digest of a file in the folder."""
        try:
            stamp = _stamp(path.stat())
            key = f"{algorithm}:{path.name}"
            known = self._known.get(key)
            if isinstance(known, list) and known[:-1] == stamp and isinstance(known[-1], str):
                return known[-1]
            found = read_digest(path, algorithm)
            after = _stamp(path.stat())
        except OSError as error:
            raise VentralError(f"{path} cannot be read: {error.strerror or error}") from error
        if after == stamp and max(stamp[1:3]) < time.time_ns() - SETTLED_NANOSECONDS:
            self._known[key] = self._new[key] = [*stamp, found]
        return found

    def keep(self) -> None:
        """Write what is new; of two processes that write at once, one is remembered."""
        if not self._new:
            return
        known = self._read() | self._new
        try:
            with write_aside(self._path) as aside:
                aside.write_text(json.dumps(known), encoding="utf-8")
        except OSError:
            pass

    def _read(self) -> dict[str, list]:
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}


def _stamp(found: os.stat_result) -> list[int]:
    """Return what tells that a file is as it was; a change of its content moves ``ctime``."""
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
