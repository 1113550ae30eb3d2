"""Shallow convolutional networks, small enough to be trained on responses alone."""

from collections import OrderedDict

import torch
from torch import nn

from ventral.errors import VentralError

LAYERS = (4, 6)
FIRST_WIDTH, LARGEST_WIDTH = 32, 256


class ShallowCNN(nn.Module):
    """Stages of convolution, batch normalisation, ReLU and, in every second one, max pooling.

    The layers are ``stage1`` to ``stage{layers}`` and ``avgpool``. The first stage has kernels of
    7 × 7 with stride 2, all others of 3 × 3. Stages 1, 3 and 5 pool. The number of channels doubles
    in each further stage that pools, from 32 to at most 256.

    Parameters
    ----------
    layers : int
        Number of stages.
    """

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.stages = layers
        width, before = FIRST_WIDTH, 3
        for number in range(1, layers + 1):
            first, pools = number == 1, number % 2 == 1
            if pools and not first:
                width = min(2 * width, LARGEST_WIDTH)
            parts = [
                ("conv", nn.Conv2d(before, width, 7, 2, 3, bias=False))
                if first
                else ("conv", nn.Conv2d(before, width, 3, 1, 1, bias=False)),
                ("norm", nn.BatchNorm2d(width)),
                ("relu", nn.ReLU(inplace=True)),
            ]
            if pools:
                parts.append(("pool", nn.MaxPool2d(2)))
            self.add_module(f"stage{number}", nn.Sequential(OrderedDict(parts)))
            before = width
        self.avgpool = nn.AdaptiveAvgPool2d(1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the pooled last stage, (batch, channels), for images, (batch, 3, size, size)."""
        for number in range(1, self.stages + 1):
            images = self.get_submodule(f"stage{number}")(images)
        return self.avgpool(images).flatten(1)


def shallow_cnn(layers: int) -> ShallowCNN:
    """Build a shallow CNN with random weights.

    Parameters
    ----------
    layers : int
        Number of convolutional layers, 4 or 6.

    Returns
    -------
    ShallowCNN

    Raises
    ------
    VentralError
        If `layers` is neither 4 nor 6.
    """
    if layers not in LAYERS:
        raise VentralError(f"shallow_cnn: layers is {layers!r}; it must be 4 or 6")
    return ShallowCNN(layers)
