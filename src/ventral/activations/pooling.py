"""Pooling of a layer's output over positions: of the maps of a CNN, or the tokens of a ViT."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ventral.errors import VentralError

if TYPE_CHECKING:
    import torch

POOLS = ("none", "cls", "mean", "max")


@dataclass(frozen=True)
class Tokens:
    """The tokens of a transformer that stand before those of the patches.

    Parameters
    ----------
    prefix : int or None
        Their number: the class token and registers; None where the network does not say.
    has_class : bool
        Whether the first of them is a class token.

    """

    prefix: int | None = None
    has_class: bool = False


class Pooling:
    """Takes the class token of a layer's output, or its mean or maximum over positions.

    The axes are told from the shape, which is that of square images: (channels, height, width) or
    (height, width, channels) with equal sides, or (tokens, features), where the tokens behind the
    prefix are a square number.

    Parameters
    ----------
    pool : str
        ``none``, ``cls``, ``mean`` or ``max``.
    tokens : Tokens
        Of the network.

    """

    def __init__(self, pool: str = "none", tokens: Tokens | None = None) -> None:
        self.pool = pool
        self.tokens = tokens or Tokens()

    def shape(self, layer: str, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the shape of a layer's pooled output for one stimulus.

        Parameters
        ----------
        layer : str
            Its name, for messages.
        shape : sequence of int
            Of its output for one stimulus.

        Returns
        -------
        tuple of int
            (channels,), or `shape` itself without pooling.

        Raises
        ------
        VentralError
            Where the layer has no such tokens or positions.

        """
        if self.pool == "none":
            return tuple(shape)
        if len(shape) == 3 and self.pool != "cls":
            return (shape[_channel_axis(layer, shape)],)
        if len(shape) == 2:
            self._first(layer, shape)
            return (shape[1],)
        what = "class token" if self.pool == "cls" else "positions"
        raise VentralError(
            f"layer {layer!r} has no {what}: it gives {' × '.join(map(str, shape))} for one"
            f" stimulus. Give another pool than {self.pool}, or move it to another tap set"
        )

    def __call__(self, layer: str, output: "torch.Tensor") -> "torch.Tensor":
        """Pool the output of a layer.

        Parameters
        ----------
        layer : str
            Its name, for messages.
        output : Tensor, (batch, …)

        Returns
        -------
        Tensor, (batch, channels)
            `output` itself without pooling.

        """
        shape = tuple(output.shape[1:])
        self.shape(layer, shape)
        if self.pool == "none":
            return output
        if len(shape) == 3:
            axes = tuple(1 + axis for axis in range(3) if axis != _channel_axis(layer, shape))
            return output.mean(axes) if self.pool == "mean" else output.amax(axes)
        first = self._first(layer, shape)
        if self.pool == "cls":
            return output[:, 0]
        patches = output[:, first:]
        return patches.mean(1) if self.pool == "mean" else patches.amax(1)

    def _first(self, layer: str, shape: Sequence[int]) -> int:
        """Return the index of the first patch among the tokens of a layer."""
        prefix, count = self.tokens.prefix, shape[0]
        if prefix is None:
            raise VentralError(
                f"layer {layer!r}: pool: {self.pool}: the network does not say how many tokens"
                " stand before those of the patches; give it an attribute num_prefix_tokens"
            )
        if self.pool == "cls" and not self.tokens.has_class:
            raise VentralError(
                f"layer {layer!r}: pool: cls: this network has no class token; give mean or max"
            )
        if _is_square(count - prefix):
            return prefix
        if self.pool != "cls" and _is_square(count):  # before the class token is put in front
            return 0
        raise VentralError(
            f"layer {layer!r}: pool: {self.pool}: its {count} × {shape[1]} values are not those of"
            f" {prefix} token(s) and a square of patches; choose the module that contains it"
        )


def _is_square(count: int) -> bool:
    return count > 0 and math.isqrt(count) ** 2 == count


def _channel_axis(layer: str, shape: Sequence[int]) -> int:
    first, second, third = shape
    if second == third != first or second == third == 1:
        return 0
    if first == second != third:
        return 2
    raise VentralError(
        f"layer {layer!r}: pool: which axis of {first} × {second} × {third} holds the channels"
        " cannot be told; give pool: none, or another preprocessing: size"
    )
