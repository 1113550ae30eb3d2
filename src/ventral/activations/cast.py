"""The type that a layer's activations are stored in, and what storing them so costs."""

import math

import numpy as np
import torch

from ventral.errors import VentralError

DTYPES = {"auto": torch.float16, "float16": torch.float16, "float32": torch.float32}
"""What is stored at first; of ``auto``, layers that lose too much are stored as float32 then."""

TOLERATED_LOSS = 1e-4
"""Of a layer's variance over stimuli."""

LARGEST_EXPONENT = 9
"""A scaled layer begins with values up to 2¹⁰: 64 times larger ones still fit into float16, and
values 2²³ times smaller still have all of its digits."""

MEASURED_AT_ONCE = 2**20
"""Number of values; more would need memory for copies of a whole batch of a wide layer."""


class Cast:
    """Casts the activations of one layer, and measures what that costs.

    With ``auto``, values are divided by a power of two before they become float16, which changes
    none of their digits. It is chosen on the first batch.

    Parameters
    ----------
    layer : str
        Its name, for messages.
    dtype : str
        ``auto``, ``float16`` or ``float32``.

    Attributes
    ----------
    dtype : str
        Of the stored values.
    scale_factor : float
        What a stored value is multiplied with to undo the scale.

    Raises
    ------
    VentralError
        If the type is unknown.
    """

    def __init__(self, layer: str, dtype: str) -> None:
        if dtype not in DTYPES:
            raise VentralError(f"activations of dtype {dtype!r}: give one of {', '.join(DTYPES)}")
        self.layer = layer
        self.scale_factor = 1.0
        self._is_scaled = dtype == "auto"
        self._type = DTYPES[dtype]
        self.dtype = str(self._type).removeprefix("torch.")
        self._overflows = False
        self._n = 0
        self._reference: torch.Tensor | None = None
        self._squares = np.zeros(2)
        self._sums: np.ndarray | None = None

    def __call__(self, flat: torch.Tensor, first_stimulus: int) -> np.ndarray:
        """Cast the values of some stimuli.

        Parameters
        ----------
        flat : Tensor, (batch, n_features)
            In the type of the forward pass, on any device.
        first_stimulus : int
            Index of the first stimulus, for messages.

        Returns
        -------
        ndarray, (batch, n_features)
            Divided by `scale_factor`, in `dtype`.

        Raises
        ------
        VentralError
            If a value is NaN or infinite, or exceeds a type that was asked for.
        """
        low, high = (bound.item() for bound in torch.aminmax(flat))  # a NaN makes both NaN
        largest = max(-low, high)
        if not math.isfinite(largest):
            raise self._not_finite(flat, first_stimulus)
        if self._is_scaled and not self._n:
            self.scale_factor = _scale_factor(largest)
        if largest / self.scale_factor > torch.finfo(self._type).max:
            if not self._is_scaled:
                raise self._too_large(flat, first_stimulus, largest)
            self._overflows = True
        stored = (flat / self.scale_factor if self.scale_factor != 1 else flat).to(self._type)
        if self._type != torch.float32 and not self._overflows:
            self._measure(flat, stored)
        self._n += len(flat)
        return stored.to("cpu", copy=stored.data_ptr() == flat.data_ptr()).numpy()

    def loss(self) -> float:
        """Return the fraction of the variance over stimuli, of all features together, that is lost.

        Returns
        -------
        float
            Infinite where values exceeded the type; 0 for a layer without variance.
        """
        if self._overflows:
            return math.inf
        if self._sums is None:
            return 0.0
        lost, whole = self._squares - (self._sums**2).sum(axis=1) / self._n
        return float(max(lost, 0.0) / whole) if whole > 0 else 0.0

    def loss_in_words(self) -> str:
        """Return a clause with the layer and what is lost."""
        what = f"layer {self.layer!r}: "
        if self._overflows:
            return what + f"values exceed the range of {self.dtype}"
        return what + f"{self.dtype} loses {self.loss():.2g} of the variance over stimuli"

    def _measure(self, flat: torch.Tensor, stored: torch.Tensor) -> None:
        if self._reference is None or self._sums is None:
            self._reference = flat[0].float().clone()  # large offsets would cancel digits of sums
            self._sums = np.zeros((2, flat.shape[1]))
        rows = max(1, MEASURED_AT_ONCE // flat.shape[1])
        for start in range(0, len(flat), rows):
            values = flat[start : start + rows].float()
            error = values - stored[start : start + rows].float() * self.scale_factor
            for index, part in enumerate((error, values - self._reference)):
                self._squares[index] += part.square().sum().item()
                self._sums[index] += part.sum(dim=0).cpu().numpy()

    def _too_large(self, flat: torch.Tensor, first: int, largest: float) -> VentralError:
        limit = torch.finfo(self._type).max
        return VentralError(
            f"{self._place(flat.abs() > limit, first)}: activations up to {largest:.6g} exceed the"
            f" range of {self._type} ({limit:.0f}). Set `dtype: auto` in the model's entry"
        )

    def _not_finite(self, flat: torch.Tensor, first: int) -> VentralError:
        finite = flat.isfinite()
        kept = flat[finite].abs()
        largest = f"{kept.max().item():.6g}" if kept.numel() else "none"
        return VentralError(
            f"{self._place(~finite, first)}: {int((~finite).sum())} activations are NaN or infinite"
            f" already in float32 (the largest finite one is {largest}): another `dtype` in the"
            " model's entry will not help; check the model's weights and its preprocessing"
        )

    def _place(self, bad: torch.Tensor, first: int) -> str:
        stimulus = first + int(bad.any(dim=1).nonzero()[0])
        return f"layer {self.layer!r}, first at stimulus number {stimulus}"


def _scale_factor(largest: float) -> float:
    """Return the power of two that brings the largest value under 2¹⁰."""
    if largest == 0:
        return 1.0
    exponent = math.frexp(largest)[1] - 1 - LARGEST_EXPONENT
    return math.ldexp(1.0, max(-126, min(exponent, 126)))
