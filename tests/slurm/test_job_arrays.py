"""Extractions as a job array, with the lines that docs/cluster.md gives for it."""

import re

import pytest
import yaml

from cluster import megabytes
from site_project import SITE, SiteProject
from toy_project import ROOT

pytestmark = pytest.mark.slow


def lines_of_the_page() -> dict:
    """Return the lines of the profile that docs/cluster.md gives for job arrays."""
    page = (ROOT / "docs/cluster.md").read_text()
    return yaml.safe_load(re.search(r"(?s)```yaml\n(slurm-array-jobs: .*?)```", page)[1])


def test_extractions_are_one_submission_and_equal_those_of_a_local_run(cluster, finished, tmp_path):
    project = SiteProject(finished.copy(tmp_path / "project").folder)
    config = finished.config
    project.write_config({**config, "datasets": {"first": config["datasets"]["first"]}})
    lines = lines_of_the_page()
    asked = [line.replace("mem_mb=16000", "mem_mb=1500") for line in lines["set-resources"]]
    project.set_up_site(**{**lines, "set-resources": [*SITE["set-resources"], *asked]})
    before = len(cluster.jobs())
    forced = ["--forcerun", "extract_activations", "--until", "extract_activations"]
    process = project.submit(cluster, *forced)
    assert process.wait(timeout=600) == 0, project.said.read_text()[-5000:]
    stores = "first/activations/*/*.json"  # the manifests, with the digests of all content
    made = project.results(stores)
    assert made == SiteProject(finished.folder).results(stores)
    jobs = cluster.jobs()[before:]
    assert len(jobs) == len(made) > 1
    assert len({megabytes(job) for job in jobs}) == 1
    assert len({job["ArrayJobId"] for job in jobs}) == 1
    assert all(job["JobState"] == "COMPLETED" and job["Partition"] == "gpu" for job in jobs)
