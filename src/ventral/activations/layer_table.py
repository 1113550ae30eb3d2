"""A table of the layers of a network: shape, size, and whether float16 serves."""

import math

import numpy as np
import torch
from torch import nn

from ventral.activations.cast import TOLERATED_LOSS
from ventral.activations.pooling import Pooling
from ventral.activations.taps import Taps
from ventral.errors import VentralError
from ventral.jobs.preflight.architecture import layer_shapes
from ventral.networks.preprocessing import Preprocessing

IMAGES = 8
"""More would take longer, and tell hardly more about the range of a layer."""
SIDE = 16
"""Of the noise that becomes an image; resized, it is smooth."""


def tabulate_layers(
    model: nn.Module, preprocessing: Preprocessing, taps: dict[str, list[str]]
) -> dict[str, list]:
    """Return what a user wants to know before choosing layers.

    Parameters
    ----------
    model : Module
        In evaluation mode.
    preprocessing : Preprocessing
        Of its images.
    taps : dict of str to list of str
        The tap sets of the config.

    Returns
    -------
    dict of str to list
        A column each: ``layer``; ``shape`` of its output for one stimulus; ``bytes`` of it in
        float32; ``float16``: ``yes``, or ``no`` where it would lose more than
        `ventral.activations.cast.TOLERATED_LOSS` of the variance over a few images of noise;
        ``tap_set``: where the config records it.
    """
    rng = np.random.default_rng(0)
    images = preprocessing(rng.integers(0, 256, (IMAGES, SIDE, SIDE, 3)).astype(np.uint8))
    layers = list(layer_shapes(model, images[:1]))
    set_of = {layer: name for name, layers_of in taps.items() for layer in layers_of}
    called = [layer for layer in set_of if "@" in layer and layer not in layers]
    shapes, serves = _measured(model, [*layers, *called], images)
    return {
        "layer": list(shapes),
        "shape": [" × ".join(map(str, shape)) for shape in shapes.values()],
        "bytes": [4 * math.prod(shape) for shape in shapes.values()],
        "float16": ["yes" if serves[layer] else "no" for layer in shapes],
        "tap_set": [set_of.get(layer, "") for layer in shapes],
    }


def _measured(
    model: nn.Module, layers: list[str], images: torch.Tensor
) -> tuple[dict[str, tuple[int, ...]], dict[str, bool]]:
    """Return the shape of each layer, and whether float16 serves; one image at a time."""
    taps = Taps(model, layers, images[:1], "auto", Pooling())
    serves = {}
    try:
        for index in range(len(images)):
            taps.record(images[index : index + 1], index)
        serves = {layer: cast.loss() <= TOLERATED_LOSS for layer, cast in taps.casts.items()}
    except VentralError:  # values that are not finite: the extraction will name the layer
        serves = dict.fromkeys(layers, False)
    return taps.shapes, serves
