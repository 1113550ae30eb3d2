"""Which splits have folds, and how many; known without importing scikit-learn."""

from collections.abc import Mapping

FOLDED = {"k_fold": "folds", "repeated": "repeats"}
"""Method of a split: the setting that counts its folds."""


def fold_count(split: Mapping) -> int:
    """Return the number of folds of a split's settings, 0 where it has none."""
    return split[FOLDED[split["method"]]] if split["method"] in FOLDED else 0
