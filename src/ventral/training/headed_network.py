"""A network with a new linear output on one of its layers, and what of it is retrained."""

import math
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

import torch
from torch import nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _NormBase

from ventral.errors import VentralError, suggest


class _HeadReached(Exception):
    """Unwinds a forward pass once the layer under the head has its output."""


class HeadedNetwork(nn.Module):
    """A network whose layer `layer` feeds a new linear head; what stands behind it is not run.

    This works for any network: nothing is replaced in it, so its state dict stays that of its
    architecture. Of a layer that is called several times in a pass, the last output is taken.

    network: any module on images (batch, 3, size, size).
    layer: module path. outputs: number of the head's outputs.
    pooling: ``average`` takes the mean over positions of a spatial layer (batch, channels, height,
        width) or over tokens (batch, tokens, features); a whole number k takes the means of k × k
        fields of a spatial layer, which keeps where something was; ``none`` flattens.
    dropout: probability, before the head, while training.
    probe: one preprocessed stimulus, (1, 3, size, size).
    seed: of the head's initial parameters.

    Raises `VentralError` for a layer that does not exist or is not called.
    """

    def __init__(
        self,
        network: nn.Module,
        layer: str,
        outputs: int,
        probe: torch.Tensor,
        pooling: str | int = "average",
        dropout: float = 0.0,
        seed: int = 0,
    ):
        super().__init__()
        names = [name for name, _ in network.named_modules() if name]
        if layer not in names:
            raise VentralError(
                f"head: layer {layer!r} is no layer of {type(network).__name__};"
                f" {suggest(layer, names)}"
            )
        self.network = network
        self.layer = layer
        self.pooling = pooling
        self.calls = self._count_calls(probe)
        with torch.no_grad():
            self.width = self.features(probe).shape[1]
        self.dropout = nn.Dropout(dropout)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.head = nn.Linear(self.width, outputs)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Return what the head reads, (batch, width)."""
        taken: list[torch.Tensor] = []

        def take(module: nn.Module, inputs: object, output: object) -> None:
            taken.append(output[0] if isinstance(output, tuple | list) else output)
            if len(taken) == self.calls:
                raise _HeadReached

        handle = self.network.get_submodule(self.layer).register_forward_hook(take)
        try:
            self.network(images)
        except _HeadReached:
            pass
        finally:
            handle.remove()
        output = taken[-1]
        if isinstance(self.pooling, int):
            if output.ndim != 4:
                raise VentralError(
                    f"training: head: pooling: {self.pooling} fields a side need a spatial layer;"
                    f" {self.layer!r} gives shape {tuple(output.shape[1:])}"
                )
            return functional.adaptive_avg_pool2d(output, self.pooling).flatten(1)
        if self.pooling == "average" and output.ndim == 4:
            return output.mean(dim=(2, 3))
        if self.pooling == "average" and output.ndim == 3:
            return output.mean(dim=1)
        return output.flatten(1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the head's outputs, (batch, outputs)."""
        return self.head(self.dropout(self.features(images)))

    def _count_calls(self, probe: torch.Tensor) -> int:
        self.network.eval()
        calls = 0

        def count(module: nn.Module, inputs: object, output: object) -> None:
            nonlocal calls
            calls += 1

        handle = self.network.get_submodule(self.layer).register_forward_hook(count)
        try:
            with torch.no_grad():
                self.network(probe)
        finally:
            handle.remove()
        if not calls:
            raise VentralError(f"head: layer {self.layer!r} is never called in a forward pass")
        return calls

    def reached_parameters(self, probe: torch.Tensor) -> list[str]:
        """Return the names of the network's parameters that the head's outputs depend on."""
        self.network.eval().requires_grad_(True)
        named = list(self.network.named_parameters())
        if not named:
            return []
        # Another sum than of all: behind a normalisation the plain sum would be constant.
        features = self.features(probe)
        gradients = torch.autograd.grad(
            features.square().sum(), [parameter for _, parameter in named], allow_unused=True
        )
        return [
            name for (name, _), found in zip(named, gradients, strict=True) if found is not None
        ]


def freeze_all_but(
    model: HeadedNetwork, patterns: Sequence[str], probe: torch.Tensor, most: int | None = None
) -> tuple[int, int]:
    """Let only the head and the parameters that match a pattern be learnt.

    patterns: as in a shell (`*`, `?`), over parameter names such as ``layer4.0.conv1.weight``;
        none leaves the whole network as it is. most: the most parameters that may be learnt.

    Returns the number of parameters to be retrained in the network, and those of the head.
    Parameters behind the head's layer are not reached, neither changed nor counted. Raises
    `VentralError` for a pattern without a match, and where more than `most` would be learnt.
    """
    reached = model.reached_parameters(probe)
    chosen: set[str] = set()
    for pattern in patterns:
        matched = [name for name in reached if fnmatchcase(name, pattern)]
        if not matched:
            raise VentralError(
                f"training: trainable: {pattern!r} matches no parameter up to layer"
                f" {model.layer!r}; {suggest(pattern, reached)}"
            )
        chosen.update(matched)
    for name, parameter in model.network.named_parameters():
        parameter.requires_grad_(name in chosen)
    retrained = _count(p for p in model.network.parameters() if p.requires_grad)
    head = _count(model.head.parameters())
    if most is not None and retrained + head > most:
        raise VentralError(
            f"training: {retrained + head} parameters would be learnt ({retrained} of the network,"
            f" {head} of the head); max_trainable_parameters allows {most}"
        )
    return retrained, head


def train_mode(model: HeadedNetwork, batch_statistics: str) -> None:
    """Set train mode, but keep the running statistics of frozen normalisations where they are.

    A normalisation without parameters counts as frozen where the whole network is.
    batch_statistics: ``update``, or ``keep`` to hold those of every normalisation.
    """
    model.train()
    any_trainable = batch_statistics == "update" and any(
        parameter.requires_grad for parameter in model.network.parameters()
    )
    for module in model.network.modules():
        if isinstance(module, _NormBase):
            own = [parameter.requires_grad for parameter in module.parameters()]
            module.train(any_trainable and (any(own) or not own))


def _count(parameters: Iterable[nn.Parameter]) -> int:
    return sum(math.prod(parameter.shape) for parameter in parameters)
