"""How many threads a job's linear algebra takes."""

import contextlib
from collections.abc import Iterator

from threadpoolctl import threadpool_limits

SMALL_PROBLEM = 1000
"""Stimuli under which a decomposition is faster in one thread than in two that wait for each other.

Measured on two busy cores, CPU seconds in one and in two threads: 400 stimuli .013 and .97, 1000
stimuli .12 and .34.
"""


@contextlib.contextmanager
def limit_threads(count: int, stimuli: int | None = None) -> Iterator[None]:
    """Limit the threads of BLAS and LAPACK, which take all cores by themselves.

    Parameters
    ----------
    count : int
        Threads that the job may take.
    stimuli : int, optional
        Of a job that decomposes matrices of (stimuli, stimuli): small ones are given one thread.
    """
    is_small = stimuli is not None and stimuli < SMALL_PROBLEM
    with threadpool_limits(1 if is_small else count, user_api="blas"):
        yield
