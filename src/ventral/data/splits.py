"""Splits: which stimuli train a readout, which choose, which test."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from ventral.data.stimuli import SPLITS
from ventral.errors import VentralError

FRACTIONS = {"train": 4, "validation": 1, "test": 1}


def random_split(
    n: int,
    fractions: Mapping[str, float] = FRACTIONS,
    seed: int = 0,
    stratify: np.ndarray | None = None,
) -> np.ndarray:
    """Draw a seeded split of n stimuli.

    fractions: relative sizes of train, validation and test; a part may be 0.
    stratify: (n,) labels whose proportions each part keeps, e.g. the object of each stimulus.

    Returns (n,) strings of `SPLITS`. Raises `VentralError` where a part would be empty or a label
    is too rare to stand in every part.
    """
    total = sum(fractions.get(part, 0) for part in SPLITS)
    names = np.full(n, "train", dtype=object)
    remaining = np.arange(n)
    for part in ("test", "validation"):
        size = round(n * fractions.get(part, 0) / total)
        if fractions.get(part, 0) and not 0 < size < len(remaining):
            raise VentralError(f"split: {n} stimuli are too few for a {part} part of {size}")
        if size:
            labels = None if stratify is None else np.asarray(stratify)[remaining]
            try:
                remaining, taken = train_test_split(
                    remaining, test_size=size, random_state=seed, stratify=labels
                )
            except ValueError as error:
                raise VentralError(f"split: cannot stratify: {error}") from error
            names[taken] = part
    return names


def rows_of(split: pd.DataFrame, part: str) -> np.ndarray:
    """Return the rows, (rows,) indices, of one part of a split table.

    Raises `VentralError` where the part is empty.
    """
    rows = np.flatnonzero(split["split"] == part)
    if not len(rows):
        raise VentralError(f"the split has no {part} stimuli")
    return rows


def assign_split(stimuli: pd.DataFrame, settings: Mapping) -> pd.DataFrame:
    """Return the split table of a data set: ``stimulus_id``, ``split``.

    settings: ``method`` is ``given`` (the data set's own split), ``random`` or ``stratified``;
        with ``fractions``, ``seed`` and, for stratified, ``by`` (a column of the stimulus table).
    """
    if settings["method"] == "given":
        split = stimuli["split"].to_numpy()
    else:
        labels = None
        if settings["method"] == "stratified":
            if settings["by"] not in stimuli:
                raise VentralError(
                    f"split: by: {settings['by']!r} is no column of the stimulus table; it has"
                    f" {', '.join(stimuli.columns)}"
                )
            labels = stimuli[settings["by"]].to_numpy()
        split = random_split(len(stimuli), settings["fractions"], settings["seed"], labels)
    return pd.DataFrame({"stimulus_id": stimuli["stimulus_id"], "split": split})
