"""Splits that have folds. Imports nothing heavy: the workflow asks when it is parsed."""

from collections.abc import Mapping

FOLD_METHODS = {"k_fold": "folds", "repeated": "repeats"}
"""Method of a split that has folds: the setting that counts them."""


def fold_count(split: Mapping) -> int:
    """Return the number of folds of a split's settings, 0 where it has none."""
    return split[FOLD_METHODS[split["method"]]] if split["method"] in FOLD_METHODS else 0
