"""Loading of state dicts, with errors that name the tensors that do not fit."""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import nn
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present

from ventral.errors import VentralError, suggest
from ventral.machine_errors import reading_error
from ventral.storage.zip_check import verify_zip

logger = logging.getLogger(__name__)

WRAPPERS = ("state_dict", "model", "model_state_dict")
"""Keys under which training scripts store the state dict in a checkpoint."""

OLD_DENSENET = re.compile(r"(.*denselayer\d+\.(?:norm|conv))\.([12]\..*)")
"""torchvision's DenseNet files have ``norm.1.weight`` for what is now ``norm1.weight``."""

SAFETENSORS = ".safetensors"
LISTED = 3
"""Names in a message; the manifest has all."""
DEEPEST = 3
"""Levels of a checkpoint in which a state dict is looked for, for a proposal."""


@dataclass(frozen=True)
class NotLoaded:
    """The tensors that were left out when weights were loaded.

    Parameters
    ----------
    missing : list of str
        Of the model, which kept their initial values.
    unexpected : list of str
        Of the file, which the model does not have.
    wrong_shape : list of str
        Of both, with another shape.

    """

    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    wrong_shape: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.wrong_shape)


def load_weights(
    model: nn.Module,
    file: str | Path,
    *,
    key: str | None = None,
    prefix: str | None = None,
    strict: bool = True,
) -> NotLoaded:
    """Load a state dict into a model.

    A state dict is also found under one of the keys `WRAPPERS` of a checkpoint, and the prefix
    ``module.`` of parallel training is removed. No code in the file is executed.

    Parameters
    ----------
    model : Module
        Changed in place. After an error its parameters are undefined.
    file : str or Path
        A state dict of torch, or of safetensors where its name ends so.
    key : str, optional
        Where in the checkpoint the state dict is, such as ``model_ema.module``.
    prefix : str, optional
        What the names of the wanted tensors begin with, such as ``backbone.``. It is removed;
        tensors without it are left out.
    strict : bool
        Whether the tensors must be those of the model, with no other.

    Returns
    -------
    NotLoaded
        What was left out, where that is allowed.

    Raises
    ------
    VentralError
        If the file cannot be read, or if tensors are missing, unexpected or of a wrong shape; the
        message names the file, some of them beside those of the model, and the key and prefix with
        which more of them would fit.

    """
    content = _read(Path(file))
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    state = _state_dict(content, file, key)
    if prefix is None:
        _in_todays_names(state)
    else:
        given = state
        state = {
            name.removeprefix(prefix): v for name, v in state.items() if name.startswith(prefix)
        }
        if not state:
            raise VentralError(
                f"{file}: prefix: no name in it begins with {prefix!r}; its names are"
                f" {_shown(sorted(given))}." + _proposal(content, expected, 0)
            )
    wrong = {
        name: f"{name} is {tuple(tensor.shape)}, the model's is {expected[name]}"
        for name, tensor in state.items()
        if name in expected and tuple(tensor.shape) != expected[name]
    }
    if wrong and strict:
        raise _unfit(file, "of a wrong shape", list(wrong.values()), content, state, expected)
    fitting = {name: tensor for name, tensor in state.items() if name not in wrong}
    # Not strict: torch itself completes files from before BatchNorm counted its batches.
    missing, unexpected = model.load_state_dict(fitting, strict=False)
    missing = [name for name in missing if name not in wrong]
    if strict and missing:
        raise _unfit(file, "missing from the file", missing, content, state, expected)
    if strict and unexpected:
        raise _unfit(file, "in the file but not in the model", unexpected, content, state, expected)
    if not expected.keys() & fitting.keys():
        raise _unfit(file, "missing from the file", missing, content, state, expected)
    left = NotLoaded(sorted(missing), sorted(unexpected), sorted(wrong.values()))
    for left_out, what in (
        (left.missing, "not in the file: they keep their initial values"),
        (left.unexpected, "not in the model: they are left out"),
        (left.wrong_shape, "of another shape: they keep their initial values"),
    ):
        if left_out:
            count, listed = len(left_out), ", ".join(left_out)
            logger.warning("%s: %d tensor(s) %s: %s", file, count, what, listed)
    return left


