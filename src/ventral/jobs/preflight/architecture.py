"""What is known of an architecture before it runs: layers, shapes, parameters, memory, arithmetic.

``python -m ventral.jobs.preflight.architecture DESCRIPTOR FOLDERS < QUESTIONS`` answers many
questions, a JSON list of the arguments of `describe`. It writes a line to the open file DESCRIPTOR
when torch is imported, and then one for each answer, a JSON object. Modules of the user's own are
looked for in FOLDERS, after all that is installed. So a config can be checked, and a job's
memory predicted, from a process that does not import torch (`ventral.jobs.preflight.ask`).
"""

import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from ventral.errors import VentralError
from ventral.networks.build import build_arguments, check_weights, construct, preprocessing_of
from ventral.networks.first_pass import naming_refused_input
from ventral.networks.model_files import ModelFiles
from ventral.networks.tokens import tokens_of

TRAINED_AT_ONCE = 2
"""Stimuli of the pass that is trained: a normalisation has no statistics of a single one."""


def describe(
    architecture: str,
    arguments: dict | None = None,
    weights: str | None = None,
    size: int = 224,
    trainable: Sequence[str] = ("*",),
    preprocessing: Mapping[str, Any] | None = None,
    files: str | None = None,
    digest: str | None = None,
) -> dict:
    """Return what an architecture needs, from passes over tensors without content.

    Parameters
    ----------
    architecture, arguments
        Of a model's entry in the config.
    weights
        Name of a torchvision enum, which may decide arguments.
    size
        Side of the images in pixels.
    trainable
        Patterns over the names of the parameters that are learnt, as in `fnmatch`.
    preprocessing
        Of a named model, what the config says of it; the side of the images follows from it.
    files
        Manifest of what was fetched for a named model.
    digest
        Of the manifest. It changes the question, so that an answer to another is not taken.

    Returns
    -------
    dict
        ``layers``: module paths. ``shapes``: {layer: its output's shape for one stimulus}, as
        `ventral.activations.taps.Taps` records it; also of each call, ``{layer}@{call}``.
        ``tokens``: what of `ventral.activations.pooling.Tokens` is known.
        ``cuda``: whether this torch is built for it.
        ``parameters``: their number. ``flops``: of one stimulus. ``forward_bytes``,
        ``training_bytes``: the most that is alive at once in a forward pass for one stimulus,
        beside the parameters: without gradients, and with all that those of what is learnt need.
        Where a network cannot run without content, all but ``layers``, ``cuda`` and ``parameters``
        are None; ``refused`` is why it does not take images of this size, or None if it does.

    Raises
    ------
    VentralError
        Where the architecture is unknown or refuses the arguments, or there are no such weights.
    """
    if weights is not None:
        check_weights(architecture, weights)
    fetched = None if files is None else ModelFiles(files)
    arguments = build_arguments(architecture, weights, arguments)
    model = _construct(architecture, arguments, fetched).eval()
    if preprocessing is not None:
        size = preprocessing_of(architecture, model, fetched, preprocessing).size
    found = {
        "layers": _names(model),
        "cuda": torch.version.cuda is not None,
        "tokens": vars(tokens_of(model)),
        "parameters": sum(tensor.numel() for tensor in model.state_dict().values()),
        **dict.fromkeys(("shapes", "flops", "forward_bytes", "training_bytes", "refused")),
    }
    device = next((tensor.device for tensor in model.parameters()), torch.device("meta"))
    images = torch.empty(TRAINED_AT_ONCE, 3, size, size, device=device)
    try:
        found |= _passed(model, images[:1])
        found["training_bytes"] = _trained(model, images, trainable)
    except Exception as error:  # a network's own code may raise anything
        found["refused"] = _refusal(architecture, arguments, fetched, size)
        if found["refused"] is None:
            logging.warning("%s cannot be run without content: %s", architecture, error)
    return found


def _refusal(architecture: str, arguments: dict, files: ModelFiles | None, size: int) -> str | None:
    """Return why a network with content does not take images of a size, or None if it does."""
    try:
        with torch.random.fork_rng(devices=[]):
            model = construct(architecture, arguments, files)
        image = torch.zeros(1, 3, size, size)
        with torch.no_grad(), naming_refused_input(model.eval(), image):
            model(image)
    except VentralError as error:
        return str(error)
    except Exception:  # of the machine: the job will say it
        return None
    return None


