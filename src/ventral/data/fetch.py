"""Files of a data set or a model: from a local mirror or from the web, and always checked.

A file is put in place by rename, after its checksum was found right. What an interrupted
download has received stays in the folder ``{name}.fetching``, and the next call resumes it.
Of several that want a file at one place, or at one place of the cache, one downloads it and the
others wait. No sentence shows the password or the token of an address.
"""

import contextlib
import logging
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import requests
import urllib3
from filelock import FileLock, Timeout

from ventral.addresses import without_secrets
from ventral.data.download import Download
from ventral.errors import VentralError
from ventral.storage.atomic import write_aside
from ventral.storage.file_digests import check_content, read_digest

logger = logging.getLogger(__name__)

DIGEST_DIGITS = {"sha256": 64, "sha1": 40}
PREFIX_DIGITS = 8
"""torchvision names its files by the first digits of their sha256; they are all it publishes."""


def checked_files(
    specifications: Mapping[str, dict], paths: Iterable[str | Path]
) -> dict[str, Path]:
    """Return the files of a config section by name, each checked where its sum is known.

    Parameters
    ----------
    specifications : Mapping
        The section's ``files``.
    paths : iterable of path
        Where they are, in the same order.

    Returns
    -------
    dict
        {key: path}.

    Raises
    ------
    VentralError
        Naming the key and the file that does not exist or has another sum.

    """
    files = {}
    for (key, specification), path in zip(specifications.items(), paths, strict=True):
        path = Path(path)
        if not path.is_file():
            raise VentralError(f"files: {key}: {path} does not exist")
        check_content(path, specification, where=f"files: {key}")
        files[key] = path
    return files


def mirror_folders(configured: Sequence[str], environment: str | None) -> list[Path]:
    """Return the folders to look in before the web, the config's first.

    Parameters
    ----------
    configured : sequence of str
        The config's ``mirrors``.
    environment : str or None
        The value of VENTRAL_MIRRORS, folders separated by `os.pathsep`.

    Returns
    -------
    list of Path
        Each folder once.

    Raises
    ------
    VentralError
        Naming a folder that does not exist.

    """
    named = [("mirrors", folder) for folder in configured]
    named += [("VENTRAL_MIRRORS", folder) for folder in (environment or "").split(os.pathsep)]
    folders = []
    for where, name in named:
        if not name:
            continue
        folder = Path(name).expanduser()
        if not folder.is_dir():
            raise VentralError(f"{where}: {name!r} is not a folder (seen from {Path.cwd()})")
        folders.append(folder)
    return list(dict.fromkeys(folders))


def cache_folder(configured: str | None, environment: str | None) -> Path | None:
    """Return the folder that keeps downloads for several projects; make it where it is missing.

    Parameters
    ----------
    configured : str or None
        The config's ``cache``.
    environment : str or None
        The value of VENTRAL_CACHE, which wins.

    Returns
    -------
    Path or None
        None where neither names a folder.

    Raises
    ------
    VentralError
        Where the folder cannot be made.

    """
    name = environment or configured
    if not name:
        return None
    folder = Path(name).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        where = "VENTRAL_CACHE" if environment else "cache"
        raise VentralError(f"{where}: {name!r} cannot be made a folder: {error}") from error
    return folder


def fetch_file(
    specification: dict, destination: Path, mirrors: Sequence[Path], cache: Path | None = None
) -> None:
    """Put a file at `destination`: from a mirror, else from the cache, else from its URL.

    Parameters
    ----------
    specification : dict
        ``sha256`` or ``sha1`` (lower-case hex; of sha256 also the first digits alone, at least
        eight, as ``sha256_prefix``), and ``url`` or ``name`` (the file's name; without it the last
        part of the URL) or both; and, if known, ``size`` in bytes.
    destination : Path
        Where to put it.
    mirrors : sequence of Path
        Folders, searched with all that is under them for a file of that name with the right
        checksum. Those whose folders have the names of the URL's come first.
    cache : Path, optional
        Folder that keeps what was downloaded, as ``{sum}/{name}``. The file is copied
        out of it, so that a change in one project does not reach others.

    Raises
    ------
    VentralError
        Where no mirror has the file and there is no URL, where the server refuses or breaks off
        for good, and where what was received has a wrong checksum.

    """
    algorithm, expected = _checksum(specification)
    with _alone(destination):
        if not _has(destination, algorithm, expected):  # another process may just have got it
            _fetch(specification, algorithm, expected, destination, mirrors, cache)


def _fetch(
    specification: dict,
    algorithm: str,
    expected: str,
    destination: Path,
    mirrors: Sequence[Path],
    cache: Path | None,
) -> None:
    url = specification.get("url")
    name = _file_name(specification)
    wrong = []
    for candidate in _candidates(name, url, mirrors):
        found = read_digest(candidate, algorithm)
        if found.startswith(expected):
            with write_aside(destination) as aside:
                shutil.copyfile(candidate, aside)
            return
        wrong.append(f"{candidate} has {algorithm} {found}")
    if cache is not None:
        kept = cache / expected[:16] / name
        if _is_right(kept, algorithm, expected):
            _copy(kept, destination)
            return
    looked = f"searched: {', '.join(map(str, mirrors)) or 'no mirrors'}"
    if wrong:
        looked += f"; other files of that name: {', '.join(wrong)}"
    if not url:
        raise VentralError(
            f"{name}: no mirror has it with {algorithm} {expected}, and it has no url ({looked})."
            f" Put it into a folder named under mirrors: or in VENTRAL_MIRRORS"
        )
    if wrong:
        logger.warning("%s: wanted %s %s; %s", name, algorithm, expected, looked)
    size = specification.get("size")
    try:
        if cache is None:
            _download(url, algorithm, expected, size, destination)
        else:
            with _alone(kept):
                if not _is_right(kept, algorithm, expected):  # another run may just have got it
                    _download(url, algorithm, expected, size, kept)
            _copy(kept, destination)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise VentralError(
            f"{name}: cannot be fetched from {without_secrets(url)}: {without_secrets(str(error))}"
            f" ({looked}). On a machine without"
            f" network, put the file into a folder named under mirrors: or in VENTRAL_MIRRORS"
        ) from None  # what requests says holds the whole address


