"""Tables of training: what each model learnt, whether it gained, and which classes it names."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ventral.data.stimuli import SPLITS

TRAINING_COLUMNS = (
    *("model", "task", "start", "retrained_parameters", "head_parameters", "epochs", "best_epoch"),
    *("start_score", "best_score", "gain", "beats_start"),
)
CLASSIFICATION_COLUMNS = (
    *("model", "target", "split", "accuracy", "chance", "n_stimuli", "n_classes"),
    "retrained_parameters",
)

SMALLEST_GAIN = 0.0005
"""One that three decimals, as in the tables, do not show counts as none."""


def table_of_training(
    models: Mapping[str, Mapping], epochs: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """Return one row per trained model, with `TRAINING_COLUMNS`.

    models: {name: {task, target, start}}; start is ``random``, the weights' name or a model.
    epochs: {name: table of epochs}. Scores are on validation: accuracy, or the mean explained
    variance of the head; ``start_score`` is that of epoch 0, before training, and ``beats_start``
    is ``no`` where the best epoch is not above it by `SMALLEST_GAIN`.
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
    """Return one row per classifier and split, with `CLASSIFICATION_COLUMNS`.

    heads: {name: (logits (stimuli, classes), names of the classes)}. split: (stimuli,).
    ``accuracy`` is the fraction right, ``chance`` that of the split's most frequent class.
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
