"""Checkpoints: what training leaves behind, and what a killed training goes on from.

Both are plain tensors and builtin types, read with ``weights_only``: nothing in them is executed.
"""

import logging
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from ventral.errors import VentralError
from ventral.storage.atomic import write_aside
from ventral.storage.zip_check import verify_zip

DAMAGED = (UnpicklingError, RuntimeError, EOFError, ValueError, LookupError)
"""What reading a damaged file raises."""

log = logging.getLogger(__name__)


def write_checkpoint(path: str | Path, content: dict) -> None:
    """Write a file of tensors and builtin types that is whole or not there.

    The same content gives the same bytes.
    """
    with write_aside(path) as aside, aside.open("wb") as file:
        torch.save(content, file)


def read_checkpoint(path: str | Path) -> dict:
    """Return a checkpoint that training wrote: ``state_dict``, ``head``, ``output``, ``facts``.

    ``state_dict`` is of the network as its architecture builds it, so that
    `ventral.networks.weights.load_weights` reads the same file. ``head`` has ``weight``
    (outputs, width) and ``bias``. ``output`` names the outputs (see `ventral.training.tasks`).
    ``facts``: ``layer``, ``pooling``, ``retrained_parameters``, ``head_parameters``,
    ``best_epoch``.

    Raises `VentralError` where the file is no such checkpoint.
    """
    try:
        content = _read(path)
    except (*DAMAGED, OSError) as error:
        raise VentralError(
            f"{path} cannot be read as a checkpoint: {error}. Remove it and run again: rm {path}"
        ) from error
    missing = {"state_dict", "head", "output", "facts"} - set(content)
    if missing:
        raise VentralError(
            f"{path} is no checkpoint of a training: it lacks {sorted(missing)[0]!r}"
        )
    return content


class ResumeFile:
    """The state of a training after its last whole epoch, beside the checkpoint to come.

    path: of the file. key: says which training it is; the state of any other is not taken up.
    """

    def __init__(self, path: str | Path, key: str):
        self.path = Path(path)
        self.key = key

    def save(self, state: dict) -> None:
        """Write the state; a kill in between leaves that of the epoch before."""
        write_checkpoint(self.path, {"key": self.key, "state": state})

    def load(self) -> dict | None:
        """Return the state to go on from, or None where there is none for this training."""
        if not self.path.exists():
            return None
        try:
            content = _read(self.path)
        except DAMAGED as error:
            log.warning("%s cannot be read, so training starts anew: %s", self.path, error)
            return None
        if content.get("key") != self.key:
            log.info("%s is of another training: training starts anew", self.path)
            return None
        return content["state"]

    def remove(self) -> None:
        """Remove the file, once the checkpoint is there."""
        self.path.unlink(missing_ok=True)


def _read(path: str | Path) -> Any:
    verify_zip(path)
    return torch.load(path, map_location="cpu", weights_only=True)
