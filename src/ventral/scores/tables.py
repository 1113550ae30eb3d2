"""The tables of the report: models at their committed layer, all layers, and all of each sweep."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from ventral.scores.reporting import (
    committed_rows,
    features_name,
    groups_in_order,
    model_names,
    regions_in_order,
)
from ventral.storage.tables import intervals, to_markdown

CORRECTED = "Corrected for noise"
CEILING = "Ceiling"
CROSS_SITE = "Cross-site correlation"
SCORES = {
    "Mean R²": "r2_mean",
    "Explained Variance": "explained_variance_mean",
    "Explained Variance low": "explained_variance_low",
    "Explained Variance high": "explained_variance_high",
    "Median Explained Variance": "explained_variance_median",
    CORRECTED: "explained_variance_corrected_ratio",
    "Pearson r": "pearson_r_mean",
    CROSS_SITE: "cross_site_correlation",
    CEILING: "ceiling_median",
}
COUNTS = {
    "Stimuli": "n_stimuli",
    "Sites": "n_sites",
    "Undefined sites": "n_undefined",
    "Sites with alpha on edge": "n_alpha_on_edge",
}
MODEL_COLUMNS = [
    "Group",
    "Inputs",
    "Features",
    "Regression",
    *SCORES,
    "Layer",
    "Committed on",
    "Setting",
    "Retrained parameters",
    "Beats its start",
    "Region",
    "Split",
    *COUNTS,
]
LAYER_COLUMNS = [
    "Group",
    "Model",
    "Layer",
    "Features",
    "Regression",
    "Region",
    *SCORES,
    "Committed",
    "Committed on",
    "Split",
    *COUNTS,
]
EXPLAINED = ("Explained Variance where chosen", "Explained Variance, test")
SWEEP_COLUMNS = [
    "Model",
    "Readout",
    "Region",
    "Setting",
    "Layer",
    "Retrained parameters",
    *EXPLAINED,
    "Committed",
    "Committed on",
    "Committed by",
]
SCORE = "Score"
NUMERIC = (
    SCORE,
    CEILING,
    "Corrected",
    "Sites",
    "Stimuli",
    "Undefined sites",
    "Alpha on edge",
)
"""Columns of a table in Markdown that are aligned to the right."""

NO_LAYER = "none"
"""Name in place of the layer if no layer has a defined score to be chosen by."""


def table_of_models(
    summary: pd.DataFrame,
    models: dict[str, dict],
    readouts: dict[str, dict],
    split: str,
    training: pd.DataFrame | None = None,
    cross_site: bool = False,
) -> pd.DataFrame:
    """Return one row per (group, region, model, readout), scored at the committed layer.

    Parameters
    ----------
    summary : DataFrame
        ``summary.csv`` of a data set, at the committed settings of sweeps.
    models, readouts : dict
        Descriptions in the order of the config, see `ventral.scores.reporting`.
    split : str
        The split whose scores are shown.
    training : DataFrame, optional
        Returned by `ventral.training.tables.table_of_training`.
    cross_site : bool
        Whether to show the `CROSS_SITE` correlation, the mean of the whole sites × sites block of
        correlations between responses and predictions. It prefers a wrong model to a perfect one,
        so it is shown only where a published one is compared.

    Returns
    -------
    DataFrame
        With `MODEL_COLUMNS`. "Features" are those that were used. Scores are means over sites if
        not said otherwise; "Explained Variance low" and "high" are the ends of the 95% bootstrap
        interval of that mean; "Corrected for noise" is the explained variance of all sites divided
        by what can be explained of all sites; "Ceiling" is the median over sites, of the stimuli
        that are scored. A model without a committed layer has a row without scores. "Setting" is
        the committed variant of a sweep. "Retrained parameters" and "Beats its start" are empty for
        a model that was not trained in this study.
    """
    rows = []
    names = model_names(models)
    trained = _by_model(training)
    for group, region, model, readout, layers in _blocks(summary, models, readouts, split):
        regression = readouts[readout]
        committed = layers[committed_rows(layers)]
        if committed.empty:
            row = layers.iloc[0]
            scores = dict.fromkeys(SCORES, np.nan) | {"Layer": NO_LAYER}
        else:
            row = committed.iloc[0]
            scores = _scores(row) | {"Layer": row["layer"]}
        rows.append(
            {
                "Group": group,
                "Inputs": names[model],
                "Features": features_name(regression, row["n_components"]),
                "Regression": regression["label"],
                "Region": region,
                "Committed on": "" if committed.empty else row["committed_on"],
                "Split": split,
                **scores,
                **_counts(row),
                **_training(layers.iloc[0], trained),
            }
        )
    return pd.DataFrame(rows, columns=_shown(MODEL_COLUMNS, cross_site))


def table_of_layers(
    summary: pd.DataFrame,
    models: dict[str, dict],
    readouts: dict[str, dict],
    split: str,
    cross_site: bool = False,
) -> pd.DataFrame:
    """Return one row per layer of every model with more than one layer.

    Parameters
    ----------
    summary, models, readouts, split, cross_site
        As for `table_of_models`.

    Returns
    -------
    DataFrame
        With `LAYER_COLUMNS`, whose meaning is that of `table_of_models`; layers are in network
        order. "Committed" marks the layer chosen on the stimuli that "Committed on" names.
    """
    rows = []
    names = model_names(models)
    deep = {
        model: description
        for model, description in models.items()
        if len(description["layers"]) > 1
    }
    for group, region, model, readout, layers in _blocks(summary, deep, readouts, split):
        for _, row in layers.assign(committed=committed_rows(layers)).iterrows():
            rows.append(
                {
                    "Group": group,
                    "Model": names[model],
                    "Layer": row["layer"],
                    "Regression": readouts[readout]["label"],
                    "Features": features_name(readouts[readout], row["n_components"]),
                    "Region": region,
                    "Committed": row["committed"],
                    "Committed on": row["committed_on"],
                    "Split": split,
                    **_scores(row),
                    **_counts(row),
                }
            )
    return pd.DataFrame(rows, columns=_shown(LAYER_COLUMNS, cross_site))


def _shown(columns: list[str], cross_site: bool) -> list[str]:
    return [name for name in columns if cross_site or name != CROSS_SITE]


def table_of_sweeps(summary: pd.DataFrame, training: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return one row per variant of a sweep and region, each at its committed layer.

    Parameters
    ----------
    summary : DataFrame
        Returned by `ventral.scores.summary.commit_settings`.
    training : DataFrame, optional
        As for `table_of_models`.

    Returns
    -------
    DataFrame
        With `SWEEP_COLUMNS`. "Committed" marks the variant of each sweep that is best on the split
        "Committed on". Explained variances are what "Committed by" names, the median or the mean
        over sites.
    """
    trained = _by_model(training)
    of_sweeps = summary[summary["setting"].fillna("") != ""]
    keys = ["model_entry", "readout_entry", "region", "model", "readout"]
    rows = []
    for (model, readout, region, variant, _), here in of_sweeps.groupby(keys, sort=False):
        committed = here[committed_rows(here)]
        row = (here if committed.empty else committed).iloc[0]
        scores = committed.set_index("split")[f"explained_variance_{row['committed_by']}"]
        rows.append(
            {
                "Model": model,
                "Readout": readout,
                "Region": region,
                "Setting": row["setting"],
                "Layer": NO_LAYER if committed.empty else row["layer"],
                "Retrained parameters": _retrained(trained.get(variant)),
                "Explained Variance where chosen": scores.get(row["committed_on"], np.nan),
                "Explained Variance, test": scores.get("test", np.nan),
                "Committed": row["setting_committed"],
                "Committed on": row["committed_on"],
                "Committed by": row["committed_by"],
            }
        )
    return pd.DataFrame(rows, columns=SWEEP_COLUMNS)


