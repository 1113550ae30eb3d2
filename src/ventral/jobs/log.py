"""The log of a job: a file that stays, and the same lines on the terminal."""

import contextlib
import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from ventral.addresses import without_secrets
from ventral.errors import VentralError
from ventral.machine_errors import job_error
from ventral.storage.codecs import compiled_codecs


@contextlib.contextmanager
def job_log(path: str | Path) -> Iterator[None]:
    """Log to `path` and to stderr; end the process with status 1 on an error.

    A `VentralError` is logged as its message alone, and so is what the machine lacks: memory, room
    on the disk, a permission. Anything else is logged with its traceback. The file is made by the
    first line: a job that has nothing to say leaves none, nor an earlier run's. No line shows the
    password or token of an address. Inside, stores are read and written with the compiled codecs.

    Parameters
    ----------
    path : str or Path
        Of the log file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    handlers = [logging.FileHandler(path, mode="w", delay=True), _terminal()]
    for handler in handlers:
        handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    logging.captureWarnings(True)
    warnings.formatwarning = lambda message, category, *_: f"{category.__name__}: {message}"
    try:
        with compiled_codecs():
            yield
    except VentralError as error:
        logging.error("%s", error)
        sys.exit(1)
    except Exception as error:
        sentence = job_error(error)
        if sentence is None:
            logging.exception("the job failed: %s: %s", type(error).__name__, error)
        else:
            logging.error("%s", sentence)
        sys.exit(1)


def remove_empty_logs(folder: str | Path) -> None:
    """Remove the empty log files that were left for jobs without messages.

    Parameters
    ----------
    folder : str or Path
        The folder of logs, which need not exist.
    """
    for path in Path(folder).rglob("*.log"):
        with contextlib.suppress(OSError):  # removed meanwhile by another run
            if path.is_file() and not path.stat().st_size:
                path.unlink()


class _Formatter(logging.Formatter):
    """Hides the secrets of addresses, in tracebacks and in the lines of libraries too."""

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


def _terminal() -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    return handler
