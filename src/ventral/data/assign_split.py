"""Draw the split of a data set, or take the one that it comes with."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.model_selection import (
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
    train_test_split,
)

from ventral.data.folds import FOLD_METHODS, fold_count
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


def fold_partitions(
    n: int,
    method: str,
    folds: int,
    test_fraction: float = 0.1,
    seed: int = 0,
    stratify: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Draw the seeded folds of n stimuli, each a partition of all of them into train and test.

    method: ``k_fold`` (each stimulus is tested once) or ``repeated`` (each fold tests a fraction
        drawn anew). folds: their number. test_fraction: of ``repeated``.
    stratify: (n,) labels whose proportions each fold keeps.

    They are scikit-learn's KFold (shuffled), ShuffleSplit and the stratified forms of both.
    Returns (n,) strings per fold. Raises `VentralError` where there are too few stimuli, or too
    few of a label.
    """
    if method == "k_fold":
        kind = KFold if stratify is None else StratifiedKFold
        splitter = kind(folds, shuffle=True, random_state=seed)
        rarest = n if stratify is None else np.unique(stratify, return_counts=True)[1].min()
        if rarest < folds:
            what = "stimuli" if stratify is None else "stimuli of the rarest label"
            raise VentralError(f"split: {folds} folds need more than {rarest} {what}")
    else:
        kind = ShuffleSplit if stratify is None else StratifiedShuffleSplit
        splitter = kind(folds, test_size=test_fraction, random_state=seed)
    partitions = []
    try:
        for _, test in splitter.split(np.zeros(n), stratify):
            partitions.append(np.full(n, "train", dtype=object))
            partitions[-1][test] = "test"
    except ValueError as error:
        raise VentralError(f"split: {folds} folds cannot be drawn: {error}") from error
    return partitions


def assign_split(stimuli: pd.DataFrame, settings: Mapping) -> pd.DataFrame:
    """Return the split table of a data set: ``stimulus_id`` and ``split``, or a column per fold.

    settings: ``method`` is ``given`` (the data set's own split), ``random`` or ``stratified``, with
        ``fractions``; or ``k_fold`` with ``folds``, or ``repeated`` with ``repeats`` and
        ``test_fraction``. All but the first have ``seed``. ``by`` names the column of the stimulus
        table to stratify by; ``stratified`` takes ``object`` without it, folds none.

    Raises `VentralError` for an unknown column and where a part would be empty.
    """
    method = settings["method"]
    if method == "given":
        return stimuli[["stimulus_id", "split"]].reset_index(drop=True)
    by = settings.get("by", "object" if method == "stratified" else None)
    labels = None
    if by is not None and method != "random":
        if by not in stimuli:
            raise VentralError(
                f"split: by: {by!r} is no column of the stimulus table; it has"
                f" {', '.join(stimuli.columns)}"
            )
        labels = stimuli[by].to_numpy().astype(str)
    table = pd.DataFrame({"stimulus_id": stimuli["stimulus_id"].to_numpy()})
    n, seed = len(stimuli), settings["seed"]
    if method not in FOLD_METHODS:
        table["split"] = random_split(n, settings["fractions"], seed, labels)
        return table
    folds = fold_count(settings)
    partitions = fold_partitions(n, method, folds, settings["test_fraction"], seed, labels)
    width = len(str(folds - 1))
    for index, partition in enumerate(partitions):
        table[f"fold_{index:0{width}d}"] = partition
    return table