def grouped_markdown(table: pd.DataFrame) -> str:
    """Return a table of models or of layers as Markdown that fits a page.

    Parameters
    ----------
    table : DataFrame
        Returned by `table_of_models` or `table_of_layers`.

    Returns
    -------
    str
        A bold line per group, three decimals, intervals in brackets. What all rows share, such as
        the only region, is said in a line above; the other columns of the table are in the CSV file
        alone. Columns in which no row has anything to say are left out: counts of undefined sites
        and of alphas on the edge of the grid, settings of sweeps, whether training beat its start,
        and ceilings and scores corrected for noise where the data set has no single trials.
    """
    names = table["Inputs"] if "Inputs" in table else table["Model"]
    described = {
        "Model": names,
        "Setting": table.get("Setting", ""),
        "Layer": table["Layer"],
        "Readout": [
            label if features == "Head" else f"{label}, {features[:1].lower()}{features[1:]}"
            for label, features in zip(table["Regression"], table["Features"], strict=True)
        ],
        "Region": table["Region"],
        SCORE: table["Explained Variance"],
        "95% interval": intervals(
            table["Explained Variance low"], table["Explained Variance high"]
        ),
        CEILING: table[CEILING],
        "Corrected": table[CORRECTED],
        "Sites": table["Sites"],
        "Stimuli": table["Stimuli"],
        "Beats its start": table.get("Beats its start", ""),
        "Committed": table.get("Committed", ""),
        "Undefined sites": table["Undefined sites"],
        "Alpha on edge": table["Sites with alpha on edge"],
    }
    shown = pd.DataFrame(described, index=table.index, dtype=object)
    silent = [name for name in ("Undefined sites", "Alpha on edge") if not shown[name].gt(0).any()]
    silent += [name for name in (CEILING, "Corrected") if shown[name].isna().all()]
    silent += [
        name for name in ("Setting", "Beats its start", "Committed") if shown[name].eq("").all()
    ]
    shared = {}
    for name in ("Region", "Readout"):
        if shown[name].nunique() == 1:
            shared[name] = shown[name].iloc[0]
    shown = shown.drop(columns=[*silent, *shared])
    groups, first, rows = table["Group"], shown.columns[0], []
    for group in groups.unique():
        rows.append(dict.fromkeys(shown.columns, "") | {first: f"**{group}**"})
        rows.extend(shown[groups == group].to_dict("records"))
    numeric = [name for name in shown if name in NUMERIC]
    text = to_markdown(pd.DataFrame(rows, columns=shown.columns, dtype=object), numeric)
    if not shared:
        return text
    said = "; ".join(f"{name.lower()}: {value}" for name, value in shared.items())
    return f"{said[:1].upper()}{said[1:]}.\n\n{text}"


