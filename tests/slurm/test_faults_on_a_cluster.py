"""One run in which everything goes wrong that goes wrong on clusters, each time with another job.

The extractions and Gram matrices of a finished project are asked for again. What each fault did is
then looked up in SLURM's records.
"""

import re
import time
from dataclasses import dataclass

import pytest

from cluster import Cluster, megabytes
from site_project import SiteProject
from toy_project import Project
from ventral.jobs.verify import verify_results

pytestmark = pytest.mark.slow
FIRST_MEMORY = 120  # MB: not enough for Snakemake itself
FIRST_MINUTES = 1
NEEDS = [
    "extract_activations:gpu=0",
    f"extract_activations:mem_mb={FIRST_MEMORY} if wildcards.model == 'net' and attempt == 1"
    " else 1500 * attempt",
    f"extract_activations:runtime={FIRST_MINUTES} if wildcards.model == 'tuned' and attempt == 1"
    " else 10",
]


@dataclass
class FaultyRun:
    """What the run has left: its exit status, what it said, and SLURM's record of each job."""

    project: SiteProject
    status: int
    said: str
    jobs: list[dict[str, str]]

    def attempts(self, rule: str, model: str) -> list[dict[str, str]]:
        """Return the records of one job's attempts, in order."""
        return attempts(self.jobs, rule, model)


def attempts(jobs, rule, model):
    return [job for job in jobs if f"rule_{rule}/first_{model}_" in job["StdOut"]]


def config_of(finished: Project) -> dict:
    """Leave out what has no part in this."""
    config = finished.config
    return {**config, "datasets": {"first": config["datasets"]["first"]}}


@pytest.fixture(scope="module")
def run(cluster: Cluster, finished: Project, tmp_path_factory) -> FaultyRun:
    copied = finished.copy(tmp_path_factory.mktemp("faults") / "project")
    project = SiteProject(copied.folder)
    project.write_config(config_of(finished))
    project.set_up_site(
        groups=["prepare_stimuli=data"]
    )  # each of the other jobs is submitted alone
    before = len(cluster.jobs())

    def job_of(rule: str, model: str) -> dict[str, str]:
        """Wait until a job's first attempt runs, and return its record."""

        def records():
            return attempts(cluster.jobs()[before:], rule, model)

        cluster.wait_until(
            lambda: (
                (records() and records()[0]["JobState"] == "RUNNING") or process.poll() is not None
            ),
            f"running {rule} of {model}",
            300,
        )
        assert process.poll() is None, project.said.read_text()[-3000:]
        return records()[0]

    forced = ["--forcerun", "extract_activations", "compute_gram", "--until", "compute_gram"]
    process = project.submit(cluster, *forced, "--set-resources", *NEEDS)
    late = job_of("extract_activations", "tuned")
    cluster.ask("scancel", "--full", "--signal=STOP", late["JobId"])  # it will not end in time
    cancelled = job_of("extract_activations", "pixels")
    cluster.stop_controller()
    time.sleep(5)
    cluster.start_controller()
    cluster.ask("scancel", cancelled["JobId"])
    # Of the model that was late, so that its extraction has ended before a node goes down.
    lost = job_of("compute_gram", "tuned")
    node = f"NodeName={lost['NodeList']}"
    cluster.ask("scontrol", "update", node, "State=DOWN", "Reason=test")
    try:
        status = process.wait(timeout=900)
    finally:
        cluster.ask("scontrol", "update", node, "State=RESUME")
    return FaultyRun(project, status, project.said.read_text(), cluster.jobs()[before:])


def test_the_run_ends_right(run, finished):
    assert run.status == 0, run.said[-5000:]
    stores = "first/*/**/*.json"  # the manifests, with the digests of all content
    assert run.project.results(stores) == SiteProject(finished.folder).results(stores)
    verify_results(run.project.folder / "results")


def test_the_next_run_makes_no_store_and_no_score(run):
    """The table and figure over all still have the data set that was left out here."""
    over_all = {"summarise_regions", "draw_score_by_region", "make_results_page", "all"}
    assert {job.rule for job in run.project.plan()} == over_all


def test_a_cancelled_job_is_submitted_again(run):
    first, *_, second = run.attempts("extract_activations", "pixels")
    assert first["JobState"] == "CANCELLED"
    assert second["JobState"] == "COMPLETED"
    assert f"SLURM-job '{first['JobId']}' failed, SLURM status is: 'CANCELLED'" in run.said


def test_a_job_over_its_memory_gets_more(run):
    first, *_, last = run.attempts("extract_activations", "net")
    assert megabytes(first) == FIRST_MEMORY
    assert first["JobState"] in ("FAILED", "CANCELLED", "OUT_OF_MEMORY")
    assert last["JobState"] == "COMPLETED"
    assert megabytes(last) > 2 * FIRST_MEMORY


def test_a_job_over_its_time_gets_more(run):
    first, *_, last = run.attempts("extract_activations", "tuned")
    assert (first["JobState"], first["TimeLimit"]) == ("TIMEOUT", "00:01:00")
    assert (last["JobState"], last["TimeLimit"]) == ("COMPLETED", "00:10:00")


def test_a_job_whose_node_goes_down_runs_on_another(run):
    lost = [job for job in run.jobs if job["JobState"] == "NODE_FAIL"]
    assert lost
    for first in lost:
        folder = first["StdOut"].rpartition("/")[0] + "/"
        second = [job for job in run.jobs if job["StdOut"].startswith(folder)][-1]
        assert second["JobState"] == "COMPLETED"
        assert second["NodeList"] != first["NodeList"]
        assert first["Restarts"] == "0"  # not by SLURM too


def test_a_restarted_controller_loses_no_job(run):
    ids = [int(job["JobId"]) for job in run.jobs]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert {job["JobState"] for job in run.jobs if "compute_gram" in job["StdOut"]} == {
        "COMPLETED",
        "NODE_FAIL",
    }


def test_where_there_are_no_gpus_none_is_asked_for(run):
    assert run.jobs
    assert all("gpu" not in job.get("TresPerJob", "") for job in run.jobs)


def test_nothing_else_ran(run):
    rules = {re.search(r"/(?:rule|group)_([^/]*)/", job["StdOut"])[1] for job in run.jobs}
    assert rules == {"extract_activations", "compute_gram"}
