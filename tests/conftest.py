"""Fixtures that several test files share."""

import os
from pathlib import Path

import pytest

from plans import Project

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real data; where there is none, the test is skipped."""
    named = os.environ.get("VENTRAL_MIRRORS", str(REPOSITORY.parent / "shared" / "data"))
    for folder in named.split(os.pathsep):
        if (Path(folder) / "cowley2023_v4").is_dir():
            return Path(folder).resolve()
    pytest.skip(f"no real data: no folder cowley2023_v4 in {named}; set VENTRAL_MIRRORS")


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """Return the toy project of `plans` after a whole run; tests change copies of it."""
    project = Project.create(tmp_path_factory.mktemp("toy") / "project")
    done = project.run()
    assert done.returncode == 0, done.stdout[-3000:]
    return project


@pytest.fixture
def project(finished, tmp_path) -> Project:
    """Return a copy of the finished toy project, times kept."""
    return finished.copy(tmp_path / "project")
