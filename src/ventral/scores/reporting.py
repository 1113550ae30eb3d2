"""What tables and figures report of a summary, in which order and under which names.

`models` and `readouts` are the descriptions of the config in display order:
``{model: {label, variant, group, architecture, weights, layers}}`` and
``{readout: {label, method, features}}``.

A layer is "committed" if it was chosen by its score on one split to be reported on another, a term
of Brain-Score; the committed setting of a sweep is chosen in the same way.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from ventral.errors import VentralError

GROUPS = ("Images", "Task-driven models", "Goal-driven models")
"""The groups that come first; others follow in the order of the models."""

STREAM = ("V1", "V2", "V4", "IT")
"""Regions from early to late; others follow in alphabetical order."""


def reported_split(summary: pd.DataFrame) -> str:
    """Return the split that tables and figures show.

    Parameters
    ----------
    summary : DataFrame
        ``summary.csv`` of a data set.

    Returns
    -------
    str
        The first of "folds", "test" and "validation" on which a score is defined.

    Raises
    ------
    VentralError
        If no score is defined on any of them.
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
    """Return the words with which a figure names the stimuli of a score."""
    if split == "folds":
        return "Test stimuli of all folds, which chose the layer too"
    return f"{split.capitalize()} split"


def default_readout(readouts: dict[str, dict]) -> str:
    """Return the readout that a figure shows if the config names none for it.

    Parameters
    ----------
    readouts : dict
        Descriptions of the readouts.

    Returns
    -------
    str
        The last ridge_cv; without one, the last readout.

    Raises
    ------
    VentralError
        If there is no readout.
    """
    if not readouts:
        raise VentralError("The config names no readout: a figure needs one, such as ridge_cv.")
    names = list(readouts)
    cross_validated = [name for name in names if readouts[name]["method"] == "ridge_cv"]
    return (cross_validated or names)[-1]


def readout_shown(table: pd.DataFrame, readouts: dict[str, dict], readout: str | None) -> str:
    """Return the readout of a table that a figure shows.

    Parameters
    ----------
    table : DataFrame
        With a column ``readout``.
    readouts : dict
        Descriptions of the readouts.
    readout : str or None
        The one that the config names for figures.

    Returns
    -------
    str
        That one, or `default_readout`; where the table lacks it, the last that the table has.
    """
    readout = readout or default_readout(readouts)
    found = [name for name in readouts if (table["readout"] == name).any()]
    return readout if readout in found or not found else found[-1]


def is_pixels(description: dict) -> bool:
    """Return whether a model is the pixel baseline rather than a network."""
    return description["architecture"] == "pixels"


def regions_in_order(table: pd.DataFrame) -> list[str]:
    """Return the regions of scores or of a summary in the order of the ventral stream."""
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
    """Return the name of each model as tables and figures show it.

    Parameters
    ----------
    models : dict
        Descriptions of the models.

    Returns
    -------
    dict of str to str
        "label, variant"; if two models share both, their groups follow in brackets.
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


def variant_names(variants: Mapping[str, Mapping]) -> dict[str, str]:
    """Return the name of each model as tables show it, variants of sweeps each with its values.

    Parameters
    ----------
    variants : mapping
        Of each model its ``label``, ``variant`` and ``group``, and ``settings``, the values of a
        sweep: what `ventral.study.display.Display.variants` returns.
    """
    described = {}
    for model, given in variants.items():
        settings = settings_in_words(given["settings"])
        variant = "; ".join(filter(None, (given.get("variant"), settings)))
        described[model] = {**given, "variant": variant}
    return model_names(described)


def settings_in_words(settings: Mapping) -> str:
    """Return the values of a variant in words.

    Parameters
    ----------
    settings : Mapping
        {key: value}.

    Returns
    -------
    str
        Such as "learning_rate 0.001, trainable layer3.* layer4.*".

    """

    def value(given: object) -> str:
        if isinstance(given, list):
            return " ".join(map(str, given)) or "none"
        if isinstance(given, dict):
            return " ".join(f"{key} {each}" for key, each in given.items())
        return str(given)

    return ", ".join(f"{key} {value(given)}" for key, given in settings.items())


def features_name(readout: dict, n_components: float) -> str:
    """Return the name of a readout's features: "Raw" or "Top K PCs"; a network's own is "Head".

    Parameters
    ----------
    readout : dict
        Description of the readout.
    n_components : float
        How many it was given, of the summary; a layer may have fewer than the config asks for.
    """
    if readout["method"] == "head":
        return "Head"
    if readout["features"] == "raw":
        return "Raw"
    return "PCs" if np.isnan(n_components) else f"Top {n_components:g} PCs"


def readout_name(readout: dict, n_components: Iterable[float]) -> str:
    """Return a readout in words, such as "Ridge CV on the top 39 to 500 PCs".

    Parameters
    ----------
    readout : dict
        Description of the readout.
    n_components : iterable of float
        How many it was given, of each row of the summary that is shown.
    """
    if readout["method"] == "head":
        return f"{readout['label']}: the network's own output"
    if readout["features"] == "raw":
        return f"{readout['label']} on all features"
    used = sorted({count for count in n_components if not np.isnan(count)})
    if not used:
        return f"{readout['label']} on PCs"
    return (
        f"{readout['label']} on the top "
        + " to ".join(f"{count:g}" for count in dict.fromkeys((used[0], used[-1])))
        + " PCs"
    )


def committed_rows(summary: pd.DataFrame) -> pd.Series:
    """Return a boolean per row of a summary: whether its layer is the committed one."""
    return summary["layer_committed"].fillna(False).astype(bool)


def at_committed_settings(table: pd.DataFrame, summary: pd.DataFrame) -> pd.DataFrame:
    """Keep only the committed variant of each sweep, under the name of the swept entry.

    Parameters
    ----------
    table : DataFrame
        Scores or a summary, with the columns ``region``, ``model`` and ``readout``.
    summary : DataFrame
        Returned by `ventral.scores.summary.commit_settings`.

    Returns
    -------
    DataFrame
        Rows of `table` whose ``model`` and ``readout`` are entries of the config. The new columns
        ``variant`` and ``readout_variant`` hold the names that they have in `table`.
    """
    of_variant = ["region", "model", "readout"]
    entries = ["model_entry", "readout_entry"]
    committed = summary.loc[summary["setting_committed"], [*of_variant, *entries]]
    kept = table.drop(columns=entries, errors="ignore").merge(
        committed.drop_duplicates(), on=of_variant
    )
    return kept.assign(
        variant=kept["model"],
        readout_variant=kept["readout"],
        model=kept["model_entry"],
        readout=kept["readout_entry"],
    )
