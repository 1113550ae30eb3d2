"""A fit in a store: of one partition, or with a leading axis of folds.

Of a fold only the predictions of its test stimuli are kept; those of its train stimuli are NaN.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ventral.data.responses import Responses
from ventral.data.splits import SINGLE_PARTITION
from ventral.features.pca_store import stack_folds
from ventral.readouts.regression import Readout
from ventral.storage.store_writer import write_store


@dataclass(frozen=True)
class FittedPartition:
    """A readout that was fitted on the train stimuli of a partition.

    split: (stimuli,) strings. predictions: (stimuli, sites). n_components: of its features.
    """

    split: np.ndarray
    readout: Readout
    predictions: np.ndarray
    n_components: int


def write_fit(
    path: str | Path,
    fitted: Mapping[str, FittedPartition],
    responses: Responses,
    *,
    is_raw: bool,
    attributes: dict | None = None,
) -> None:
    """Write the fit of each partition, by name.

    Arrays: ``predictions`` (stimulus, site), ``split`` (stimulus), ``alpha``, ``alpha_on_edge``,
    ``intercept`` (site), ``coefficients`` (component, site), or where `is_raw`
    ``dual_coefficients`` (train_stimulus, site), and ``n_components``, each with a leading axis of
    folds where there are any, with their names in ``fold``; ``stimulus_id`` and ``site_id``.
    """
    is_whole, parts = SINGLE_PARTITION in fitted, list(fitted.values())
    weights = ("dual_coefficients", "train_stimulus") if is_raw else ("coefficients", "component")

    def put(name: str, arrays: list[np.ndarray], dims: tuple[str, ...]) -> None:
        if is_whole:
            store.put(name, arrays[0], dims)
            return
        alike = len({array.shape for array in arrays}) == 1
        stacked = np.stack(arrays) if alike else stack_folds(arrays)
        store.put(name, stacked, ("fold", *dims))

    with write_store(path, attributes) as store:
        predictions = [part.predictions for part in parts]
        if not is_whole:
            predictions = [
                np.where((part.split == "test")[:, None], part.predictions, np.nan)
                for part in parts
            ]
        put("predictions", predictions, ("stimulus", "site"))
        put("split", [part.split for part in parts], ("stimulus",))
        store.put("stimulus_id", responses.stimulus_id, ("stimulus",))
        store.put("site_id", responses.sites["site_id"].to_numpy(), ("site",))
        for name in ("alpha", "alpha_on_edge", "intercept"):
            put(name, [getattr(part.readout, name) for part in parts], ("site",))
        name, axis = weights
        put(name, [getattr(part.readout, name) for part in parts], (axis, "site"))
        counts = [part.n_components for part in parts]
        store.put("n_components", counts, ("one",) if is_whole else ("fold",))
        if not is_whole:
            store.put("fold", np.array(list(fitted), object), ("fold",))
