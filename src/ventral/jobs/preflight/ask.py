"""Questions about architectures, put to a process that imports torch."""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from ventral.errors import VentralError

PROGRAM = "ventral.jobs.preflight.architecture"
SECONDS = 300.0
"""The longest that the import of torch, or one answer, may take."""


def ask_architectures(
    questions: Sequence[Mapping],
    source_folders: Sequence[str | Path],
    own_folders: Sequence[str | Path] = (),
    seconds: float = SECONDS,
) -> list[dict | VentralError]:
    """Return what `ventral.jobs.preflight.architecture.describe` says to each question.

    One process answers them all. The code of a user's module runs in it: if a question ends the
    process, a new one answers those that are left.

    Parameters
    ----------
    questions
        Arguments of `describe`, each by name.
    source_folders
        Where modules are looked for first, this package among them.
    own_folders
        Where modules are looked for last.
    seconds
        Longest time for one answer.

    Returns
    -------
    list
        For each question its answer, or the reason why there is none.

    Raises
    ------
    VentralError
        Where torch or torchvision cannot be imported.
    """
    first, last = [*map(str, source_folders)], [*map(str, own_folders)]
    given = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([*first, *filter(None, [given]), *last])
    answers: list[dict | VentralError] = []
    while len(answers) < len(questions):
        left = questions[len(answers) :]
        answers += _ask(left, path, seconds)
    return answers


def _ask(questions: Sequence[Mapping], path: str, seconds: float) -> list[dict | VentralError]:
    """Return the answers of one process; the last may be the reason why it gave no more."""
    answers: list[dict | VentralError] = []
    end_read, end_write = os.pipe()
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as said:
        asked.write(json.dumps(list(questions)).encode())
        asked.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-m", PROGRAM, str(end_write)],
            env={**os.environ, "PYTHONPATH": path},
            stdin=asked,
            stdout=said,  # what a user's module prints is not an answer
            stderr=said,
            pass_fds=[end_write],
        )
        os.close(end_write)
        try:
            lines = _lines(end_read, SECONDS, seconds)
            if next(lines, None) is None:
                raise VentralError(f"torch cannot be imported: {_reason(process, said, SECONDS)}")
            for line in lines:
                answer = json.loads(line)
                answers.append(VentralError(answer["error"]) if "error" in answer else answer)
                if len(answers) == len(questions):
                    return answers
            architecture = questions[len(answers)]["architecture"]
            reason = _reason(process, said, seconds)
            answers.append(VentralError(f"architecture {architecture!r} cannot be built: {reason}"))
            return answers
        finally:
            process.kill()
            process.wait()
            os.close(end_read)


def _lines(descriptor: int, seconds_of_first: float, seconds: float) -> Iterator[str]:
    """Give the lines of a pipe until it is closed, or none has come in so many seconds."""
    received, until = b"", time.monotonic() + seconds_of_first
    while (left := until - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], left)[0]:
            return
        block = os.read(descriptor, 2**16)
        if not block:
            return
        *whole, received = (received + block).split(b"\n")
        for line in whole:
            yield line.decode()
        if whole:
            until = time.monotonic() + seconds


def _reason(process: subprocess.Popen, said: IO[bytes], seconds: float) -> str:
    """Return why a process gave no answer: how it ended, and the last line that it wrote."""
    try:
        status = process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        return f"it gave no answer in {seconds:g} s"
    said.seek(0)
    last = said.read().decode(errors="replace").strip().rpartition("\n")[-1]
    ended = f"its process ended with status {status}"
    return f"{ended}: {last}" if last else ended
