"""The whole workflow on a real SLURM, through the profile; the first run of it is killed."""

import itertools
import os
import re
import signal
from dataclasses import dataclass

import pytest

from cluster import NODE_MEMORY, megabytes
from site_project import SMALL, SiteProject
from ventral.jobs.verify import verify_results

pytestmark = pytest.mark.slow
GPU_RULES = ("extract_activations", "train_model", "apply_head")
MINUTES = 15
LISTED_NEXT = re.compile(r"\[|(local)?rule |Group job ")
"""Begins what follows a group's jobs; other threads may write lines between those."""


@dataclass
class Run:
    """What a run on the cluster has left: the project, its logs, and SLURM's record of each job."""

    project: SiteProject
    logged: str
    jobs: list[dict[str, str]]

    def of(self, *rules: str) -> list[dict[str, str]]:
        """Return the records of the jobs of some rules; the log's folder tells the rule."""
        return [job for job in self.jobs if any(f"_{rule}/" in job["StdOut"] for rule in rules)]


@pytest.fixture(scope="module")
def run(cluster, tmp_path_factory) -> Run:
    """Run everything; the submitting process is killed in the middle and started again."""
    project = SiteProject.create(tmp_path_factory.mktemp("cluster") / "project")
    project.write_config(SMALL)
    project.set_up_site()
    before = len(cluster.jobs())

    def extracting() -> bool:
        return any(
            "extract_activations" in job["StdOut"] and job["JobState"] == "RUNNING"
            for job in cluster.jobs()[before:]
        )

    first = project.submit(cluster)
    cluster.wait_until(lambda: extracting() or first.poll() is not None, "extraction", 600)
    assert first.poll() is None, project.said.read_text()[-3000:]
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    refused = project.submit(cluster)
    assert refused.wait(timeout=300) != 0
    assert "--unlock" in project.said.read_text()  # it says what to do
    assert project.run("--unlock").returncode == 0
    second = project.submit(cluster)
    assert second.wait(timeout=60 * MINUTES) == 0, project.said.read_text()[-5000:]
    logs = sorted((project.folder / ".snakemake/log").glob("*.log"))
    logged = "".join(path.read_text() for path in logs)
    return Run(project, logged, cluster.jobs()[before:])


def test_the_scores_are_those_of_a_local_run(run, finished):
    local = SiteProject(finished.folder)
    for pattern in (
        "first/scores/*/**/*.csv",  # of each fit
        "first/*/**/*.json",  # the digests of all stores
        "first/checkpoints/*.csv",
        "first/*.csv",
    ):
        ours, theirs = run.project.results(pattern), local.results(pattern)
        common = ours.keys() & theirs.keys() - {"first/scores.csv", "first/summary.csv"}
        assert common
        for path in common:
            assert ours[path] == theirs[path], path
    verify_results(run.project.folder / "results")
    assert not run.project.plan()


def test_what_was_done_before_the_kill_is_not_done_again(run):
    between = "predict_between_animals"
    group = f"data_assign_split_estimate_ceilings_{between}_prepare_responses_prepare_stimuli"
    assert len(run.of(group)) == 1


def test_gpus_are_asked_for_where_they_are_of_use(run):
    jobs = run.of(*GPU_RULES)
    assert len(jobs) >= 5
    for job in jobs:
        assert job["TresPerJob"] == "gres:gpu:1"
        assert job["Partition"] == "gpu"
    others = [job for job in run.jobs if job not in jobs]
    assert others
    assert all("gpu" not in job.get("TresPerJob", "") + job["Partition"] for job in others)


def test_each_job_asks_for_the_memory_and_time_that_were_predicted(run):
    for job in run.jobs:
        assert megabytes(job) < NODE_MEMORY
        assert job["TimeLimit"] not in ("UNLIMITED", "04:00:00")  # the partition's own


def test_a_group_asks_for_its_largest_job_and_the_time_of_all(run):
    """The jobs of a group run one after the other; what each needs is said as it is submitted."""
    predicted = []
    for text in run.logged.split("Group job tap_sets ")[1:]:
        lines = itertools.takewhile(lambda line: not LISTED_NEXT.match(line), text.splitlines()[1:])
        listed = "\n".join(line for line in lines if line.startswith(" "))
        minutes = [int(number) for number in re.findall(r" runtime=(\d+)", listed)]
        memory = [int(number) for number in re.findall(r" mem_mb=(\d+)", listed)]
        threads = [int(number) for number in re.findall(r" threads: (\d+)", listed)]
        assert len(minutes) == len(memory) >= 4  # Gram matrices, components, a fit and its scores
        predicted.append((max(memory), max(threads), sum(minutes)))
    asked = []
    for job in run.of("score_readout"):
        hours, minutes, _ = map(int, job["TimeLimit"].split(":"))
        asked.append((megabytes(job), int(job["NumCPUs"]), 60 * hours + minutes))
    assert sorted(asked) == sorted(predicted)


def test_small_jobs_share_submissions(run):
    everything = run.project.plan(everything=True)
    local_rules = ("all", "read_head")
    alone = [job for job in everything if job.rule not in local_rules]
    logs = [job["StdOut"] for job in run.jobs]
    # What the kill made run a second time has its log in the same folder.
    single = {log.rpartition("/")[0] for log in logs if "/rule_" in log}
    shared = [log for log in logs if "/group_" in log]
    assert len(single) + len(shared) < 0.4 * len(alone)


def test_logs_survive(run):
    assert run.of("train_model") and run.of("score_readout")
    for job in run.of("train_model", "score_readout"):  # the last of a tap set names its group
        assert "rule " in open(job["StdOut"]).read()  # noqa: PTH123, SIM115
    assert list(run.project.folder.glob("logs/train_model/first/*.log"))


def test_the_status_needs_no_accounting(run, cluster):
    assert "accounting_storage/none" in cluster.ask("scontrol", "show", "config")
    assert "Finished jobid" in run.logged
