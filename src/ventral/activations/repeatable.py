"""Layers whose activations change from pass to pass, or with what else is in the batch."""

import numpy as np
import torch

from ventral.activations.taps import Taps
from ventral.errors import VentralError

PROBE_STIMULI = 2
"""More would need more memory than the pass over all stimuli."""
TOLERANCE = 1e-3
"""Of the root mean square of a layer's activations. Kernels for batches of another size add in
another order, which changes float32 by some 1e-6."""


def check_repeatable(taps: Taps, images: torch.Tensor) -> None:
    """Refuse layers that do not give a stimulus the same activations each time.

    A few stimuli are recorded together, together once more, and in two batches.

    Parameters
    ----------
    taps : Taps
        Of the layers; they are left as they are.
    images : Tensor, (n_stimuli, 3, size, size)
        Preprocessed, on the model's device. With one stimulus only the passes are compared.

    Raises
    ------
    VentralError
        Naming the first such layer, by how much it changes, and what to do.
    """
    taps = taps.of(taps.layers, "float32")
    first, again = taps.record(images), taps.record(images)
    for layer in taps.layers:
        changed = _change(first[layer], again[layer])
        if changed > TOLERANCE:
            raise VentralError(
                f"layer {layer!r} changes from one forward pass to the next ({changed:.2g} of its"
                " root mean square): the network draws random numbers, such as a functional dropout"
                " without `training=self.training`. Correct the network, or set `stochastic: true`"
                " in the model's entry, which fixes the seed of what is drawn"
            )
    if len(images) < 2:
        return
    half = len(images) // 2
    parts = [taps.record(images[:half]), taps.record(images[half:])]
    for layer in taps.layers:
        changed = _change(first[layer], np.concatenate([part[layer] for part in parts]))
        if changed > TOLERANCE:
            raise VentralError(
                f"layer {layer!r} changes with the other stimuli of its batch ({changed:.2g} of its"
                " root mean square): such as a normalisation over the batch, BatchNorm without"
                " running statistics. Correct the network, or set `stochastic: true` in the model's"
                " entry; its activations then depend on `batch_size`"
            )


def _change(values: np.ndarray, others: np.ndarray) -> float:
    """Return the root mean square of a difference, relative to that of the values."""
    values, others = values.astype(np.float64), others.astype(np.float64)
    size = np.sqrt((values**2).mean())
    difference = np.sqrt(((values - others) ** 2).mean())
    return float(difference / size) if size else float(difference)
