"""Runs job scripts again and again in a child process and kills it at random moments.

``python killed_steps.py SCRIPT JOB SEED``, in the folder of a finished project. JOB is what
Snakemake would hand to the script, as JSON. For each line on stdin one child is started and killed,
and a line is written: the caller looks at what is left in between. The imports are made once; the
children are forks, which works since this process itself never opens a store.
"""

import json
import os
import random
import runpy
import signal
import sys
import time

import ventral.activations.extract
import ventral.activations.models
import ventral.readouts.fit
import ventral.scores.score
import ventral.scores.tables  # noqa: F401


class Named(dict):
    """What a script reads as ``snakemake.input.name`` or ``snakemake.input["name"]``."""

    __getattr__ = dict.__getitem__


def main(script: str, job: str, seed: str) -> None:
    snakemake = json.loads(job, object_hook=Named)
    rng = random.Random(int(seed))
    print("ready", flush=True)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                while True:
                    runpy.run_path(script, init_globals={"snakemake": snakemake})
            finally:
                os._exit(1)
        time.sleep(rng.uniform(0.01, 0.4))
        os.kill(child, signal.SIGKILL)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        print("killed" if killed else "ended by itself", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
