"""Splits: which stimuli train a readout, which choose settings, and which test it."""

import numpy as np
import pandas as pd

from ventral.data.folds import IN_DISTRIBUTION
from ventral.errors import VentralError

SINGLE_PARTITION = ""
"""Name of the partition of a split that has no folds."""

GROUP = "group"
"""The column of a split with the group of each stimulus, where no group is divided."""

SCORED = ("train", "validation", "test", IN_DISTRIBUTION)
"""The parts that are scored where a split has them."""

UNUSED = "unused"
"""The part of a stimulus that neither trains nor is scored."""

FOLDS = "folds"
"""The split of the means over folds, where a data set has folds."""


def rows_of(split: pd.DataFrame, part: str) -> np.ndarray:
    """Return the rows of one part of a split table.

    Parameters
    ----------
    split : DataFrame
        Has the column ``split``.
    part : str
        A member of `SCORED`.

    Returns
    -------
    ndarray, (n_rows,)
        Indices in ascending order.

    Raises
    ------
    VentralError
        If the part is empty.
    """
    rows = np.flatnonzero(split["split"] == part)
    if not len(rows):
        raise VentralError(f"the split has no {part} stimuli")
    return rows


def partitions_of(split: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the partitions of a split table.

    Parameters
    ----------
    split : DataFrame
        Returned by `ventral.data.assign_split.assign_split`.

    Returns
    -------
    dict of str to DataFrame
        Each with ``stimulus_id`` and ``split``: one per fold, or a single one, with the name
        `SINGLE_PARTITION`, for a split into train, validation and test.
    """
    if "split" in split:
        return {SINGLE_PARTITION: split}
    return {
        str(name): pd.DataFrame({"stimulus_id": split["stimulus_id"], "split": split[name]})
        for name in split
        if name not in ("stimulus_id", GROUP)
    }


def groups_of(split: pd.DataFrame) -> np.ndarray | None:
    """Return the group of each stimulus, (n_stimuli,), or None if the split has no groups."""
    return split[GROUP].to_numpy() if GROUP in split else None


def stack_folds(arrays: list[np.ndarray]) -> np.ndarray:
    """Stack arrays of equal dimensions, padded with NaN.

    Parameters
    ----------
    arrays : list of numpy.ndarray
        One for each fold; their shapes may differ.

    Returns
    -------
    numpy.ndarray
        (folds, …), each axis as long as the longest.

    """
    shape = tuple(np.max([array.shape for array in arrays], axis=0))
    stacked = np.full((len(arrays), *shape), np.nan)
    for place, array in zip(stacked, arrays, strict=True):
        place[tuple(slice(size) for size in array.shape)] = array
    return stacked
