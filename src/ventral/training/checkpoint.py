"""Checkpoints of finished trainings, and the state from which a killed training resumes.

Both hold only tensors and builtin types and are read with ``weights_only``, so loading executes no
code from them.
"""

import logging
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from ventral.errors import VentralError
from ventral.machine_errors import machine_problem, reading_error
from ventral.storage.atomic import write_aside
from ventral.storage.zip_check import verify_zip

READ_ERRORS = (UnpicklingError, RuntimeError, EOFError, ValueError, LookupError)
"""Exceptions that reading a damaged file raises."""

log = logging.getLogger(__name__)


def write_checkpoint(path: str | Path, content: dict) -> None:
    """Write a file of tensors and builtin types.

    The file appears only when it is complete. Equal content gives equal bytes.

    Parameters
    ----------
    path : str or Path
        Where to write.
    content : dict
        Tensors and builtin types.
    """
    with write_aside(path) as aside, aside.open("wb") as file:
        torch.save(content, file)


def read_checkpoint(path: str | Path) -> dict:
    """Read a checkpoint that training wrote.

    Parameters
    ----------
    path : str or Path
        The checkpoint.

    Returns
    -------
    dict
        ``state_dict`` belongs to the network as its architecture builds it, so that
        `ventral.networks.weights.load_weights` reads the same file. ``head`` has ``weight``,
        (n_outputs, width), and ``bias``, (n_outputs,). ``output`` names the outputs, see
        `ventral.training.tasks`. ``start`` has ``stimuli``, (n_test,), the rows of the test
        stimuli, and ``outputs``, (n_test, n_outputs), those before training. ``facts`` has
        ``layer``, ``pooling``, ``retrained_parameters``, ``head_parameters`` and ``best_epoch``.

    Raises
    ------
    VentralError
        If the file is damaged or is not a checkpoint of a training.
    """
    try:
        content = _read(path)
    except (*READ_ERRORS, OSError, MemoryError) as error:
        damaged = (
            f"{path} cannot be read as a checkpoint: {error}. Remove it and run again: rm {path}"
        )
        raise reading_error(path, error, damaged) from error
    missing = {"state_dict", "head", "output", "start", "facts"} - set(content)
    if missing:
        raise VentralError(
            f"{path} is not a checkpoint of a training: it lacks {sorted(missing)[0]!r}"
        )
    return content


class ResumeFile:
    """The state of a training after its last complete epoch.

    Parameters
    ----------
    path : str or Path
        The file, beside the checkpoint that the training will write.
    key : str
        Identifies the training; the state of another training is ignored.
    """

    def __init__(self, path: str | Path, key: str) -> None:
        self.path = Path(path)
        self.key = key

    def save(self, state: dict) -> None:
        """Write the state; if the process is killed meanwhile, the previous state remains."""
        write_checkpoint(self.path, {"key": self.key, "state": state})

    def load(self) -> dict | None:
        """Return the state from which to resume, or None if this training has none."""
        if not self.path.exists():
            return None
        try:
            content = _read(self.path)
        except (*READ_ERRORS, OSError, MemoryError) as error:
            if machine_problem(error):  # hours of training are not thrown away for it
                raise reading_error(self.path, error, str(error)) from error
            log.warning("%s cannot be read, so training starts from scratch: %s", self.path, error)
            return None
        if content.get("key") != self.key:
            log.info("%s belongs to another training, so training starts from scratch", self.path)
            return None
        return content["state"]

    def remove(self) -> None:
        """Remove the file after the checkpoint has been written."""
        self.path.unlink(missing_ok=True)


def _read(path: str | Path) -> Any:
    verify_zip(path)
    return torch.load(path, map_location="cpu", weights_only=True)
