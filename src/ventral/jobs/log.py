"""The log of a job: a file that stays, and the same lines on the terminal."""

import contextlib
import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from ventral.errors import VentralError
from ventral.storage.codecs import compiled_codecs


@contextlib.contextmanager
def job_log(path: str | Path) -> Iterator[None]:
    """Log to `path` and to stderr; end the process with status 1 on an error.

    A `VentralError` is logged as its message alone; anything else with its traceback. The file is
    made by the first line: a job without messages leaves no file, and removes an earlier run's.
    Inside, stores are read and written with the compiled codecs.

    Parameters
    ----------
    path : str or Path
        Of the log file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        datefmt="%H:%M:%S",
        handlers=[logging.FileHandler(path, mode="w", delay=True), _terminal()],
        force=True,
    )
    logging.captureWarnings(True)
    warnings.formatwarning = lambda message, category, *_: f"{category.__name__}: {message}"
    try:
        with compiled_codecs():
            yield
    except VentralError as error:
        logging.error("%s", error)
        sys.exit(1)
    except Exception:
        logging.exception("the job failed:")
        sys.exit(1)


def _terminal() -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    return handler
