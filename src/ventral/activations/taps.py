"""Taps: record the outputs of modules during a forward pass, and stop it after the last one."""

import copy
import functools
import math
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import nn

from ventral.activations.cast import Cast
from ventral.activations.pooling import Pooling
from ventral.errors import VentralError, suggest
from ventral.networks.first_pass import naming_refused_input
from ventral.networks.tap_names import tapped_call


class _AfterLastTap(Exception):
    """Ends a forward pass as soon as every layer has been recorded."""


class Taps:
    """Forward hooks on the layers of a model.

    A probe, one full forward pass on one stimulus, finds how often each layer is called and the
    shape of its output. Every later pass ends with the last of these calls. If a pass calls a
    module several times, the last output is recorded, or that of the call which ``@`` names
    (``relu@1``); if an output is a tuple or a list, its first tensor. A hook copies the output
    immediately, because the next module may overwrite its input (``ReLU(inplace=True)``).

    Parameters
    ----------
    model : Module
        In evaluation mode, on its device.
    layers : iterable of str
        Module paths, see `ventral.networks.tap_names.tapped_call`.
    probe : Tensor, (1, 3, size, size)
        One preprocessed stimulus, on the model's device.
    dtype : str
        Type of the recorded values, ``auto``, ``float16`` or ``float32`` (see `Cast`).
    pooling : Pooling, optional
        Of each layer's output over positions or tokens.

    Attributes
    ----------
    casts : dict of str to Cast
        What gives the values of each layer their type.
    shapes : dict of str to tuple of int
        Shape of each layer's output for one stimulus, pooled, in the order of `layers`.

    Raises
    ------
    VentralError
        If there is no layer, or if a layer does not exist, is not called, or returns anything but a
        floating-point tensor whose first axis is the stimulus.
    """

    def __init__(
        self,
        model: nn.Module,
        layers: Iterable[str],
        probe: torch.Tensor,
        dtype: str = "auto",
        pooling: Pooling | None = None,
    ) -> None:
        layers = list(dict.fromkeys(layers))
        names = [name for name, _ in model.named_modules()]
        self.taps = {layer: tapped_call(layer, set(names)) for layer in layers}
        for layer, (module, _) in self.taps.items():
            if module not in names:
                raise VentralError(
                    f"{type(model).__name__} has no layer {layer!r}; {suggest(layer, names[1:])}"
                )
        if not layers:
            raise VentralError("a tap set without layers")
        self.model = model
        self.layers = layers
        self.casts = {layer: Cast(layer, dtype) for layer in layers}
        self.pooling = pooling or Pooling()
        self.calls, self.outputs = self._probe(probe)
        self.shapes = {
            layer: self.pooling.shape(layer, shape) for layer, shape in self.outputs.items()
        }

    def of(self, layers: Iterable[str], dtype: str) -> "Taps":
        """Return taps of some of the layers, to record them in another type, without a new probe.

        Parameters
        ----------
        layers : iterable of str
            Some of `self.layers`.
        dtype : str
            As of the class.
        """
        others = copy.copy(self)
        others.layers = list(layers)
        others.shapes = {layer: self.shapes[layer] for layer in others.layers}
        others.casts = {layer: Cast(layer, dtype) for layer in others.layers}
        return others

    def record(self, images: torch.Tensor, first_stimulus: int = 0) -> dict[str, np.ndarray]:
        """Record the layers for a batch.

        Parameters
        ----------
        images : Tensor, (batch, 3, size, size)
            Preprocessed, on the model's device.
        first_stimulus : int
            Index of the first stimulus of the batch, for error messages.

        Returns
        -------
        dict of str to ndarray, (batch, n_features)
            The flattened output of each layer, as its `Cast` returns it, in the order of `shapes`.

        Raises
        ------
        VentralError
            As of `Cast`, or if a layer's shape or its number of calls differs between stimuli.
        """
        seen: Counter[str] = Counter()
        recorded: dict[str, np.ndarray] = {}

        def take(layer: str, output: Any) -> None:
            seen[layer] += 1
            if seen[layer] != (self.taps[layer][1] or self.calls[layer]):
                return
            tensor = _first_tensor(layer, output)
            if tensor.shape != (len(images), *self.outputs[layer]):
                raise VentralError(
                    f"layer {layer!r} gives shape {tuple(tensor.shape)} for {len(images)} stimuli"
                    f" from number {first_stimulus}; for one stimulus it gave {self.outputs[layer]}"
                )
            flat = self.pooling(layer, tensor).reshape(len(images), -1)
            recorded[layer] = self.casts[layer](flat, first_stimulus)
            if len(recorded) == len(self.layers):
                raise _AfterLastTap

        self._forward(images, take)
        if len(recorded) < len(self.layers):
            missed = next(layer for layer in self.layers if layer not in recorded)
            raise VentralError(
                f"layer {missed!r} is called {seen[missed]} time(s) for the stimuli from number"
                f" {first_stimulus}, and {self.calls[missed]} for the first: the computation of"
                " this model depends on the stimulus"
            )
        return {layer: recorded[layer] for layer in self.layers}

    def _probe(self, image: torch.Tensor) -> tuple[Counter[str], dict[str, tuple[int, ...]]]:
        calls: Counter[str] = Counter()
        shapes: dict[str, tuple[int, ...]] = {}

        def look(layer: str, output: Any) -> None:
            calls[layer] += 1
            if self.taps[layer][1] not in (None, calls[layer]):
                return
            shape = tuple(_first_tensor(layer, output).shape)
            if shape[:1] != (1,) or not math.prod(shape):
                raise VentralError(
                    f"layer {layer!r} gives shape {shape} for one stimulus: its first axis is not"
                    " the stimulus. Choose the module that contains it"
                )
            shapes[layer] = shape[1:]

        with naming_refused_input(self.model, image, _AfterLastTap):
            self._forward(image, look)
        uncalled = [layer for layer in self.layers if layer not in calls]
        if uncalled:
            raise VentralError(
                f"layer {uncalled[0]!r} is never called in a forward pass of"
                f" {type(self.model).__name__}; it has no activations"
            )
        for layer in self.layers:
            if layer not in shapes:
                raise VentralError(
                    f"layer {layer!r}: {self.taps[layer][0]!r} is called {calls[layer]} time(s) in"
                    f" a forward pass of {type(self.model).__name__}"
                )
        return calls, {layer: shapes[layer] for layer in self.layers}

    def _forward(self, images: torch.Tensor, receive: Callable[[str, Any], None]) -> None:
        handles = [
            self.model.get_submodule(self.taps[layer][0]).register_forward_hook(
                functools.partial(_pass_on, receive, layer)
            )
            for layer in self.layers
        ]
        try:
            with torch.inference_mode():
                self.model(images)
        except _AfterLastTap:
            pass
        finally:
            for handle in handles:
                handle.remove()


def _pass_on(
    receive: Callable[[str, Any], None], layer: str, module: nn.Module, inputs: Any, output: Any
) -> None:
    """Forward hook: give a layer's output to `receive`."""
    receive(layer, output)


def _first_tensor(layer: str, output: Any) -> torch.Tensor:
    if hasattr(output, "to_tuple"):  # of transformers; the order in a plain dict says nothing
        output = output.to_tuple()
    if isinstance(output, tuple | list):
        output = next((item for item in output if isinstance(item, torch.Tensor)), output)
    if not isinstance(output, torch.Tensor) or not output.is_floating_point():
        what = output.dtype if isinstance(output, torch.Tensor) else type(output).__name__
        raise VentralError(f"layer {layer!r} gives {what}, not a floating-point tensor")
    return output
