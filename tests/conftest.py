"""Fixtures that several test files share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from toy_project import Project
from ventral.storage.codecs import compiled_codecs

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def codecs_of_a_job() -> Iterator[None]:
    """Read and write stores as jobs do."""
    with compiled_codecs():
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real data; where there is none, the test is skipped."""
    named = os.environ.get("VENTRAL_MIRRORS", str(REPOSITORY.parent / "shared" / "data"))
    for folder in named.split(os.pathsep):
        if (Path(folder) / "cowley2023_v4").is_dir():
            return Path(folder).resolve()
    pytest.skip(f"no real data: no folder cowley2023_v4 in {named}; set VENTRAL_MIRRORS")


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id) -> Project:
    """Return the toy project of `plans` after a whole run, made once; tests change copies of it."""
    folder = tmp_path_factory.getbasetemp()
    if worker_id != "master":  # one of several workers, whose folders lie beside one another
        folder = folder.parent
    with FileLock(folder / "toy.lock"):
        said = folder / "toy_run.txt"
        if not said.exists():
            project = Project.create(folder / "toy")
            done = project.run()
            said.write_text(f"{done.stdout}\nexit status {done.returncode}\n")
    assert said.read_text().endswith("exit status 0\n"), said.read_text()[-3000:]
    return Project(folder / "toy")


@pytest.fixture
def project(finished, tmp_path) -> Project:
    """Return a copy of the finished toy project, times kept."""
    return finished.copy(tmp_path / "project")
