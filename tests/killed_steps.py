"""Runs a job's script in a child process and kills it at random moments.

``python killed_steps.py SCRIPT JOB SEED``, in the folder of a finished project. JOB is what
Snakemake would hand to the script, as JSON. For each line on stdin one child is started, and a line
is written once it has ended: the caller looks at what is left in between.

    once            the script runs once, and is killed soon
    again           the script runs again and again, until it is killed soon
    whole           the script runs once and is not killed

After the first two, FILE delays the kill until that file has been written again.

The imports are made once; the children are forks, which works since this process itself never opens
a store or starts a thread.
"""

import json
import os
import random
import runpy
import signal
import sys
import time
from pathlib import Path

import ventral.activations.extract
import ventral.networks.build
import ventral.readouts.fit
import ventral.scores.score
import ventral.scores.tables
import ventral.training.stage  # noqa: F401


class Named(dict):
    """What a script reads as ``snakemake.input.name`` or ``snakemake.input["name"]``."""

    __getattr__ = dict.__getitem__


def main(script: str, job: str, seed: str) -> None:
    snakemake = json.loads(job, object_hook=Named)
    rng = random.Random(int(seed))
    print("ready", flush=True)
    for line in sys.stdin:
        how, _, file = line.strip().partition(" ")
        before = version(file) if file else None
        child = os.fork()
        if child == 0:
            run(script, snakemake, again=how == "again")
        if how != "whole":
            while file and version(file) == before and not ended(child):
                time.sleep(0.002)
            time.sleep(rng.uniform(0.01, 0.4))
            os.kill(child, signal.SIGKILL)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        print("killed" if killed else "ended by itself", flush=True)


def run(script: str, snakemake: Named, again: bool) -> None:
    """Run a script in this process, and end it."""
    status = 1
    try:
        runpy.run_path(script, init_globals={"snakemake": snakemake})
        while again:
            runpy.run_path(script, init_globals={"snakemake": snakemake})
        status = 0
    finally:
        os._exit(status)


def version(file: str) -> tuple[int, int] | None:
    """Return what changes when a file is replaced by another."""
    try:
        status = Path(file).stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def ended(child: int) -> bool:
    """Tell whether a child has ended; it can still be waited for."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


if __name__ == "__main__":
    main(*sys.argv[1:])
