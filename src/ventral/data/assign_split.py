"""Draw the split of a data set, or take the one that the data set has."""

import logging
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
    train_test_split,
)

from ventral.data.folds import (
    FOLD_METHODS,
    FRACTIONS,
    IN_DISTRIBUTION,
    complaints_of_split,
    fold_count,
    fractions_of,
    part_sizes,
)
from ventral.data.splits import GROUP, UNUSED
from ventral.errors import VentralError, suggest

logger = logging.getLogger(__name__)

DRAWS = 20
SMALL_FOLD = 20
UNGROUPED = ("given", "stratified", "shift", "cluster")
"""Methods that take no groups of the stimulus table."""


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
        A member of `ventral.data.splits.SCORED` for each stimulus.

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


def grouped_split(
    groups: np.ndarray,
    fractions: Mapping[str, float] = FRACTIONS,
    seed: int = 0,
    what: str = "groups",
) -> np.ndarray:
    """Draw a random split into train, validation and test that divides no group.

    Of 20 draws the one is taken whose part is nearest to its size. The part `IN_DISTRIBUTION`, if
    it has a fraction, is drawn at random from the stimuli of the groups that train.

    Parameters
    ----------
    groups : ndarray, (n,)
        Group of each stimulus, such as the scene that it is a view of.
    fractions, seed
        As of `random_split`.
    what : str
        Word for the groups in an error.

    Returns
    -------
    ndarray of str, (n,)
        A member of `ventral.data.splits.SCORED` for each stimulus.

    Raises
    ------
    VentralError
        If there are fewer groups than parts, or too few stimuli for the part `IN_DISTRIBUTION`.
    """
    names = np.full(len(groups), "train", dtype=object)
    sizes = {part: size for part, size in part_sizes(len(groups), fractions).items() if size}
    inside = sizes.pop(IN_DISTRIBUTION, 0)
    count = len(np.unique(groups))
    if count <= len(sizes):
        raise VentralError(f"split: {count} {what} are too few for {len(sizes) + 1} parts")
    remaining = np.arange(len(groups))
    for place, (part, size) in enumerate(sizes.items()):
        left = len(np.unique(groups[remaining]))
        share = min(max(size / len(remaining), 1 / left), 1 - (len(sizes) - place) / left)
        draws = GroupShuffleSplit(DRAWS, test_size=share, random_state=seed)
        kept, taken = min(
            draws.split(remaining, groups=groups[remaining]),
            key=lambda draw: abs(len(draw[1]) - size),
        )
        names[remaining[taken]] = part
        remaining = remaining[kept]
    if fractions.get(IN_DISTRIBUTION):
        if not 0 < inside < len(remaining):
            raise VentralError(
                f"split: the {what} that train have {len(remaining)} stimuli, which are too few to"
                f" hold out {inside} of them as {IN_DISTRIBUTION}; change its fraction"
            )
        _, taken = train_test_split(remaining, test_size=inside, random_state=seed)
        names[taken] = IN_DISTRIBUTION
    return names


