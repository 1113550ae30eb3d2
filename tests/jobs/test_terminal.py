"""What a run says on the terminal."""

import io
import logging
import os
import pty
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
import yaml

from helpers import ROOT
from ventral.jobs import progress, terminal

CONFIG = {
    "datasets": {
        "simulated": {
            "source": "simulated",
            "stimuli": {"image_size": 16, "images_per_object": 6},
            "responses": {"n_it_sites": 3, "n_v4_sites": 2, "repetitions": 4},
        }
    },
    "models": {
        "pixels": {
            "architecture": "pixels",
            "preprocessing": {"size": 16},
            "taps": {"main": ["pixels"]},
        }
    },
    "readouts": {"ridge_cv": {"method": "ridge_cv", "features": "raw"}},
}


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def info(job, rule, **wildcards):
    return "job_info", {"jobid": job, "rule_name": rule, "wildcards": wildcards, "log": []}


def jobs_of(clock, *events):
    jobs = terminal.Jobs(clock)
    for event, facts in events:
        jobs.note(event, facts)
    return jobs


def record(event="", level=logging.INFO, text="", **facts):
    one = logging.LogRecord("snakemake", level, "", 0, text, None, None)
    if event:
        one.event = SimpleNamespace(value=event)
    vars(one).update(facts)
    return one


def test_the_line_says_what_is_done_what_runs_and_how_long_yet(tmp_path):
    clock = Clock()
    jobs = jobs_of(clock, ("run_info", {"stats": {"slow": 2, "quick": 3, "total": 5}}))
    assert jobs.line() == "0 of 5 jobs done in 0 s"
    jobs.note(*info(1, "slow", dataset="mine", model="net"))
    clock.now = 100
    jobs.note("job_finished", {"job_id": 1})
    jobs.note(*info(2, "quick", dataset="mine"))
    clock.now = 110
    jobs.note("job_finished", {"job_id": 2})
    assert jobs.seconds_left() == pytest.approx(100 + 2 * 10)
    log = tmp_path / "job.log"
    log.write_text("10:00:00 INFO images: 8 of 64, about 70 s left\n10:00:10 WARNING hm\n")
    event, facts = info(3, "slow", dataset="mine", model="net")
    jobs.note(event, {**facts, "log": [str(log)]})
    clock.now = 150
    assert jobs.seconds_left() == pytest.approx(120 - 40)
    assert jobs.line() == (
        "2 of 5 jobs done in 2 min, about 80 s left | running: slow mine net (images: 8 of 64,"
        " about 70 s left)"
    )
    jobs.note("job_error", {"jobid": 3})
    assert "1 failed" in jobs.line() and "running" not in jobs.line()
    jobs.note(*info(3, "slow", dataset="mine", model="net"))  # it is tried again
    assert jobs.failed == 0


def test_jobs_side_by_side_take_less_time():
    clock = Clock()
    jobs = jobs_of(clock, ("run_info", {"stats": {"a": 4, "total": 4}}), info(1, "a"), info(2, "a"))
    clock.now = 10
    jobs.note("job_finished", {"job_id": 1})
    jobs.note("job_finished", {"job_id": 2})
    assert jobs.seconds_left() == pytest.approx(10)


@pytest.mark.parametrize(
    ("seconds", "words"), [(42.4, "42 s"), (99.9, "100 s"), (130, "2 min"), (7500, "2 h 05 min")]
)
def test_times_in_words(seconds, words):
    assert terminal.in_words(seconds) == words


def test_errors_and_warnings_are_never_hidden():
    assert terminal.is_hidden(record("job_info"))
    assert terminal.is_hidden(record("progress", done=1, total=2))
    assert terminal.is_hidden(record(text="Select jobs to execute..."))
    for level in (logging.WARNING, logging.ERROR, logging.CRITICAL):
        assert not terminal.is_hidden(record("job_info", level))
        assert not terminal.is_hidden(record(level=level, text="Execute 1 jobs..."))
    for event in ("job_error", "group_error", "error", "shellcmd"):
        assert not terminal.is_hidden(record(event))
    assert not terminal.is_hidden(record(text="Nothing to be done (all requested files exist)."))


@pytest.mark.parametrize(
    "asked", [{"quiet": {"rules"}}, {"is_verbose": True}, {"is_dry_run": True}, {"name": "plugin"}]
)
def test_what_the_user_asks_of_snakemake_is_left_alone(asked):
    logger = logging.Logger("one")
    handler = logging.StreamHandler(io.StringIO())
    handler.name = asked.pop("name", terminal.HANDLER)
    logger.addHandler(handler)
    given = {"quiet": (), "is_verbose": False, "is_dry_run": False} | asked
    assert terminal.take_over(logger, "log", **given) is None
    assert logger.handlers == [handler] and not handler.filters


def test_a_long_run_has_no_long_log():
    passed, lines = 0.0, 0
    while passed < 24 * 3600:
        passed += terminal.seconds_between_lines(passed)
        lines += 1
    assert lines < 400
    assert terminal.seconds_between_lines(0) == progress.SECONDS_BETWEEN_LINES


def run(folder, *arguments, out=subprocess.PIPE, **environment):
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--cores", "2", "--configfile", "config.yaml", "--directory", str(folder)]
    return subprocess.Popen(
        [*command, *arguments],
        cwd=folder,
        stdout=out,
        stderr=out if out is not subprocess.PIPE else subprocess.STDOUT,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        text=out is subprocess.PIPE,
    )


TARGET = "results/simulated/split.csv"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    return tmp_path


def test_a_run_into_a_file_is_short_and_its_log_is_complete(folder):
    job = run(folder, TARGET)
    said, _ = job.communicate()
    assert job.returncode == 0, said
    assert "jobs to run" in said and "jobs done in" in said and "\033" not in said
    assert "rule assign_split:" not in said and "jobid" not in said
    assert len(said.splitlines()) < 15
    (log,) = (folder / ".snakemake" / "log").glob("*.log")
    assert "rule assign_split:" in log.read_text()
    planned, _ = run(folder, TARGET, "-n", "--forceall").communicate()
    assert "rule assign_split:" in planned
    again, _ = run(folder, TARGET, "--forceall", "--verbose").communicate()
    assert "rule assign_split:" in again and "jobs to run" not in again


def test_a_terminal_has_a_bar_that_is_written_over(folder):
    ours, theirs = pty.openpty()
    job = run(folder, TARGET, out=theirs, TERM="xterm")
    os.close(theirs)
    pieces = []
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(ours)
    said = b"".join(pieces).decode()
    assert job.wait() == 0, said
    assert re.search(r"\r\033\[K\[[#.]{20}\] \d of 3 jobs done|\r\033\[K\[[#.]{20}\] \d of 2", said)
    assert re.search(r"\r\033\[K\d of \d jobs done in", said)
    assert "jobid" not in said
