"""One download by HTTP that resumes where an earlier attempt, or an earlier run, broke off."""

import os
import time
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from ventral.errors import VentralError

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


class Download:
    """A file on its way, with retries, back-off and, where the server can, HTTP Range.

    Parameters
    ----------
    received : Path
        The file that holds what has come so far. It outlives a failure.
    size : int, optional
        Of the whole file in bytes: a file of another size is refused.

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
        requests.RequestException
            Where the server refuses, or `ATTEMPTS` were not enough.
        VentralError
            Where the file has another size than it should.

        """
        with requests.Session() as session:
            waiting = Retry(
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
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                return  # nothing is missing; the caller compares the checksum
            response.raise_for_status()
            begins = response.headers.get("Content-Range", "")
            follows = response.status_code == requests.codes.partial_content and begins.startswith(
                f"bytes {self._size()}-"
            )
            before = self._size() if follows else 0
            if "Content-Length" in response.headers:
                self._check_size(before + int(response.headers["Content-Length"]), response.url)
            with self.received.open("ab" if follows else "wb") as file:
                for block in response.iter_content(BLOCK):
                    file.write(block)
                    if self.size is not None and file.tell() > self.size:
                        self._check_size(file.tell(), response.url)
                file.flush()
                os.fsync(file.fileno())

    def _check_size(self, found: int, url: str) -> None:
        if self.size is not None and found != self.size:
            raise VentralError(
                f"{url} has {found} bytes or more, the config says {self.size}: another file?"
            )

    def _size(self) -> int:
        return self.received.stat().st_size if self.received.exists() else 0
