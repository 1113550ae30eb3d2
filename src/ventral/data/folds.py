"""How large the parts of a split are. Imports nothing heavy: the workflow asks in its plan."""

import math
from collections.abc import Mapping

FRACTIONS = {"train": 4, "validation": 1, "test": 1}
"""Relative sizes of the parts of a random split."""

FOLD_METHODS = {"k_fold": "folds", "repeated": "repeats"}
"""Method of a split that has folds: the setting that counts them."""


def fold_count(split: Mapping) -> int:
    """Return the number of folds of a split's settings, 0 where it has none."""
    return split[FOLD_METHODS[split["method"]]] if split["method"] in FOLD_METHODS else 0


def part_sizes(n: int, fractions: Mapping[str, float]) -> dict[str, int]:
    """Return the number of stimuli in the ``test`` and the ``validation`` part of a random split.

    Parameters
    ----------
    n : int
        Number of stimuli.
    fractions : Mapping
        Relative sizes of ``train``, ``validation`` and ``test``.

    Returns
    -------
    dict
        What is in neither part trains.

    """
    total = sum(fractions.get(part, 0) for part in ("train", "validation", "test"))
    return {part: round(n * fractions.get(part, 0) / total) for part in ("test", "validation")}


def largest_train_part(n: int, split: Mapping) -> int:
    """Return the most train stimuli that every fold of a split can have.

    Parameters
    ----------
    n : int
        Number of stimuli.
    split : Mapping
        The settings of a split that is drawn at random; ``given`` counts as the 4 : 1 : 1 that
        sources draw.

    Returns
    -------
    int
        The number itself where there are no folds.

    """
    method = split["method"]
    if method == "k_fold":  # one of the folds tests at least this share
        return n - math.ceil(n / split["folds"])
    if method == "repeated":
        return n - math.floor(n * split["test_fraction"])
    if method == "shift":  # how many stimuli have the values is not known
        return n
    fractions = FRACTIONS if method == "given" else split["fractions"]
    return n - sum(part_sizes(n, fractions).values())
