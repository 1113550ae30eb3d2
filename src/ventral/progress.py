"""Progress of a long loop: a bar in a terminal, a plain line now and then in a log."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
LOG_EVERY_SECONDS = 10


def track(iterable: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """Give the items of `iterable`, showing how many of `total` are done."""
    if sys.stderr.isatty():
        yield from tqdm(iterable, total=total, desc=label, leave=False)
        return
    last = time.monotonic()
    for done, item in enumerate(iterable):
        if time.monotonic() - last > LOG_EVERY_SECONDS:
            logging.info("%s: %d of %d", label, done, total)
            last = time.monotonic()
        yield item
