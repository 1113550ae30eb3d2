"""Snakemake whose jobs are forks of a process that has imported everything, with faults in them.

A job then costs tens of milliseconds in place of a second, so that hundreds can be interrupted. A
server without threads forks; Snakemake itself runs in a fork too, and hands the scripts that it
would start to the server.
"""

import contextlib
import json
import os
import random
import runpy
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

WARM = (
    *("snakemake.api", "snakemake.executors.local"),
    *("ventral.activations.extract", "ventral.activations.prune", "ventral.figures.draw"),
    *("ventral.figures.explained_variance_by_layer", "ventral.figures.score_along_layers"),
    *("ventral.figures.score_against_parameters", "ventral.figures.score_by_region"),
    *("ventral.readouts.fit", "ventral.readouts.head", "ventral.scores.score"),
    *("ventral.scores.reference_check", "ventral.scores.regions", "ventral.scores.tables"),
    *("ventral.training.apply", "ventral.training.stage", "ventral.training.tables"),
    *("ventral.data.sources.simulated.reader", "ventral.features.pca", "ventral.jobs.job"),
)
FAULTS = ("fail", "kill", "cancel", "orphan")
MAX_SECONDS = 120
"""Of one run. Snakemake was seen to wait for ever for a lock after it was cancelled while a job
failed; then it is killed, as its user would do."""
MAX_RENAMES = 4
"""A fault comes before one of the first renames of a job: what it has made appears by renames."""


class Faults:
    """Which jobs are interrupted, and how: shared by processes through a folder.

    Parameters
    ----------
    folder : Path
        Of notes, one for each job that was interrupted.
    seed : int
        Of the choice.
    probability : float
        That a job is interrupted which was not before.
    wanted : list of str
        Rules all of whose jobs are interrupted.
    kinds : list of str
        Of `FAULTS`.
    """

    def __init__(
        self, folder: Path, seed: int, probability: float, wanted: list[str], kinds: list[str]
    ):
        self.folder = folder
        self.seed = seed
        self.probability = probability
        self.wanted = wanted
        self.kinds = kinds

    def choose(self, rule: str, job: str) -> tuple[str, int] | None:
        """Return how a job is interrupted, and before which of its renames; once for each job."""
        rng = random.Random(f"{self.seed} {job}")
        if rule not in self.wanted and rng.random() > self.probability:
            return None
        how, rename = rng.choice(self.kinds), rng.randrange(MAX_RENAMES)
        note = self.folder / job.replace("/", "+")
        try:
            with note.open("x") as file:
                json.dump({"rule": rule, "how": how, "rename": rename, "done": False}, file)
        except FileExistsError:
            return None
        return how, rename

    def done(self, job: str) -> None:
        """Note that a job has been interrupted."""
        note = self.folder / job.replace("/", "+")
        whole = self.folder.parent / f"{note.name}.whole"
        whole.write_text(json.dumps({**json.loads(note.read_text()), "done": True}))
        os.replace(whole, note)  # noqa: PTH105 (the renames of Path are what is interrupted)

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many jobs were interrupted, by rule and kind."""
        found: dict[tuple[str, str], int] = {}
        for note in self.folder.iterdir():
            what = json.loads(note.read_text())
            if what["done"]:
                key = what["rule"], what["how"]
                found[key] = found.get(key, 0) + 1
        return found


def fork(function: Callable[[], None]) -> int:
    """Run a function in a fork of this process, which ends with it; return its process."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        function()
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


class JobServer:
    """Forks a process for each script that it is sent.

    Parameters
    ----------
    path : Path
        Of its socket.
    """

    def __init__(self, path: Path):
        self.path = path
        self.process = 0

    def __enter__(self) -> "JobServer":
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        listener.listen(64)
        self.process = fork(lambda: self._serve(listener))
        listener.close()
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        self.path.unlink()

    @staticmethod
    def _serve(listener: socket.socket) -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            connection, _ = listener.accept()
            fork(lambda connection=connection: _run_job(connection))
            connection.close()

    def run(self, script: str, faults: Faults | None) -> None:
        """Run a script as Snakemake does, from a thread of Snakemake's; raise if it fails."""
        request = {"script": script, "snakemake": os.getpid(), "folder": str(Path.cwd())}
        request["faults"] = {**vars(faults), "folder": str(faults.folder)} if faults else None
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            status = connection.makefile().read()
        if status != "0":
            raise RuntimeError(f"the script ended with {status or 'a signal'}")


def _run_job(connection: socket.socket) -> None:
    request = json.loads(connection.makefile().readline())
    os.chdir(request["folder"])
    terminal = os.open(os.devnull, os.O_WRONLY)
    os.dup2(terminal, 2)  # jobs have logs
    status = 1
    try:
        if request["faults"]:
            given = {**request["faults"], "folder": Path(request["faults"]["folder"])}
            _install(Faults(**given), request["snakemake"])
        runpy.run_path(request["script"], run_name="__main__")
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    with contextlib.suppress(OSError):
        connection.sendall(str(status).encode())


def _install(faults: Faults, snakemake_process: int) -> None:
    """Have the job of this process meet its fault, if one is chosen for it."""
    import ventral.jobs.job
    from ventral.errors import VentralError

    undisturbed = ventral.jobs.job.job

    @contextlib.contextmanager
    def job(snakemake: object) -> Iterator[None]:
        name = snakemake.output.lineage
        chosen = faults.choose(snakemake.rule, name)
        if chosen is None:
            with undisturbed(snakemake):
                yield
            return
        how, left = chosen
        real = {"replace": Path.replace, "rename": Path.rename}

        def meet() -> None:
            nonlocal left
            left = -1
            faults.done(name)
            if how == "fail":
                raise VentralError("the campaign has this job fail")
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            rng = random.Random(f"{faults.seed} {name} pause")
            with contextlib.suppress(ProcessLookupError):
                os.kill(snakemake_process, signal.SIGTERM if how == "cancel" else signal.SIGKILL)
            time.sleep(rng.uniform(0.2, 4))

        def interrupted(name: str) -> Callable:
            def rename(path: Path, target: Path) -> Path:
                nonlocal left
                if ".claim" not in Path(target).name:
                    if left == 0:
                        meet()
                    left -= 1
                return real[name](path, target)

            return rename

        Path.replace, Path.rename = interrupted("replace"), interrupted("rename")
        with undisturbed(snakemake):
            yield
            if left >= 0:  # fewer renames than that: before the record is written
                meet()

    ventral.jobs.job.job = job


def run_snakemake(folder: Path, server: JobServer, faults: Faults | None, said: Path) -> int:
    """Run a project to the end, or to its faults; return the exit status, −9 for a killed run."""

    def run() -> None:
        from snakemake import script
        from snakemake.cli import main

        output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(folder)
        script.PythonScript.execute_script = lambda self, fname, edit=False: server.run(
            str(fname), faults
        )
        sys.argv = ["snakemake"]
        main(
            [
                *("--cores", "4", "--nolock", "--configfile", "toy.yaml", "--latency-wait", "0"),
                *("--scheduler", "greedy", "--quiet", "rules"),
            ]
        )

    process = fork(run)
    deadline = time.monotonic() + MAX_SECONDS
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(process, signal.SIGKILL)
            deadline = float("inf")
        time.sleep(0.02)