def read_state_dict(file: str | Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a file by their names; no code in it is executed.

    Parameters
    ----------
    file : str or Path
        A state dict of torch, or of safetensors where its name ends so.

    Returns
    -------
    dict of str to Tensor

    Raises
    ------
    VentralError
        If it cannot be read, or is not a state dict.

    """
    state = _state_dict(_read(Path(file)), file, None)
    _in_todays_names(state)
    return state


def _read(file: Path) -> Any:
    try:
        if file.suffix == SAFETENSORS:
            return _read_safetensors(file)
        verify_zip(file)
        return torch.load(file, map_location="cpu", weights_only=True)
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


def _read_safetensors(file: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(file, device="cpu")
    except SafetensorError as error:
        raise VentralError(
            f"{file} cannot be read as safetensors; it may be truncated or damaged: {error}."
            " Replace it by a complete copy"
        ) from error


def _state_dict(content: Any, file: str | Path, key: str | None) -> dict[str, torch.Tensor]:
    """Return the state dict in a checkpoint: what is at a key, or under one of `WRAPPERS`."""
    if key is not None:
        content = _at(content, key, file)
    while isinstance(content, dict) and (inner := _wrapped(content)):
        content = inner
    if not isinstance(content, dict) or not content:
        raise VentralError(f"{file} holds a {type(content).__name__}, not a state dict")
    stray = [name for name, value in content.items() if not isinstance(value, torch.Tensor)]
    if stray:
        inside = [path for path, _ in _state_dicts(content) if path]
        remedy = f". Give weights: key: one of {', '.join(inside)}" if inside else ""
        raise VentralError(
            f"{file} is not a state dict: {stray[0]!r} in it is not a tensor{remedy}"
        )
    return dict(content)


def _at(content: Any, key: str, file: str | Path) -> Any:
    """Return what a checkpoint has at a key, of which each part may have dots of its own."""
    left = key
    while left:
        if not isinstance(content, Mapping):
            raise VentralError(f"{file}: key: {key!r}: there is no mapping at {left!r}")
        parts = left.split(".")
        heads = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
        head = next((head for head in heads if head in content), None)
        if head is None:
            raise VentralError(
                f"{file}: key: {key!r} does not exist; {suggest(parts[0], map(str, content))}"
            )
        content, left = content[head], left[len(head) + 1 :]
    return content


def _wrapped(content: dict) -> dict | None:
    inner = (content.get(name) for name in WRAPPERS)
    return next((value for value in inner if isinstance(value, dict)), None)


def _in_todays_names(state: dict[str, torch.Tensor]) -> None:
    """Remove the prefix of parallel training, and give old names of torchvision the new form."""
    if all(name.startswith("module.") for name in state):
        consume_prefix_in_state_dict_if_present(state, "module.")
    for name in [name for name in state if OLD_DENSENET.fullmatch(name)]:
        state[OLD_DENSENET.sub(r"\1\2", name)] = state.pop(name)


def _state_dicts(content: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, dict]]:
    """Give each mapping in a checkpoint that has tensors, and the key that leads to it."""
    if not isinstance(content, Mapping) or depth > DEEPEST:
        return
    tensors = {str(name): v for name, v in content.items() if isinstance(v, torch.Tensor)}
    if tensors:
        yield path, tensors
    for name, inner in content.items():
        yield from _state_dicts(inner, f"{path}.{name}".removeprefix("."), depth + 1)


def _proposal(content: Any, expected: Mapping[str, tuple[int, ...]], fitting: int) -> str:
    """Return a sentence with the key and prefix with which most tensors fit, if more than now."""
    best, most = ("", ""), fitting
    for path, tensors in _state_dicts(content):
        counts: Counter[str] = Counter()
        for name, tensor in tensors.items():
            parts = name.split(".")
            for start in range(len(parts)):
                inner = ".".join(parts[start:])
                if expected.get(inner) == tuple(tensor.shape):
                    counts[".".join(parts[:start]) + "." * bool(start)] += 1
        for prefix, count in counts.items():
            if count > most:
                best, most = (path, prefix), count
    if most == fitting:
        return ""
    keys = [
        f"{name}: {value!r}"
        for name, value in zip(("key", "prefix"), best, strict=True)
        if value and not (name == "key" and value in WRAPPERS)
    ]
    if not keys:
        return ""
    return (
        f" With {', '.join(keys)} under weights, {most} of the model's {len(expected)} tensors fit"
    )


def _unfit(
    file: str | Path,
    what: str,
    names: list[str],
    content: Any,
    state: Mapping[str, torch.Tensor],
    expected: Mapping[str, tuple[int, ...]],
) -> VentralError:
    fitting = sum(expected.get(name) == tuple(tensor.shape) for name, tensor in state.items())
    beside = ""
    if fitting < len(expected) / 2:  # a few odd ones are named above
        others = _shown([name for name in state if name not in expected])
        own = _shown([name for name in expected if name not in state])
        if others and own:
            beside = f". In the file: {others}; in the model: {own}"
    proposal = _proposal(content, expected, fitting)
    if not proposal and fitting:
        proposal = " To load what fits, give strict: false under weights"
    return VentralError(
        f"{file} does not fit the model: {len(names)} tensor(s) {what}: {_shown(names)}{beside}."
        + proposal
    )


def _shown(names: list[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