def sweeps_in_words(table: pd.DataFrame, models: dict[str, dict], readouts: dict[str, dict]) -> str:
    """Return the table of sweeps as Markdown, with labels.

    Parameters
    ----------
    table : DataFrame
        Returned by `table_of_sweeps`.
    models, readouts : dict
        Descriptions, see `ventral.scores.reporting`.
    """
    shown = table.assign(
        Model=table["Model"].map(model_names(models)),
        Readout=[readouts[name]["label"] for name in table["Readout"]],
    )
    sentences = ["The committed variant of each sweep is the best where it is chosen"]
    by = " or ".join(map(str, table["Committed by"].dropna().unique()))
    on = " or ".join(filter(None, map(str, table["Committed on"].dropna().unique())))
    if on:
        sentences.append(f", on {on}, by the {by} over sites of the explained variance")
    shown = shown.drop(columns=["Committed on", "Committed by"])
    if shown["Retrained parameters"].eq("").all():
        shown = shown.drop(columns="Retrained parameters")
    text = to_markdown(shown, ["Retrained parameters", *EXPLAINED])
    return f"{text}\n\n{''.join(sentences)}."


def note_of(summary: pd.DataFrame, split: str) -> str:
    """Return what a reader must know of a table of models or of layers.

    Parameters
    ----------
    summary : DataFrame
        ``summary.csv`` of a data set.
    split : str
        The split whose scores are shown.

    Returns
    -------
    str
        Sentences: what the numbers are, which stimuli chose the layers, and of how many animals and
        sessions the sites are.
    """
    where = {"folds": "the test stimuli of all folds"}.get(split, f"the {split} stimuli")
    sentences = [
        f"The score is the mean explained variance over sites on {where}, with its interval over"
        " stimuli and sites. The ceiling is the sites' median split-half reliability on the same"
        " stimuli; corrected for noise, the score is what is explained of all sites divided by what"
        " can be explained of them. All other measures are in the CSV file of the same name."
    ]
    on = [name for name in summary["committed_on"].dropna().unique() if name]
    if on:
        by = summary["committed_by"].iloc[0]
        sentences.append(
            f"Layers are chosen by the {by} over sites of the explained variance on"
            f" {' or '.join(on)}."
        )
    if split in on:
        sentences.append(
            "They are chosen on the stimuli that are reported, so models with many layers score"
            " slightly too high."
        )
    return " ".join([*sentences, *map(_sentence_of, *_recorded(summary))])