def fold_partitions(
    n: int,
    method: str,
    folds: int,
    test_fraction: float = 0.1,
    seed: int = 0,
    stratify: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Draw random folds, each of which splits all stimuli into train and test.

    They are scikit-learn's KFold (shuffled) and ShuffleSplit, or their stratified or grouped forms.

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
    groups : ndarray, (n,), optional
        No group is divided between train and test.

    Returns
    -------
    list of ndarray of str, (n,)
        "train" or "test" for each stimulus, one array per fold.

    Raises
    ------
    VentralError
        If there are too few stimuli, or too few with one of the labels.
    """
    if groups is not None and method == "k_fold" and len(np.unique(groups)) < folds:
        raise VentralError(f"split: {folds} folds need more than {len(np.unique(groups))} groups")
    if method == "k_fold":
        plain, grouped = (
            (KFold, GroupKFold) if stratify is None else (StratifiedKFold, StratifiedGroupKFold)
        )
        kind = plain if groups is None else grouped
        splitter = kind(folds, shuffle=True, random_state=seed)
        rarest = n if stratify is None else np.unique(stratify, return_counts=True)[1].min()
        if rarest < folds:
            what = "stimuli" if stratify is None else "stimuli of the rarest label"
            raise VentralError(f"split: {folds} folds need more than {rarest} {what}")
    elif groups is None:
        kind = ShuffleSplit if stratify is None else StratifiedShuffleSplit
        splitter = kind(folds, test_size=test_fraction, random_state=seed)
    else:
        splitter = GroupShuffleSplit(folds, test_size=test_fraction, random_state=seed)
    partitions = []
    try:
        for _, test in splitter.split(np.zeros(n), stratify, groups):
            partitions.append(np.full(n, "train", dtype=object))
            partitions[-1][test] = "test"
    except ValueError as error:
        raise VentralError(f"split: {folds} folds cannot be drawn: {error}") from error
    smallest = min((partition == "test").sum() for partition in partitions)
    if method == "repeated" and smallest < SMALL_FOLD:
        logger.warning(
            "a fold tests as few as %d stimuli, on which R² and explained variance are biased"
            " downwards: raise test_fraction, or use k_fold, whose predictions are pooled",
            smallest,
        )
    return partitions


def assign_split(
    stimuli: pd.DataFrame, settings: Mapping, clusters: np.ndarray | None = None
) -> pd.DataFrame:
    """Make the split table of a data set.

    Parameters
    ----------
    stimuli : DataFrame
        The stimulus table.
    settings : mapping
        ``method`` is ``given`` (the data set's own split); ``random`` or ``stratified``, with
        ``fractions``; ``shift``, whose test stimuli are of another kind, with ``by``, ``train`` and
        ``test`` (see `shifted_split`); ``cluster``, which validates and tests on whole ``clusters``
        of images; ``k_fold``, with ``folds``; or ``repeated``, with
        ``repeats`` and ``test_fraction``. All but the first have ``seed``. ``by`` names the column
        of the stimulus table to stratify by; its default is ``object`` for ``stratified``, and none
        for folds.
        ``group`` names a column whose values are never divided between parts; with ``clusters``
        the groups of folds are clusters of images. Of ``fractions`` see
        `ventral.data.folds.fractions_of`.
    clusters : ndarray of str, (n,), optional
        The cluster of each image, of `ventral.data.clusters.clusters_for`.

    Returns
    -------
    DataFrame
        ``stimulus_id`` and ``split``, or ``stimulus_id`` and a column per fold; with groups also
        ``group``.

    Raises
    ------
    VentralError
        If the column to stratify or to group by does not exist, a part would be empty, or the
        method cannot keep groups together, has no clusters or no part `IN_DISTRIBUTION`.
    """
    method = settings["method"]
    group = settings.get("group")
    for complaint in complaints_of_split(settings):
        raise VentralError(f"split: {complaint}")
    if group is not None and (method in UNGROUPED or (method == "repeated" and "by" in settings)):
        how = f"method {method!r}" + (" with 'by'" if method == "repeated" else "")
        raise VentralError(
            f"split: group: {how} cannot keep groups together; give method random, k_fold or"
            " repeated, or remove the key"
        )
    if method == "shift":
        return _shift(stimuli, settings)
    if method == "given":
        return stimuli[["stimulus_id", "split"]].reset_index(drop=True)
    by = settings.get("by", "object" if method == "stratified" else None)
    labels = None
    if by is not None and method not in ("random", "cluster"):
        labels = _column(stimuli, "by", by)
    groups, what = None, "groups"
    if clusters is not None:
        groups, what = clusters, "clusters"
    elif group is not None:
        groups = _column(stimuli, "group", group)
    table = pd.DataFrame({"stimulus_id": stimuli["stimulus_id"].to_numpy()})
    if groups is not None:
        table[GROUP] = groups
    n, seed = len(stimuli), settings["seed"]
    if method not in FOLD_METHODS:
        fractions = fractions_of(settings)
        if groups is None:
            table["split"] = random_split(n, fractions, seed, labels)
        else:
            table["split"] = grouped_split(groups, fractions, seed, what)
        return table
    folds = fold_count(settings)
    partitions = fold_partitions(n, method, folds, settings["test_fraction"], seed, labels, groups)
    width = len(str(folds - 1))
    for index, partition in enumerate(partitions):
        table[f"fold_{index:0{width}d}"] = partition
    return table


def shifted_split(
    values: np.ndarray,
    train: Collection[str],
    test: Collection[str],
    fractions: Mapping[str, float] = FRACTIONS,
    seed: int = 0,
) -> np.ndarray:
    """Train on stimuli of some kinds and test on those of others.

    Parameters
    ----------
    values : ndarray of str, (n,)
        The kind of each stimulus.
    train, test : collection of str
        The kinds that train and validate, and those that test.
    fractions : Mapping
        Relative sizes of ``train``, ``validation`` and `IN_DISTRIBUTION`, all of the first kinds.
    seed : int
        Of the drawing of those parts.

    Returns
    -------
    ndarray of str, (n,)
        A member of `ventral.data.splits.SCORED`; ``unused`` for a stimulus of no such kind.
    """
    parts = np.full(len(values), UNUSED, dtype=object)
    inside = np.flatnonzero(np.isin(values, list(train)))
    parts[np.isin(values, list(test))] = "test"
    parts[inside] = random_split(len(inside), {**fractions, "test": 0}, seed)
    return parts


def _shift(stimuli: pd.DataFrame, settings: Mapping) -> pd.DataFrame:
    """Return the split table of a shift, after a check of its keys and values."""
    for key in ("by", "train", "test"):
        if key not in settings:
            raise VentralError(
                f"split: {key} is missing; shift trains on stimuli with some values of the column"
                " `by` and tests on others, such as {by: colour, train: [colour], test: [grey]}"
            )
    values = _column(stimuli, "by", settings["by"])
    both = set(settings["train"]) & set(settings["test"])
    if both:
        raise VentralError(f"split: {sorted(both)[0]!r} is under train and under test")
    for key in ("train", "test"):
        for value in settings[key]:
            if value not in values:
                raise VentralError(
                    f"split: {key}: no stimulus has {value!r} as its {settings['by']};"
                    f" {suggest(value, sorted(set(values)))}"
                )
    kinds = settings["train"], settings["test"]
    split = shifted_split(values, *kinds, fractions_of(settings), settings["seed"])
    return pd.DataFrame({"stimulus_id": stimuli["stimulus_id"].to_numpy(), "split": split})


def _column(stimuli: pd.DataFrame, key: str, name: str) -> np.ndarray:
    if name not in stimuli:
        raise VentralError(
            f"split: {key}: {name!r} is not a column of the stimulus table; it has"
            f" {', '.join(stimuli.columns)}"
        )
    values = stimuli[name].to_numpy().astype(str)
    if key == "group" and (np.char.strip(values) == "").any():
        row = int((np.char.strip(values) == "").argmax())
        raise VentralError(
            f"split: group: stimulus {stimuli['stimulus_id'].iloc[row]!r} has no {name}"
        )
    return values
