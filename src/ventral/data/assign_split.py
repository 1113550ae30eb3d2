"""Draw the split of a data set, or take the one that the data set has."""

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

from ventral.data.folds import FOLD_METHODS, FRACTIONS, fold_count, part_sizes
from ventral.errors import VentralError


def random_split(
    n: int,
    fractions: Mapping[str, float] = FRACTIONS,
    seed: int = 0,
    stratify: np.ndarray | None = None,
) -> np.ndarray:
    """Draw a random split into train, validation and test.

    Parameters
    ----------
    n : int
        Number of stimuli.
    fractions : mapping
        Relative sizes of the parts; a part may be 0.
    seed : int
        Seed of the drawing.
    stratify : ndarray, (n,), optional
        Labels, such as the object of each stimulus; each part has the same proportions of them.

    Returns
    -------
    ndarray of str, (n,)
        A member of `SPLITS` for each stimulus.

    Raises
    ------
    VentralError
        If a part would be empty or a label is too rare for every part to have it.
    """
    names = np.full(n, "train", dtype=object)
    remaining = np.arange(n)
    for part, size in part_sizes(n, fractions).items():
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
    """Draw random folds, each of which splits all stimuli into train and test.

    They are scikit-learn's KFold (shuffled) and ShuffleSplit, or the stratified forms of both.

    Parameters
    ----------
    n : int
        Number of stimuli.
    method : str
        ``k_fold`` (each stimulus is tested once) or ``repeated`` (each fold draws its test stimuli
        independently).
    folds : int
        Number of folds.
    test_fraction : float
        Fraction of test stimuli; only for ``repeated``.
    seed : int
        Seed of the drawing.
    stratify : ndarray, (n,), optional
        Labels; the test stimuli of each fold have the same proportions of them.

    Returns
    -------
    list of ndarray of str, (n,)
        "train" or "test" for each stimulus, one array per fold.

    Raises
    ------
    VentralError
        If there are too few stimuli, or too few with one of the labels.
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
    """Make the split table of a data set.

    Parameters
    ----------
    stimuli : DataFrame
        The stimulus table.
    settings : mapping
        ``method`` is ``given`` (the data set's own split); ``random`` or ``stratified``, with
        ``fractions``; ``k_fold``, with ``folds``; or ``repeated``, with ``repeats`` and
        ``test_fraction``. All but the first have ``seed``. ``by`` names the column of the stimulus
        table to stratify by; its default is ``object`` for ``stratified``, and none for folds.

    Returns
    -------
    DataFrame
        ``stimulus_id`` and ``split``, or ``stimulus_id`` and a column per fold.

    Raises
    ------
    VentralError
        If the column to stratify by does not exist, or a part would be empty.
    """
    method = settings["method"]
    if method == "given":
        return stimuli[["stimulus_id", "split"]].reset_index(drop=True)
    by = settings.get("by", "object" if method == "stratified" else None)
    labels = None
    if by is not None and method != "random":
        if by not in stimuli:
            raise VentralError(
                f"split: by: {by!r} is not a column of the stimulus table; it has"
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
