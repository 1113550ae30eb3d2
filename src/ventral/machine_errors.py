"""Errors of the machine a step runs on, told apart from files that are damaged.

A process that is out of memory, of threads or of open files fails to read the best of files. Who
calls such a file damaged, and names the command that removes it, destroys results.
"""

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ventral.errors import VentralError

REASONS = {
    errno.EACCES: "this account has no permission. Change the permissions of the file, or of the"
    " folders above it,",
    errno.EPERM: "the system does not permit it. Change the permissions of the file, or of the"
    " folders above it,",
    errno.EROFS: "the file system is read-only. Choose another folder, or mount it for writing,",
    errno.EMFILE: "this process has too many open files. Raise the limit (`ulimit -n`)",
    errno.ENFILE: "the machine has too many open files. Wait until other programs end",
    errno.ENOMEM: "the machine, or the limit of this process, has no memory left. Give the step"
    " more memory, or raise the limit (`ulimit -v`),",
    errno.EAGAIN: "the system is short of processes or threads for now. Raise the limit"
    " (`ulimit -u`), or run fewer jobs at once,",
    errno.EIO: "the disk or the network file system reports an input/output error. Ask who keeps"
    " the machine to check it",
    errno.ESTALE: "the network file system has lost the file (stale file handle). Wait until it is"
    " mounted again",
    errno.ETIMEDOUT: "the network file system does not answer. Wait until it does",
    errno.ENOSPC: "no space is left on the disk. Make room",
    errno.EDQUOT: "the disk quota of this account is used up. Make room, or ask for more,",
    errno.ENOLCK: "the file system gives no locks. Choose a folder on another file system",
}
"""What each error number means, and what to do before the step runs again."""

NUMBERS_IN_TEXT = re.compile(r"(?:errno = |os error |\[Errno )(\d+)")
"""HDF5, libraries written in Rust, and wrapped errors give the number in their text alone."""

MEMORY = re.compile(
    r"can.t allocate memory|cannot allocate memory|not enough memory|out of memory|bad_alloc"
    r"|unable to allocate|failed to allocate|memory allocation of \d+ bytes failed",
    re.IGNORECASE,
)
THREADS = re.compile(r"can't start new thread|thread creation failed|failed to spawn thread", re.I)


def machine_problem(error: BaseException) -> str | None:
    """Return what the machine lacks and the remedy, or None where an error says something else.

    Parameters
    ----------
    error : BaseException
        Any error; those that caused it are asked too.

    Returns
    -------
    str or None
        The second half of a sentence, such as ``no space is left on the disk. Make room``.
    """
    for one in _chain(error):
        if isinstance(one, VentralError):
            return None  # somebody who knew more has said it already
        if isinstance(one, MemoryError):
            return REASONS[errno.ENOMEM]
        for number in _numbers(one):
            if number in REASONS:
                return REASONS[number]
        if isinstance(one, RuntimeError | OSError):
            if THREADS.search(str(one)):
                return REASONS[errno.EAGAIN]
            if MEMORY.search(str(one)):
                return REASONS[errno.ENOMEM]
    return None


def reading_error(path: str | Path, error: BaseException, otherwise: str) -> VentralError:
    """Return the error of a file or store that could not be read.

    Parameters
    ----------
    path : str or Path
        Of the file or store.
    error : BaseException
        What was raised.
    otherwise : str
        The sentence where the machine is not to blame: the file is damaged, or another file.

    Returns
    -------
    VentralError
    """
    problem = machine_problem(error)
    if problem is None:
        return VentralError(otherwise)
    return VentralError(
        f"{path} could not be read: {problem} and run again."
        f" This says nothing against the content of the file ({_words(error)})"
    )


def job_error(error: BaseException) -> str | None:
    """Return the sentence of a job that the machine has stopped, or None for any other error.

    Parameters
    ----------
    error : BaseException
        What ended the job.

    Returns
    -------
    str or None
    """
    problem = machine_problem(error)
    if problem is None:
        return None
    names = (getattr(one, "filename", None) for one in _chain(error))
    named = next(filter(None, names), None)
    where = f"{os.fsdecode(named)}: " if isinstance(named, str | bytes) else ""
    about = "".join(f"; {note}" for note in getattr(error, "__notes__", ()))
    return f"{where}{problem} and run again ({_words(error)}{about})"


def _words(error: BaseException) -> str:
    """Return the name of an error and the first line that it says."""
    said = str(error).strip().splitlines()
    return ": ".join([type(error).__name__, *said[:1]])


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Give an error and those that caused it, each once."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _numbers(error: BaseException) -> Iterator[int]:
    """Give the error numbers of the system that an error names."""
    if isinstance(error, OSError) and error.errno is not None:
        yield error.errno
    if isinstance(error, OSError | RuntimeError | ValueError):
        yield from map(int, NUMBERS_IN_TEXT.findall(str(error)))
