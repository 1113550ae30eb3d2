"""Tables of training: what was trained, what it gained, and the accuracy of classifiers."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ventral.data.stimuli import SPLITS

TRAINING_COLUMNS = (
    "model",
    "task",
    "start",
    "retrained_parameters",
    "head_parameters",
    "epochs",
    "best_epoch",
    "start_score",
    "best_score",
    "gain",
    "beats_start",
)
CLASSIFICATION_COLUMNS = (
    "model",
    "target",
    "split",
    "accuracy",
    "chance",
    "n_stimuli",
    "n_classes",
    "retrained_parameters",
)

SMALLEST_GAIN = 0.0005
"""A smaller gain counts as none: the three decimals of the tables do not show it."""


def table_of_training(
    models: Mapping[str, Mapping], epochs: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """Return one row per trained model.

    Parameters
    ----------
    models : mapping
        For each model its ``task``, ``target`` and ``start``; the last is ``random``, the name of
        weights, or the name of a model.
    epochs : mapping
        For each model its table of epochs, see `ventral.training.stage.train_model`.

    Returns
    -------
    DataFrame
        With `TRAINING_COLUMNS`. Scores are on validation: the accuracy, or the mean explained
        variance of the head. ``start_score`` is that of epoch 0, before training. ``beats_start``
        is ``yes`` if the best epoch is above it by `SMALLEST_GAIN` or more, else ``no``.
    """
    rows = []
    for name, model in models.items():
        table = epochs[name]
        start, best = table.iloc[0], table[table["is_best"]].iloc[0]
        gain = best["validation_score"] - start["validation_score"]
        rows.append(
            {
                "model": name,
                "task": model["task"],
                "start": model["start"],
                "retrained_parameters": int(best["retrained_parameters"]),
                "head_parameters": int(best["head_parameters"]),
                "epochs": int(table["epoch"].iloc[-1]),
                "best_epoch": int(best["epoch"]),
                "start_score": start["validation_score"],
                "best_score": best["validation_score"],
                "gain": gain,
                "beats_start": "yes" if gain >= SMALLEST_GAIN else "no",
            }
        )
    return pd.DataFrame(rows, columns=list(TRAINING_COLUMNS))


def table_of_classification(
    models: Mapping[str, Mapping],
    epochs: Mapping[str, pd.DataFrame],
    heads: Mapping[str, tuple[np.ndarray, list[str]]],
    stimuli: pd.DataFrame,
    split: np.ndarray,
) -> pd.DataFrame:
    """Return one row per classifier and split.

    Parameters
    ----------
    models, epochs : mapping
        As for `table_of_training`.
    heads : mapping
        For each classifier its logits, (n_stimuli, n_classes), and the names of the classes.
    stimuli : DataFrame, n_stimuli rows
        The stimulus table; has a column for every target.
    split : ndarray, (n_stimuli,)
        The split of each stimulus.

    Returns
    -------
    DataFrame
        With `CLASSIFICATION_COLUMNS`. ``accuracy`` is the fraction of correct classes, ``chance``
        the fraction of stimuli in the most frequent class of the split.
    """
    rows = []
    for name, (outputs, classes) in heads.items():
        target = models[name]["target"]
        labels = stimuli[target].astype(str).to_numpy(dtype=object)
        right = np.asarray(classes, dtype=object)[outputs.argmax(axis=1)] == labels
        for part in SPLITS:
            inside = split == part
            if inside.any():
                frequent = pd.Series(labels[inside]).value_counts(normalize=True).iloc[0]
                rows.append(
                    {
                        "model": name,
                        "target": target,
                        "split": part,
                        "accuracy": right[inside].mean(),
                        "chance": frequent,
                        "n_stimuli": int(inside.sum()),
                        "n_classes": len(classes),
                        "retrained_parameters": int(epochs[name]["retrained_parameters"].iloc[0]),
                    }
                )
    return pd.DataFrame(rows, columns=list(CLASSIFICATION_COLUMNS))
