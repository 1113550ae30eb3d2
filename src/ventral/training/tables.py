"""Tables of training: what was trained, what it gained, and the accuracy of classifiers."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ventral.data.responses import Responses
from ventral.data.splits import SCORED
from ventral.errors import naming
from ventral.readouts.head import check_sites
from ventral.scores.resampling import Difference
from ventral.storage.tables import intervals, to_markdown
from ventral.training.gain import gain_in_accuracy, gain_in_explained_variance, verdict
from ventral.training.head_store import HeadOutputs

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
    "test_start_score",
    "test_best_score",
    "test_gain",
    "test_gain_low",
    "test_gain_high",
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


def gains_on_test(
    models: Mapping[str, Mapping],
    heads: Mapping[str, HeadOutputs],
    stimuli: pd.DataFrame,
    responses: Responses | None,
    *,
    seed: int,
    n_bootstrap: int,
) -> dict[str, tuple[float, float, Difference]]:
    """Return what each model gained on the test stimuli, which had no part in its training.

    Parameters
    ----------
    models : mapping
        As for `table_of_training`.
    heads : mapping
        What the head of each says.
    stimuli : DataFrame, n_stimuli rows
        The stimulus table; has a column for every target.
    responses : Responses or None
        To the stimuli, where a model is trained on responses.
    seed, n_bootstrap : int
        Of the resampling.

    Returns
    -------
    dict
        {model: score before, score after, and the paired difference}; NaN without test stimuli.
    """
    gains = {}
    for name, model in models.items():
        head = heads[name]
        best = head.outputs[head.test]
        with naming(f"model {name}"):
            if model["task"] == "classification":
                labels = stimuli[model["target"]].astype(str)
                classes = pd.Index(head.names).get_indexer(pd.Index(labels))[head.test]
                found = gain_in_accuracy(
                    head.start, best, classes, seed=seed, n_bootstrap=n_bootstrap
                )
            else:
                assert responses is not None
                check_sites(np.array(head.names), responses.sites["site_id"].to_numpy())
                found = gain_in_explained_variance(
                    head.start,
                    best,
                    responses.average[head.test],
                    seed=seed,
                    n_bootstrap=n_bootstrap,
                )
        gains[name] = found
    return gains


def table_of_training(
    models: Mapping[str, Mapping],
    epochs: Mapping[str, pd.DataFrame],
    gains: Mapping[str, tuple[float, float, Difference]],
) -> pd.DataFrame:
    """Return one row per trained model.

    Parameters
    ----------
    models : mapping
        For each model its ``task``, ``target`` and ``start``; the last is ``random``, the name of
        weights, or the name of a model.
    epochs : mapping
        For each model its table of epochs, see `ventral.training.stage.train_model`.
    gains : mapping
        For each model what `ventral.training.gain` says of the test stimuli.

    Returns
    -------
    DataFrame
        With `TRAINING_COLUMNS`. Scores are the accuracy, or the mean explained variance of the
        head: on validation ``start_score``, of epoch 0, before training, and ``best_score``, of the
        epoch that was chosen there, so their ``gain`` is flattering. ``test_gain`` is on the test
        stimuli, which chose nothing, with its 95 % interval; ``beats_start`` is ``yes`` or ``no``
        if that excludes zero, else ``undecided``.
    """
    rows = []
    for name, model in models.items():
        table = epochs[name]
        start, best = table.iloc[0], table[table["is_best"]].iloc[0]
        test_start, test_best, gain = gains[name]
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
                "gain": best["validation_score"] - start["validation_score"],
                "test_start_score": test_start,
                "test_best_score": test_best,
                "test_gain": gain.estimate,
                "test_gain_low": gain.low,
                "test_gain_high": gain.high,
                "beats_start": verdict(gain),
            }
        )
    return pd.DataFrame(rows, columns=list(TRAINING_COLUMNS))


def table_of_classification(
    models: Mapping[str, Mapping],
    epochs: Mapping[str, pd.DataFrame],
    heads: Mapping[str, HeadOutputs],
    stimuli: pd.DataFrame,
    split: np.ndarray,
) -> pd.DataFrame:
    """Return one row per classifier and split.

    Parameters
    ----------
    models, epochs : mapping
        As for `table_of_training`.
    heads : mapping
        What the head of each says.
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
    for name, model in models.items():
        if model["task"] != "classification":
            continue
        outputs, classes = heads[name].outputs, heads[name].names
        target = model["target"]
        labels = stimuli[target].astype(str).to_numpy(dtype=object)
        right = np.asarray(classes, dtype=object)[outputs.argmax(axis=1)] == labels
        for part in SCORED:
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


def training_in_words(
    table: pd.DataFrame, models: Mapping[str, Mapping], names: Mapping[str, str]
) -> str:
    """Return the table of training as Markdown: labels, and what was gained on test stimuli.

    Parameters
    ----------
    table : DataFrame
        Of `table_of_training`.
    models : mapping
        As for `table_of_training`.
    names : mapping
        How each model is called, see `ventral.scores.reporting.variant_names`.
    """
    of_classes = table["task"] == "classification"
    targets = [models[name]["target"] for name in table["model"]]
    shown = pd.DataFrame(
        {
            "Model": table["model"].map(names),
            "Learns": np.where(of_classes, targets, "responses"),
            "Starts from": [names.get(start, start) for start in table["start"]],
            "Retrained parameters": [f"{count:,.0f}" for count in table["retrained_parameters"]],
            "Epoch": [
                f"{best} of {last}"
                for best, last in zip(table["best_epoch"], table["epochs"], strict=True)
            ],
            "Before": table["test_start_score"],
            "After": table["test_best_score"],
            "Gain": table["test_gain"],
            "95% interval": intervals(table["test_gain_low"], table["test_gain_high"]),
            "Beats its start": table["beats_start"],
        },
        dtype=object,
    )
    return (
        to_markdown(shown, ["Retrained parameters", "Before", "After", "Gain"])
        + "\n\nBefore and after training: the explained variance of the network's own output, mean"
        " over sites, or the accuracy of a network that learns classes, on the test stimuli, which"
        " had no part in training. The epoch is the best on validation."
    )


def classification_in_words(table: pd.DataFrame, names: Mapping[str, str]) -> str:
    """Return the table of classification as Markdown, with labels.

    Parameters
    ----------
    table : DataFrame
        Of `table_of_classification`.
    names : mapping
        As for `training_in_words`.
    """
    shown = pd.DataFrame(
        {
            "Model": table["model"].map(names),
            "Target": table["target"],
            "Split": table["split"],
            "Accuracy": table["accuracy"],
            "Chance": table["chance"],
            "Stimuli": table["n_stimuli"],
            "Classes": table["n_classes"],
        },
        dtype=object,
    )
    return (
        to_markdown(shown, ["Accuracy", "Chance", "Stimuli", "Classes"])
        + "\n\nAccuracy is the fraction of stimuli whose class is named rightly; chance is that of"
        " naming the most frequent class."
    )
