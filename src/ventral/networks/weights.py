"""Loading of state dicts, with errors that name the tensors that do not fit."""

import re
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import nn
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present

from ventral.errors import VentralError
from ventral.machine_errors import reading_error
from ventral.storage.zip_check import verify_zip

WRAPPERS = ("state_dict", "model", "model_state_dict")
"""Keys under which training scripts store the state dict in a checkpoint."""

OLD_DENSENET = re.compile(r"(.*denselayer\d+\.(?:norm|conv))\.([12]\..*)")
"""torchvision's DenseNet files have ``norm.1.weight`` for what is now ``norm1.weight``."""


def load_weights(model: nn.Module, file: str | Path) -> None:
    """Load a state dict into a model.

    A state dict is also found under one of the keys `WRAPPERS` of a checkpoint, and the prefix
    ``module.`` of parallel training is removed. No code in the file is executed.

    Parameters
    ----------
    model : Module
        Changed in place. After an error its parameters are undefined.
    file : str or Path
        The state dict. It must have every tensor of the model, and no other.

    Raises
    ------
    VentralError
        If the file cannot be read, or if tensors are missing, unexpected or of a wrong shape; the
        message names the file and the first of them.
    """
    state = _read(Path(file))
    expected = model.state_dict()
    wrong = [
        f"{name} is {tuple(tensor.shape)}, the model's is {tuple(expected[name].shape)}"
        for name, tensor in state.items()
        if name in expected and tensor.shape != expected[name].shape
    ]
    if wrong:
        raise _unfit(file, "of a wrong shape", wrong)
    # Not strict: torch itself completes files from before BatchNorm counted its batches.
    missing, unexpected = model.load_state_dict(state, strict=False)
    if missing:
        raise _unfit(file, "missing from the file", missing)
    if unexpected:
        raise _unfit(file, "in the file but not in the model", unexpected)


def _read(file: Path) -> dict[str, torch.Tensor]:
    try:
        verify_zip(file)
        content = torch.load(file, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise VentralError(
            f"{file} is refused: it is not a plain state dict but a pickle that holds code or"
            " objects, or it is damaged. Save it again as torch.save(model.state_dict(), …)"
        ) from error
    except (RuntimeError, EOFError, ValueError, LookupError, MemoryError) as error:
        reason, *_ = str(error).split(". ")
        raise reading_error(
            file,
            error,
            f"{file} cannot be read as a torch state dict; it may be truncated or damaged:"
            f" {reason}. Replace it by a complete copy; a file that this workflow fetched or"
            f" trained is made again after: rm {file}",
        ) from error
    except OSError as error:
        raise reading_error(file, error, f"{file} cannot be read: {error}") from error
    while isinstance(content, dict) and (inner := _wrapped(content)):
        content = inner
    if not isinstance(content, dict) or not content:
        raise VentralError(f"{file} holds a {type(content).__name__}, not a state dict")
    stray = [name for name, value in content.items() if not isinstance(value, torch.Tensor)]
    if stray:
        raise VentralError(f"{file} is not a state dict: {stray[0]!r} in it is not a tensor")
    if all(name.startswith("module.") for name in content):
        consume_prefix_in_state_dict_if_present(content, "module.")
    for name in [name for name in content if OLD_DENSENET.fullmatch(name)]:
        content[OLD_DENSENET.sub(r"\1\2", name)] = content.pop(name)
    return content


def _wrapped(content: dict) -> dict | None:
    inner = (content.get(name) for name in WRAPPERS)
    return next((value for value in inner if isinstance(value, dict)), None)


def _unfit(file: str | Path, what: str, names: list[str]) -> VentralError:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return VentralError(
        f"{file} does not fit the model: {len(names)} tensor(s) {what}:"
        f" {', '.join(names[:3])}{more}"
    )
