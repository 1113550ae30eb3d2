"""A run that fails ends with a list of what failed: which step, what it said, where its log is."""

import logging
import os
import time

import numpy as np
import pytest
import yaml
from PIL import Image
from snakemake_interface_logger_plugins.common import LogEvent

from helpers import snakemake
from ventral.jobs.failures import KILLED, MAX_SHOWN, FailureList, last_words, where_the_results_are
from ventral.jobs.log import job_log

INFO, ERROR, FINISHED = LogEvent.JOB_INFO, LogEvent.JOB_ERROR, LogEvent.JOB_FINISHED


@pytest.fixture
def run():
    """Give a logger as Snakemake's, and the list that listens to it."""
    logger, failures = logging.Logger("run"), FailureList()
    logger.addHandler(failures)

    def say(event, **facts):
        logger.info("a line", extra={"event": event, **facts})

    return say, failures


def job(number, rule, log, **wildcards):
    return {"jobid": number, "rule_name": rule, "log": [str(log)], "wildcards": wildcards}


def fail(log, sentence):
    with pytest.raises(SystemExit), job_log(log):
        raise RuntimeError(sentence)


def test_a_list_of_what_failed(run, tmp_path):
    say, failures = run
    assert failures.lines() == []
    good = job(1, "assign_split", tmp_path / "1.log", dataset="it")
    bad = job(2, "fit_pca", tmp_path / "2.log", dataset="it", model="alexnet")
    killed = job(3, "train_model", tmp_path / "3.log", dataset="it", model="small")
    for one in (good, bad, killed):
        say(INFO, **one)
    say(FINISHED, job_id=1)
    fail(tmp_path / "2.log", "no such layer")
    say(ERROR, **bad)
    say(ERROR, **killed)
    assert failures.lines() == [
        "2 failed:",
        "  fit_pca (dataset it, model alexnet): the job failed: RuntimeError: no such layer",
        f"    log: {tmp_path / '2.log'}",
        f"  train_model (dataset it, model small): {KILLED}",
    ]
    say(FINISHED, job_id=2)  # started again, and well
    say(FINISHED, job_id=3)
    assert failures.lines() == []


def test_of_a_group_those_that_said_why(run, tmp_path):
    say, failures = run
    jobs = [job(i, rule, tmp_path / f"{i}.log") for i, rule in enumerate(["a", "b", "c"])]
    fail(tmp_path / "1.log", "no such layer")
    fail(tmp_path / "2.log", "of an earlier run")
    before = time.time() - 3600
    os.utime(tmp_path / "2.log", (before, before))
    for group in ("one", "two"):
        say(LogEvent.GROUP_ERROR, groupid=group, job_error_info=jobs)
        for one in jobs:
            say(ERROR, **one)
        assert [line for line in failures.lines() if "log:" not in line] == [
            "1 failed:",
            "  b: the job failed: RuntimeError: no such layer"
            if group == "one"
            else f"  group two of a, b, c: {KILLED}",
        ]
        (tmp_path / "1.log").unlink(missing_ok=True)


def test_many_failures_are_counted(run, tmp_path):
    say, failures = run
    for number in range(MAX_SHOWN + 5):
        say(ERROR, **job(number, "fit_pca", tmp_path / "none.log"))
    assert failures.lines()[0] == "45 failed:" and failures.lines()[-1] == "  and 5 more"


def test_last_words(tmp_path):
    log = tmp_path / "job.log"
    log.write_text("10:00:00 WARNING an ERROR in words\n")
    assert last_words(log) is None and last_words(tmp_path / "none") is None
    log.write_text(
        "10:00:00 ERROR one\n10:00:01 ERROR two:\n  its second line\n10:00:02 INFO end\n"
    )
    assert last_words(log) == "two:\n  its second line"
    log.write_text("10:00:00 ERROR " + "x" * 5000)
    assert len(last_words(log)) < 1000


def test_a_run_ends_with_the_list(tmp_path):
    (tmp_path / "images").mkdir()
    rows = ["stimulus_id,a,b", *(f"s{i},{i},{i * i}" for i in range(12))]
    for i in range(12):
        image = Image.fromarray(np.full((16, 16, 3), i, np.uint8))
        image.save(tmp_path / "images" / f"s{i}.png")
    (tmp_path / "responses.csv").write_text("\n".join(rows).replace("s3,3", "s3,many"))
    config = {
        "datasets": {
            "mine": {
                "source": "files",
                "stimuli": {"image_size": 16, "files": {"images": {"path": "images"}}},
                "responses": {"region": "IT", "files": {"responses": {"path": "responses.csv"}}},
            }
        },
        "models": {"pixels": {"architecture": "pixels", "taps": {"main": ["pixels"]}}},
        "readouts": {"ridge_cv": {"method": "ridge_cv", "features": "pcs"}},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    target = "results/mine/responses.json"
    done = snakemake(tmp_path, target, "--configfile", str(tmp_path / "config.yaml"))
    assert done.returncode == 1
    listed = done.stdout[done.stdout.index("1 failed:") :].splitlines()
    sentence = "responses.csv: row 5, column 'a': 'many' is not a number"
    assert listed[1] == f"  prepare_responses (dataset mine): {sentence}"
    assert listed[2].strip() == "log: logs/prepare_responses/mine.log"
    (tmp_path / "responses.csv").write_text("\n".join(rows))
    done = snakemake(tmp_path, target, "--configfile", str(tmp_path / "config.yaml"))
    assert done.returncode == 0 and "failed:" not in done.stdout
    assert where_the_results_are(tmp_path / "results") == []
    (tmp_path / "results" / "index.html").touch()
    (line,) = where_the_results_are(tmp_path / "results")
    assert line.endswith("begin with " + str(tmp_path / "results" / "index.html"))
