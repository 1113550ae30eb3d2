"""What of a summary is reported, in which order and under which name.

`models` and `readouts` are the descriptions of the config in display order:
``{model: {label, variant, group, architecture, weights, layers}}`` and
``{readout: {label, method, features, n_components}}``.
"""

from collections import Counter

import pandas as pd

from ventral.errors import VentralError

GROUPS = ("Images", "Task-driven models", "Goal-driven models")
"""The groups that come first; any other follows in the order of the models."""

STREAM = ("V1", "V2", "V4", "IT")
"""Regions from early to late; any other follows in alphabetical order."""


def reported_split(summary: pd.DataFrame) -> str:
    """Return "folds" where the summary has them, "test" where that is defined, else "validation".

    Raises `VentralError` where neither has one.
    """
    defined = summary.loc[summary["explained_variance_mean"].notna(), "split"]
    for split in ("folds", "test", "validation"):
        if (defined == split).any():
            return split
    found = ", ".join(sorted(set(summary["split"]))) or "none"
    raise VentralError(
        "The summary has no defined explained variance on the test or the validation split"
        f" (splits in it: {found}), so there is nothing to report."
    )


def split_in_words(split: str) -> str:
    """Return what a figure says of the stimuli that a score is of."""
    if split == "folds":
        return "Mean over the test stimuli of all folds, which chose the layer too"
    return f"{split.capitalize()} split"


def default_readout(readouts: dict[str, dict]) -> str:
    """Return the readout that a figure shows unless told: the last ridge_cv, else the last."""
    if not readouts:
        raise VentralError("The config names no readout: a figure needs one, such as ridge_cv.")
    names = list(readouts)
    cross_validated = [name for name in names if readouts[name]["method"] == "ridge_cv"]
    return (cross_validated or names)[-1]


def is_pixels(description: dict) -> bool:
    """Tell whether a model is the pixel baseline rather than a network."""
    return description["architecture"] == "pixels"


def regions_in_order(table: pd.DataFrame) -> list[str]:
    """Return the regions of scores or a summary along the ventral stream."""
    late = len(STREAM)
    return sorted(
        table["region"].unique(),
        key=lambda region: (STREAM.index(region) if region in STREAM else late, region),
    )


def groups_in_order(models: dict[str, dict]) -> list[str]:
    """Return the groups of the models: those of `GROUPS`, then the others."""
    present = dict.fromkeys(description["group"] for description in models.values())
    return [group for group in GROUPS if group in present] + [
        group for group in present if group not in GROUPS
    ]


def model_names(models: dict[str, dict]) -> dict[str, str]:
    """Return each model's name for readers, "label, variant".

    Models of two groups may share both; their group is then added in brackets.
    """
    names = {
        model: ", ".join(filter(None, (description["label"], description.get("variant"))))
        for model, description in models.items()
    }
    count = Counter(names.values())
    return {
        model: f"{name} ({models[model]['group']})" if count[name] > 1 else name
        for model, name in names.items()
    }


def features_name(readout: dict) -> str:
    """Return what enters a readout's regression: "Raw" or "Top K PCs"; "Head" has none."""
    if readout["method"] == "head":
        return "Head"
    return "Raw" if readout["features"] == "raw" else f"Top {readout['n_components']} PCs"


def readout_name(readout: dict) -> str:
    """Return a readout in words: "Ridge CV on the top 500 PCs"."""
    if readout["method"] == "head":
        return f"{readout['label']}: the network's own output"
    raw = readout["features"] == "raw"
    return f"{readout['label']} on " + (
        "all features" if raw else f"the top {readout['n_components']} PCs"
    )


def committed_rows(summary: pd.DataFrame) -> pd.Series:
    """Return a boolean for each row: its layer is the committed one."""
    return summary["layer_committed"].fillna(False).astype(bool)


def at_committed_settings(table: pd.DataFrame, summary: pd.DataFrame) -> pd.DataFrame:
    """Keep, of each sweep, the committed variant's rows, under the name of the swept entry.

    table: scores or a summary, with ``region``, ``model`` and ``readout``. summary: of
    `ventral.scores.summary.commit_settings`.

    Adds ``variant``, the model's name in `table`.
    """
    of_variant = ["region", "model", "readout"]
    entries = ["model_entry", "readout_entry"]
    committed = summary.loc[summary["setting_committed"], [*of_variant, *entries]]
    kept = table.drop(columns=entries, errors="ignore").merge(
        committed.drop_duplicates(), on=of_variant
    )
    return kept.assign(
        variant=kept["model"], model=kept["model_entry"], readout=kept["readout_entry"]
    )
