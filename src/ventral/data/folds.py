"""How large the parts of a split are. Imports nothing heavy: the workflow asks in its plan."""

import math
from collections.abc import Iterator, Mapping

FRACTIONS = {"train": 4, "validation": 1, "test": 1}
"""Relative sizes of the parts of a random split."""

IN_DISTRIBUTION = "test_in_distribution"
"""The part that tests on stimuli of the kind that trains, and chooses nothing.

It is set beside ``test``, whose stimuli are of another kind."""

HELD_OUT = ("test", IN_DISTRIBUTION, "validation")
SHIFTED_METHODS = ("shift", "cluster")
"""Methods whose test stimuli are of another kind; they have the part `IN_DISTRIBUTION`, unless its
fraction is 0."""

FOLD_METHODS = {"k_fold": "folds", "repeated": "repeats"}
"""Method of a split that has folds: the setting that counts them."""

CLUSTERED = ("cluster", *FOLD_METHODS)
"""Methods whose groups can be clusters of images; those of the first always are."""


def fold_count(split: Mapping) -> int:
    """Return the number of folds of a split's settings, 0 where it has none."""
    return split[FOLD_METHODS[split["method"]]] if split["method"] in FOLD_METHODS else 0


def part_sizes(n: int, fractions: Mapping[str, float]) -> dict[str, int]:
    """Return the number of stimuli in each part of a random split that does not train.

    Parameters
    ----------
    n : int
        Number of stimuli.
    fractions : Mapping
        Relative sizes of ``train`` and of those parts.

    Returns
    -------
    dict
        By `HELD_OUT`, without `IN_DISTRIBUTION` where that has no fraction. All others train.

    """
    total = sum(fractions.get(part, 0) for part in ("train", *HELD_OUT))
    parts = [part for part in HELD_OUT if part != IN_DISTRIBUTION or fractions.get(part)]
    return {part: round(n * fractions.get(part, 0) / total) for part in parts}


def fractions_of(split: Mapping) -> dict[str, float]:
    """Return the relative sizes of the parts of a split's settings.

    Parameters
    ----------
    split : Mapping
        The settings.

    Returns
    -------
    dict
        With `IN_DISTRIBUTION`: where it is not given, 1 with a method of `SHIFTED_METHODS` and 0
        with others.

    """
    default = 1 if split["method"] in SHIFTED_METHODS else 0
    return {IN_DISTRIBUTION: default, **split["fractions"]}


def has_clusters(split: Mapping) -> bool:
    """Return whether the groups of a split of these settings are clusters of images."""
    return split["method"] == "cluster" or "clusters" in split


def complaints_of_split(split: Mapping) -> Iterator[str]:
    """Give a complaint for each key of a split's settings that its method cannot follow.

    Parameters
    ----------
    split : Mapping
        The settings.

    Yields
    ------
    str
        The key, what is wrong and the remedy.

    """
    method = split["method"]
    if "clusters" in split:
        if method not in CLUSTERED:
            yield f"clusters: method {method!r} has none; give method cluster, or remove the key"
        elif "group" in split:
            yield "clusters: 'group' names other groups; remove one of the two keys"
        elif method == "repeated" and "by" in split:
            yield "clusters: they cannot be stratified; remove this key or 'by'"
    own = split.get("fractions", {}).get(IN_DISTRIBUTION, 0)
    if own and method not in SHIFTED_METHODS and not (method == "random" and "group" in split):
        yield (
            f"fractions: {IN_DISTRIBUTION}: all that tests is in distribution with method"
            f" {method!r}; give shift, cluster, or random with a group, or remove the key"
        )


def has_in_distribution_part(split: Mapping) -> bool:
    """Return whether a split of these settings holds out a part `IN_DISTRIBUTION`."""
    if split["method"] in FOLD_METHODS or split["method"] == "given":
        return False
    return fractions_of(split)[IN_DISTRIBUTION] > 0


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
    if method in SHIFTED_METHODS:  # how many stimuli have the values, or a cluster, is not known
        return n
    fractions = FRACTIONS if method == "given" else fractions_of(split)
    return n - sum(part_sizes(n, fractions).values())
