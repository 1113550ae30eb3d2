"""A cluster of our own for these tests, and a small project that has run without it."""

import tempfile
from pathlib import Path

import pytest

from cluster import Cluster, why_not
from site_project import SiteProject


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


@pytest.fixture(scope="session")
def local(tmp_path_factory) -> SiteProject:
    """Return the project after a whole run without a cluster."""
    project = SiteProject.create(tmp_path_factory.mktemp("local") / "project")
    done = project.run()
    assert done.returncode == 0, done.stdout[-3000:]
    return project
