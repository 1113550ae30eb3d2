"""Progress: a bar in a terminal, plain lines in a log."""

import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

SECONDS_BETWEEN_LINES = 10
LEFT_TO_THE_RUN = "VENTRAL_LINE_OF_RUN"
"""Environment variable of jobs whose run shows their progress, taken from their logs."""

log = logging.getLogger(__name__)


def track(iterable: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """Give the items of an iterable and show the progress.

    Without a terminal, or where the run shows it (`ventral.jobs.terminal`), one line is logged at
    most every `SECONDS_BETWEEN_LINES` seconds and one at the end, so that a log file stays
    readable; nothing is logged of what takes less time than that.

    Parameters
    ----------
    iterable : iterable
        Of which items are given.
    total : int
        How many items it has.
    label : str
        What is counted, for the reader.

    """
    if sys.stderr.isatty() and not os.environ.get(LEFT_TO_THE_RUN):
        from tqdm import tqdm  # only where it is needed: jobs are many and short

        yield from tqdm(iterable, total=total, desc=label)
        return
    start = last = time.monotonic()
    done = 0
    for item in iterable:
        yield item
        done += 1
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES and done < total:
            last = now
            left = (now - start) / done * (total - done)
            log.info("%s: %d of %d, about %.0f s left", label, done, total, left)
    took = time.monotonic() - start
    if took >= SECONDS_BETWEEN_LINES:
        log.info("%s: %d of %d in %.1f s", label, done, total, took)
