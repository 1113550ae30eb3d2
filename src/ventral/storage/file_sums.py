"""sha256 of files, remembered, so that a large recording is read once and not at every plan.

A sum is remembered by the file's size, times and inode: a file that was replaced by one with an
older time, as ``cp -p``, ``mv`` and ``unzip`` do, is read again.
"""

import contextlib
import functools
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

NAME = "file_sums.sqlite"


def file_sum(path: str | Path) -> str:
    """Return the sha256 of a file's content.

    Parameters
    ----------
    path : str or Path
        Of the file; a folder has no content.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    OSError
        The file cannot be read.

    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remembered_sum(path: str | Path) -> str:
    """Return the sha256 of a file's content, without reading a file that is as it was.

    Where the memory cannot be read or written, such as on a node without a home folder, the file
    is read.

    Parameters
    ----------
    path : str or Path
        Of the file.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    OSError
        The file cannot be read.

    """
    path = Path(path).resolve()
    found = path.stat()
    stamp = f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"
    return _remembered_sum(path, stamp)


@functools.lru_cache(maxsize=None)
def _remembered_sum(path: Path, stamp: str) -> str:
    known = None
    with contextlib.suppress(sqlite3.Error, OSError), _memory() as memory:
        question = "SELECT sha256 FROM sums WHERE path = ? AND stamp = ?"
        known = memory.execute(question, (str(path), stamp)).fetchone()
    if known is not None:
        return known[0]
    computed = file_sum(path)
    with contextlib.suppress(sqlite3.Error, OSError), _memory() as memory:
        memory.execute("REPLACE INTO sums VALUES (?, ?, ?)", (str(path), stamp, computed))
    return computed


@contextlib.contextmanager
def _memory() -> Iterator[sqlite3.Connection]:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ventral"
    folder.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(folder / NAME, timeout=10)
    try:
        with connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS sums (path TEXT PRIMARY KEY, stamp TEXT, sha256 TEXT)"
            )
            yield connection
    finally:
        connection.close()
