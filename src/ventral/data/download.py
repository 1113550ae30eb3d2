"""One download by HTTP that resumes where an earlier attempt, or an earlier run, broke off."""

import logging
import os
import shutil
import time
from pathlib import Path

import requests
import urllib3
from requests.adapters import HTTPAdapter

from ventral.addresses import without_secrets
from ventral.errors import VentralError

logger = logging.getLogger(__name__)

ATTEMPTS = 5
"""Requests made for one file, both for a server that refuses for now and for broken bodies."""
PAUSE = 1.0
"""Seconds before the second attempt at a body; doubles each time. Also urllib3's back-off."""
TIMEOUT = 30.0
"""Seconds without an answer or a byte."""
BLOCK = 2**16
"""Bytes read at a time. Where a connection breaks, urllib3 drops the block that is not full."""
LONGEST_PAUSE = 300
"""Seconds that a busy server may ask us to wait."""
TRANSIENT_STATUSES = (429, 500, 502, 503, 504)
"""HTTP statuses that are worth another request."""
MAX_BYTES = 64 * 2**30
"""Largest file without a ``size`` in the config, in bytes; the largest that we know has 20 GB."""
KEPT_FREE = 2**30
"""Bytes that a download leaves free on the disk: a full one stops other jobs too."""
MAX_RATIO = 200
"""Largest ratio of a file to what came through the network, where a server compresses it."""
RATIO_FLOOR = 2**20
"""Files of fewer bytes may have any ratio."""
CHECKED_BYTES = 16 * 2**20
"""Between two looks at the free room of the disk."""


class Download:
    """A file on its way, with retries, back-off and, where the server can, HTTP Range.

    Parameters
    ----------
    received : Path
        The file that holds what has come so far. It outlives a failure.
    size : int, optional
        Of the whole file in bytes: a file of another size is refused. Without it at most
        `MAX_BYTES` are received.

    """

    def __init__(self, received: Path, size: int | None = None):
        self.received = received
        self.size = size

    def fetch(self, url: str) -> None:
        """Receive all that is missing. The caller compares the checksum.

        Parameters
        ----------
        url : str
            Of the file.

        Raises
        ------
        requests.RequestException, urllib3.exceptions.HTTPError
            Where the server refuses, or `ATTEMPTS` were not enough.
        VentralError
            Where the file has another size than it should, is larger than `MAX_BYTES` or than the
            room on the disk, or where the server's answer makes no sense.
        """
        with requests.Session() as session:
            waiting = _Retry(
                total=ATTEMPTS - 1,
                backoff_factor=PAUSE,
                retry_after_max=LONGEST_PAUSE,
                status_forcelist=TRANSIENT_STATUSES,
                raise_on_status=False,
            )
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=waiting))
            for attempt in range(ATTEMPTS):
                response = self._request(session, url)
                try:
                    self._receive(response)
                    return
                except (requests.exceptions.ChunkedEncodingError, requests.ConnectionError):
                    if attempt == ATTEMPTS - 1:
                        raise
                    time.sleep(PAUSE * 2**attempt)

    def _request(self, session: requests.Session, url: str) -> requests.Response:
        """Ask for what is still missing."""
        # Unencoded: a range counts the bytes of the file, and so does the checksum.
        headers = {"Accept-Encoding": "identity"}
        if self._size():
            headers["Range"] = f"bytes={self._size()}-"
        return session.get(url, headers=headers, stream=True, timeout=TIMEOUT)

    def _receive(self, response: requests.Response) -> None:
        with response:
            address = without_secrets(response.url)
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                if not self._size():
                    raise VentralError(
                        f"{address} answers 416, that a part of the file does not exist, to the"
                        " request for all of it: is the file empty, or the server out of order?"
                    )
                return  # nothing is missing; whether this is the file, its checksum tells
            response.raise_for_status()
            begins = response.headers.get("Content-Range", "")
            follows = response.status_code == requests.codes.partial_content and begins.startswith(
                f"bytes {self._size()}-"
            )
            before = self._size() if follows else 0
            encoding = _encoding(response, address)
            length = response.headers.get("Content-Length", "")
            if length.isascii() and length.isdigit() and not encoding:
                self._check_size(before + int(length), address, is_whole=True)
                self._check_room(int(length), address)
            with self.received.open("ab" if follows else "wb") as file:
                checked = 0
                for block in response.iter_content(BLOCK):
                    if file.tell() >= checked:
                        self._check_room(len(block), address)
                        checked = file.tell() + CHECKED_BYTES
                    file.write(block)
                    self._check_size(file.tell(), address)
                    if encoding:
                        _check_ratio(file.tell(), response.raw.tell(), address)
                file.flush()
                os.fsync(file.fileno())

    def _check_size(self, found: int, address: str, is_whole: bool = False) -> None:
        """Refuse more bytes than there may be; of a whole file, fewer too."""
        if self.size is None:
            if found > MAX_BYTES:
                raise VentralError(
                    f"{address} has more than {MAX_BYTES} bytes, the limit for a file whose size"
                    " the config does not say. If this is the right file, give its `size`"
                )
        elif found > self.size or (is_whole and found != self.size):
            raise VentralError(
                f"{address} has {found} bytes or more, the config says {self.size}: another file?"
            )

    def _check_room(self, more: int, address: str) -> None:
        free = shutil.disk_usage(self.received.parent).free
        if more > free - KEPT_FREE:
            raise VentralError(
                f"{address} needs {more} bytes more, and the disk of {self.received.parent} has"
                f" {free} free, of which {KEPT_FREE} are kept free. Make room and run again"
            )

    def _size(self) -> int:
        return self.received.stat().st_size if self.received.exists() else 0


class _Retry(urllib3.util.Retry):
    """Says how long a server has asked us to wait, and how long we do."""

    def sleep_for_retry(self, response: urllib3.BaseHTTPResponse) -> bool:
        """Wait as long as the server asks, but no longer than `LONGEST_PAUSE`."""
        asked = response.headers.get("Retry-After")
        if asked is not None:
            logger.warning(
                "the server is busy (%s) and asks to wait (Retry-After: %.40s); the next request"
                " follows after %.0f s",
                response.status,
                asked,
                self.get_retry_after(response) or 0,
            )
        return super().sleep_for_retry(response)


def _encoding(response: requests.Response, address: str) -> str:
    """Return how a server has compressed its answer; it was asked not to."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if "," in encoding:
        raise VentralError(f"{address} is compressed several times over ({encoding:.60}): a bomb?")
    return "" if encoding == "identity" else encoding


def _check_ratio(unpacked: int, packed: int, address: str) -> None:
    if unpacked > max(RATIO_FLOOR, MAX_RATIO * packed):
        raise VentralError(f"{address} unpacks from {packed} to {unpacked} bytes or more: a bomb?")
