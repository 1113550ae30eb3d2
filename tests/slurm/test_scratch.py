"""Stores on the fast local disks of the nodes, through the profile for it."""

import os
import shutil
import time

import pytest

from site_project import SMALL, SiteProject
from ventral.jobs.verify import verify_results

pytestmark = pytest.mark.slow


def test_jobs_work_on_the_disk_of_their_node(cluster, finished, tmp_path):
    if not shutil.which("rsync"):
        pytest.skip("no rsync, with which the storage plugin copies")
    project = SiteProject.create(tmp_path / "project")
    project.set_up_site()
    pixels = {"pixels": SMALL["models"]["pixels"]}
    project.write_config({**SMALL, "models": pixels})
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = project.submit(
        cluster,
        "--profile=workflow/profiles/scratch",
        "--until=compute_gram",
        VENTRAL_SCRATCH=str(scratch),
        PWD=str(project.folder),  # as a shell has it
    )
    seen: set[str] = set()
    end = time.monotonic() + 600
    while process.poll() is None and time.monotonic() < end:
        for _, folders, _ in os.walk(scratch):  # it passes over a folder that is being removed
            seen.update(folders)
        time.sleep(0.1)
    assert process.wait(timeout=1) == 0, project.said.read_text()[-5000:]
    assert {"stimuli.zarr", "main.zarr"} <= seen
    made = project.results("first/*/pixels/*.json")
    assert set(made) == {"first/activations/pixels/main.json", "first/gram/pixels/main.json"}
    assert made == SiteProject(finished.folder).results("first/[ag]*/pixels/*.json")
    verify_results(project.folder / "results")
