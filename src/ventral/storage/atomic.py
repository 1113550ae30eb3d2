"""Files and folders that are either whole or absent: they are written aside and renamed.

What is written aside is named ``{name}.{host}-{process}.partial``. The name is the writer's own,
because one job may have two writers: a cluster keeps running the jobs of a workflow that was
killed, and the next run starts the same jobs again.
"""

import contextlib
import glob
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from ventral.storage.claims import check_claim

ABANDONED_SECONDS = 24 * 3600
"""After which what a writer on another host left is removed."""


@contextlib.contextmanager
def write_aside(path: str | Path) -> Iterator[Path]:
    """Give a path beside `path` to write a file to; on success it takes the place of `path`.

    Parameters
    ----------
    path : str or Path
        Of the file. Its folder is made where it does not exist.

    Yields
    ------
    Path
        Where to write. After an error the file there is removed, and `path` is as it was.

    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = aside_of(path)
    try:
        yield aside
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        check_claim(path)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def write_json(path: str | Path, content: object) -> None:
    """Write a JSON file that is whole or absent.

    Parameters
    ----------
    path : str or Path
        Of the file.
    content : object
        Of what JSON knows.

    """
    with write_aside(path) as aside:
        aside.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def remove(path: Path) -> None:
    """Remove a file or a folder, if it exists.

    Parameters
    ----------
    path : Path
        Of either; of a link only the link is removed.

    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def aside_of(path: Path) -> Path:
    """Return this process's own path beside another, after removing what killed ones left.

    Parameters
    ----------
    path : Path
        Where the result will be.

    Returns
    -------
    Path
        In the same folder; it does not exist.

    """
    here = socket.gethostname()
    for left in path.parent.glob(f"{glob.escape(path.name)}.*partial"):
        host, _, process = left.name[len(path.name) + 1 : -len(".partial")].rpartition("-")
        if _is_over(left, host == here, process):
            remove(left)
    return path.with_name(f"{path.name}.{here}-{os.getpid()}.partial")


def _is_over(left: Path, on_this_host: bool, process: str) -> bool:
    """Tell whether the writer of a path has ended; one on another host is given a day."""
    if not on_this_host:
        with contextlib.suppress(OSError):
            return time.time() - left.stat().st_mtime > ABANDONED_SECONDS
        return False
    if not process.isdigit() or int(process) == os.getpid():
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False