def _recorded(summary: pd.DataFrame) -> tuple[list[str], list[list[int]]]:
    """Return the kinds of groups of sites, and their numbers, 0 where they are not known."""
    kinds = ["animal", "session"]
    counts = [summary[f"n_{kind}s"].fillna(0).astype(int) for kind in kinds]
    return kinds, [sorted(set(count)) for count in counts]


def _sentence_of(kind: str, counts: list[int]) -> str:
    if max(counts) == 2:
        return (
            f"The sites of a region come from two {kind}s, too few to infer others from: the"
            f" interval is for these {kind}s."
        )
    if max(counts) > 1:
        numbers = " or ".join(str(count) for count in counts if count)
        return (
            f"The sites of a region come from {numbers} {kind}s. The interval resamples {kind}s"
            " first, then their sites; with few of them it is wide."
        )
    if max(counts) == 1:
        return (
            f"All sites of a region come from one {kind}; the interval says nothing about other"
            f" {kind}s."
        )
    return f"The {kind}s of the sites are unknown; the interval treats them as one."


def _by_model(training: pd.DataFrame | None) -> dict[Any, dict]:
    """Return ``{model: row}`` of a table of training."""
    return {} if training is None else training.set_index("model").to_dict("index")


def _blocks(
    summary: pd.DataFrame, models: dict[str, dict], readouts: dict[str, dict], split: str
) -> Iterator[tuple[str, str, str, str, pd.DataFrame]]:
    """Yield (group, region, model, readout, rows in network order) in the order of the report."""
    reported = summary[summary["split"] == split]
    parts = dict(iter(reported.groupby(["region", "model", "readout"], sort=False)))
    for group in groups_in_order(models):
        for region in regions_in_order(reported):
            for model, description in models.items():
                for readout in readouts:
                    rows = parts.get((region, model, readout))
                    if description["group"] == group and rows is not None:
                        order = {layer: i for i, layer in enumerate(description["layers"])}
                        rows = rows[rows["layer"].isin(order)]
                        rows = rows.iloc[np.argsort(rows["layer"].map(order), kind="stable")]
                        if len(rows):
                            yield group, region, model, readout, rows


def _scores(row: pd.Series) -> dict[str, Any]:
    return {name: row[column] for name, column in SCORES.items()}


def _training(row: pd.Series, trained: dict[Any, dict]) -> dict[str, str]:
    """Return the cells about sweeps and training for a model's rows in the summary."""
    setting = row.get("setting", "")
    facts = trained.get(row.get("variant", row["model"]))
    return {
        "Setting": "" if pd.isna(setting) else setting,
        "Retrained parameters": _retrained(facts),
        "Beats its start": facts["beats_start"] if facts else "",
    }


def _retrained(facts: dict | None) -> str:
    """Return how many parameters were trained, or "" for a model that was not trained."""
    return str(facts["retrained_parameters"]) if facts else ""


def _counts(row: pd.Series) -> dict[str, Any]:
    return {name: row[column] for name, column in COUNTS.items()}
