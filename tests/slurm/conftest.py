"""A cluster of our own for these tests."""

import tempfile
from pathlib import Path

import pytest

from cluster import Cluster, why_not


@pytest.fixture(scope="session")
def cluster():
    """Start a real SLURM in a scratch folder; stop it in the end, and nothing else."""
    reason = why_not()
    if reason:
        pytest.skip(f"no cluster: {reason}")
    # Not in pytest's folder: the path of a socket has at most 108 letters.
    with tempfile.TemporaryDirectory(prefix="slurm") as folder:
        started = Cluster(Path(folder))
        try:
            started.start()
            yield started
        finally:
            started.stop()
