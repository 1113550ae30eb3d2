"""A network with a new linear head on one of its layers, and the choice of what is trained."""

import math
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _NormBase

from ventral.errors import VentralError, suggest
from ventral.networks.first_pass import naming_refused_input


class _HeadReached(Exception):
    """Ends a forward pass as soon as the layer under the head has its output."""


class HeadedNetwork(nn.Module):
    """A network with a linear head on one of its layers; later layers are not run.

    This works for any network: no module of it is replaced, so its state dict stays that of its
    architecture. If a forward pass calls the layer several times, the head reads the last output.

    Parameters
    ----------
    network : Module
        Any network on images, (batch, 3, size, size).
    layer : str
        Module path of the layer.
    outputs : int
        Number of the head's outputs.
    probe : Tensor, (1, 3, size, size)
        One preprocessed stimulus, from which the shape of the layer is found.
    pooling : str or int
        ``average`` takes the mean over the positions of a spatial layer, (batch, channels, height,
        width), or over tokens, (batch, tokens, features). An integer k takes the means over k × k
        fields of a spatial layer, which keeps coarse positions. ``none`` flattens.
    dropout : float
        Probability of dropout before the head while training.
    seed : int
        Seed of the head's initial parameters.

    Attributes
    ----------
    head : Linear
        The head.
    width : int
        Number of features that the head reads.

    Raises
    ------
    VentralError
        If the layer does not exist or is never called.
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
    ) -> None:
        super().__init__()
        names = [name for name, _ in network.named_modules() if name]
        if layer not in names:
            raise VentralError(
                f"head: layer {layer!r} is not a layer of {type(network).__name__};"
                f" {suggest(layer, names)}"
            )
        self.network = network
        self.layer = layer
        self.pooling = pooling
        self.calls, self.call_order = self._calls(probe)
        with torch.no_grad():
            self.width = self.features(probe).shape[1]
        self.dropout = nn.Dropout(dropout)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.head = nn.Linear(self.width, outputs)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Return the features that the head reads.

        Parameters
        ----------
        images : Tensor, (batch, 3, size, size)
            Preprocessed images.

        Returns
        -------
        Tensor, (batch, width)

        Raises
        ------
        VentralError
            If `pooling` is an integer and the layer is not spatial.
        """
        taken: list[torch.Tensor] = []

        def take(module: nn.Module, inputs: Any, output: Any) -> None:
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
                    f"training: head: pooling: {self.pooling} fields per side need a spatial"
                    f" layer, but the output of {self.layer!r} has shape {tuple(output.shape[1:])}"
                )
            return functional.adaptive_avg_pool2d(output, self.pooling).flatten(1)
        if self.pooling == "average" and output.ndim == 4:
            return output.mean(dim=(2, 3))
        if self.pooling == "average" and output.ndim == 3:
            return output.mean(dim=1)
        return output.flatten(1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the head's outputs, (batch, n_outputs), for images, (batch, 3, size, size)."""
        return self.head(self.dropout(self.features(images)))

    def _calls(self, probe: torch.Tensor) -> tuple[int, list[str]]:
        """Return how often the head's layer is called, and the modules in the order of calls."""
        self.network.eval()
        order: list[str] = []
        handles = [
            module.register_forward_pre_hook(lambda *_, name=name: order.append(name))
            for name, module in self.network.named_modules()
        ]
        try:
            with torch.no_grad(), naming_refused_input(self.network, probe):
                self.network(probe)
        finally:
            for handle in handles:
                handle.remove()
        calls = order.count(self.layer)
        if not calls:
            raise VentralError(f"head: layer {self.layer!r} is never called in a forward pass")
        return calls, list(dict.fromkeys(order))

    def reached_parameters(self, probe: torch.Tensor) -> list[str]:
        """Return the names of the network's parameters that the head's outputs depend on."""
        self.network.eval().requires_grad_(True)
        named = list(self.network.named_parameters())
        if not named:
            return []
        # Squares, because the plain sum of a normalised layer is constant and has no gradient.
        features = self.features(probe)
        gradients = torch.autograd.grad(
            features.square().sum(), [parameter for _, parameter in named], allow_unused=True
        )
        return [
            name for (name, _), found in zip(named, gradients, strict=True) if found is not None
        ]


def freeze_all_but(
    model: HeadedNetwork, patterns: Sequence[str], probe: torch.Tensor, limit: int | None = None
) -> tuple[int, int]:
    """Freeze all parameters except those of the head and those that match a pattern.

    Parameters behind the head's layer have no effect on the outputs: they are neither trained nor
    counted.

    Parameters
    ----------
    model : HeadedNetwork
        Changed in place.
    patterns : sequence of str
        Shell patterns (`*`, `?`) over names of parameters, such as ``layer4.0.conv1.weight``.
        Without any, the whole network is frozen.
    probe : Tensor, (1, 3, size, size)
        One preprocessed stimulus.
    limit : int, optional
        Largest number of parameters that may be trained.

    Returns
    -------
    retrained, head : int
        Number of trained parameters of the network and of the head.

    Raises
    ------
    VentralError
        If a pattern matches no parameter, or if more than `limit` parameters would be trained.
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
    if limit is not None and retrained + head > limit:
        raise VentralError(
            f"training: {retrained + head} parameters would be trained ({retrained} of the network,"
            f" {head} of the head); max_trainable_parameters allows {limit}"
        )
    return retrained, head


def train_mode(model: HeadedNetwork, batch_statistics: str) -> None:
    """Set train mode for what is trained, and evaluation mode for what is frozen.

    A module with parameters is frozen if all of them are. One without, such as a dropout or a
    normalisation without weights, goes with the last module with parameters that is called before
    it, or with the first one where none comes before. So frozen layers compute what they do when
    their activations are recorded: their statistics do not drift, and their dropout is off.

    Parameters
    ----------
    model : HeadedNetwork
        Changed in place.
    batch_statistics : str
        ``update``, or ``keep`` to keep the statistics of every normalisation.
    """
    model.train()
    called = [name for name in model.call_order if _is_weighted(model.network, name)]
    before = bool(called) and _is_trained(model.network.get_submodule(called[0]))
    for module in model.network.modules():
        module.training = _is_trained(module)
    for name in model.call_order:
        module = model.network.get_submodule(name)
        if _is_weighted(model.network, name):
            before = _is_trained(module)
        elif next(module.parameters(), None) is None:
            module.training = before
    if batch_statistics == "keep":
        for module in model.network.modules():
            if isinstance(module, _NormBase):
                module.training = False


def _is_weighted(network: nn.Module, name: str) -> bool:
    """Tell whether a module has parameters of its own, and not only in its parts."""
    return next(network.get_submodule(name).parameters(recurse=False), None) is not None


def _is_trained(module: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters())


def _count(parameters: Iterable[nn.Parameter]) -> int:
    return sum(math.prod(parameter.shape) for parameter in parameters)