def _construct(architecture: str, arguments: dict, files: ModelFiles | None) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        try:
            with torch.device("meta"):
                return construct(architecture, arguments, files)
        except NotImplementedError:  # builders that compute with values, such as RegNet's
            return construct(architecture, arguments, files)


def _names(model: nn.Module) -> list[str]:
    return [name for name, _ in model.named_modules() if name]


def layer_shapes(model: nn.Module, image: torch.Tensor) -> dict[str, list[int]]:
    """Return the shape of each layer's output for one stimulus, in the order of the network.

    Parameters
    ----------
    model : Module
        In evaluation mode.
    image : Tensor, (1, 3, size, size)
        A preprocessed stimulus.

    Returns
    -------
    dict
        {module path: shape}, without layers that are not called, or that give no tensor of
        floating-point numbers whose first axis is the stimulus.
    """
    shapes = _passed(model, image)["shapes"]
    return {name: shapes[name] for name in _names(model) if name in shapes}


def _passed(model: nn.Module, image: torch.Tensor) -> dict:
    """Return shapes, flops and memory of a forward pass on one stimulus, (1, 3, size, size)."""
    shapes: dict[str, list[int]] = {}

    calls: Counter[str] = Counter()

    def look(name: str, output: object) -> None:
        calls[name] += 1
        if hasattr(output, "to_tuple"):  # of transformers
            output = output.to_tuple()
        tensors = output if isinstance(output, tuple | list) else [output]
        first = next((item for item in tensors if isinstance(item, torch.Tensor)), None)
        if first is not None and first.shape[:1] == (1,) and first.is_floating_point():
            shapes[name] = shapes[f"{name}@{calls[name]}"] = list(first.shape[1:])

    handles = [
        module.register_forward_hook(lambda _, inputs, output, name=name: look(name, output))
        for name, module in model.named_modules()
        if name
    ]
    alive, counted = _Alive(model), FlopCounterMode(display=False)
    with torch.no_grad(), counted, alive:
        model(image)
    for handle in handles:
        handle.remove()
    return {
        "shapes": shapes,
        "flops": counted.get_total_flops(),
        "forward_bytes": alive.most + image.nbytes,
    }


def _trained(model: nn.Module, images: torch.Tensor, trainable: Sequence[str]) -> int:
    """Return what a forward pass keeps for its gradients, in bytes per stimulus."""
    model.train()
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(any(fnmatchcase(name, pattern) for pattern in trainable))
    alive = _Alive(model)
    with alive:
        model(images)
    return alive.most // len(images) + images[0].nbytes


class _Alive(TorchDispatchMode):
    """Follows the tensors that operations make, and keeps the most bytes alive at once."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.most = 0
        # A view of a parameter is made by an operation too, and takes no memory.
        self._existing = {
            t.untyped_storage()._cdata for t in (*model.parameters(), *model.buffers())
        }
        self._made: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        arguments: Sequence[Any] = (),
        keywords: Mapping[str, Any] | None = None,
    ) -> Any:
        made = function(*arguments, **(keywords or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                if storage._cdata not in self._existing:
                    self._made[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
        self._made = {key: item for key, item in self._made.items() if not item[0].expired()}
        self.most = max(self.most, sum(size for _, size in self._made.values()))
        return made


def _answer(question: Mapping) -> dict:
    """Return a description, or ``{"error": reason}``, whatever the code of an architecture does."""
    try:
        return describe(**question)
    except VentralError as error:
        return {"error": str(error)}
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a user's module may even end the process
        reason = f"{type(error).__name__}: {error}"
        return {"error": f"architecture {question['architecture']!r} cannot be built: {reason}"}


def _main() -> None:
    questions = json.load(sys.stdin)
    descriptor = int(sys.argv[1])
    sys.path += sys.argv[2:]
    os.set_inheritable(descriptor, False)
    with open(descriptor, "w", encoding="utf-8", buffering=1) as answers:  # line by line
        print("torch is imported", file=answers)
        for question in questions:
            print(json.dumps(_answer(question)), file=answers)


if __name__ == "__main__":
    _main()