def _checksum(specification: dict) -> tuple[str, str]:
    if "sha256_prefix" in specification and len(specification["sha256_prefix"]) >= PREFIX_DIGITS:
        return "sha256", specification["sha256_prefix"]
    for algorithm, digits in DIGEST_DIGITS.items():
        if algorithm in specification:
            expected = specification[algorithm]
            if not re.fullmatch(f"[0-9a-f]{{{digits}}}", str(expected)):
                raise VentralError(
                    f"{algorithm}: {expected!r} is not a checksum;"
                    f" it needs {digits} digits 0-9, a-f"
                )
            return algorithm, expected
    raise VentralError(f"the file {_file_name(specification)} needs a sha256 or a sha1")


def _file_name(specification: dict) -> str:
    url = specification.get("url") or ""
    if url and urlsplit(url).scheme not in ("http", "https"):
        raise VentralError(f"url: {without_secrets(url)!r} does not start with http:// or https://")
    name = specification.get("name") or _url_parts(url)[-1]
    if not name or name in (".", "..") or "/" in name or "\\" in name:
        shown = without_secrets(url) or "none"
        raise VentralError(f"name: {name!r} is not a file's name (url: {shown})")
    return name


def _url_parts(url: str) -> list[str]:
    return unquote(urlsplit(url).path).split("/")


def _candidates(name: str, url: str | None, mirrors: Sequence[Path]) -> Iterator[Path]:
    """Give the files of this name, mirror by mirror, the likeliest of each mirror first."""
    wanted = _url_parts(url or "")[:-1][::-1]

    def folders_shared(path: Path) -> int:
        pairs = zip(path.parent.parts[::-1], wanted, strict=False)
        return next((i for i, (ours, theirs) in enumerate(pairs) if ours != theirs), len(wanted))

    for mirror in mirrors:
        found = [folder / name for folder in _walk(Path(mirror)) if (folder / name).is_file()]
        yield from sorted(found, key=lambda path: (-folders_shared(path), path))


def _walk(top: Path) -> Iterator[Path]:
    """Give all folders under `top`, through links too, each once: a link may lead back up."""
    seen = set()
    for folder, subfolders, _ in os.walk(top, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            subfolders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        yield Path(folder)


def _is_right(kept: Path, algorithm: str, expected: str) -> bool:
    """Tell whether the cache has a file; one that was damaged there is fetched again."""
    if _has(kept, algorithm, expected):
        return True
    if kept.is_file():
        logger.warning("%s is damaged: it is fetched again", kept)
    return False


def _has(path: Path, algorithm: str, expected: str) -> bool:
    return path.is_file() and read_digest(path, algorithm).startswith(expected)


@contextlib.contextmanager
def _alone(destination: Path) -> Iterator[None]:
    """Wait until nobody else fetches to this place.

    A killed run's lock is free by itself. The lock lies in the folder of what is unfinished, which
    is removed with it: FileLock tries again where the lock that it waited for no longer exists.
    """
    unfinished = _unfinished(destination)
    lock = FileLock(unfinished / "lock")
    has_waited = False
    while not lock.is_locked:
        unfinished.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=-1 if has_waited else 0)
        except Timeout:
            logger.warning("%s is being fetched by another process: waiting", destination)
            has_waited = True
        except FileNotFoundError:  # the folder was removed by who had the lock
            continue
    try:
        yield
        shutil.rmtree(unfinished, ignore_errors=True)
    except BaseException:
        if not (unfinished / "received").exists():  # nothing to resume
            shutil.rmtree(unfinished, ignore_errors=True)
        raise
    finally:
        lock.release()


def _copy(kept: Path, destination: Path) -> None:
    with write_aside(destination) as aside:
        shutil.copyfile(kept, aside)


def _unfinished(destination: Path) -> Path:
    return Path(destination).with_name(Path(destination).name + ".fetching")


def _download(url: str, algorithm: str, expected: str, size: int | None, destination: Path) -> None:
    received = _unfinished(destination) / "received"
    resumed = received.exists()
    try:
        Download(received, size).fetch(url)
    except VentralError:  # another file: nothing of it is of use
        received.unlink(missing_ok=True)
        raise
    found = read_digest(received, algorithm)
    if found.startswith(expected):
        received.replace(destination)
        return
    received.unlink()
    if resumed:  # the part that an earlier run had left may be to blame
        _download(url, algorithm, expected, size, destination)
        return
    raise VentralError(
        f"{destination.name} from {without_secrets(url)}: {algorithm} expected {expected} but got"
        f" {found}; it was removed"
    )
