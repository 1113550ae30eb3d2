"""The tables of the report: models at their committed layer, all layers, and all of each sweep."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from ventral.scores.reporting import (
    committed_rows,
    features_name,
    groups_in_order,
    is_pixels,
    model_names,
    regions_in_order,
)
from ventral.storage.tables import to_markdown

CORRECTED = "Corrected for noise"
SCORES = {
    "Score": "r2_mean",
    "Explained Variance": "explained_variance_mean",
    "Explained Variance low": "explained_variance_low",
    "Explained Variance high": "explained_variance_high",
    CORRECTED: "explained_variance_corrected_ratio",
    "Average Correlation": "cross_site_correlation",
    "Pearson r": "pearson_r_mean",
}
COUNTS = {
    "Sites": "n_sites",
    "Undefined sites": "n_undefined",
    "Sites with alpha on edge": "n_alpha_on_edge",
}
MODEL_COLUMNS = [
    "Group",
    "Inputs",
    "Regression",
    *SCORES,
    "Layer",
    "Features",
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
    "Regression",
    "Features",
    "Region",
    *SCORES,
    "Committed",
    "Split",
    *COUNTS,
]
SWEEP_COLUMNS = [
    "Model",
    "Readout",
    "Region",
    "Setting",
    "Layer",
    "Retrained parameters",
    "Explained Variance where chosen",
    "Explained Variance, test",
    "Committed",
    "Committed on",
    "Committed by",
]
OPTIONAL_COLUMNS = ("Setting", "Retrained parameters", "Beats its start")
"""Columns that a table of models shows only if one of its models was swept or trained."""

NO_LAYER = "none"
"""Name in place of the layer if no layer has a defined score to be chosen by."""


def table_of_models(
    summary: pd.DataFrame,
    models: dict[str, dict],
    readouts: dict[str, dict],
    split: str,
    training: pd.DataFrame | None = None,
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

    Returns
    -------
    DataFrame
        With `MODEL_COLUMNS`. Scores are means over sites; "Explained Variance low" and "high" are
        the ends of the 95% bootstrap interval of that mean; "Average Correlation" is the mean of
        the whole sites × sites block of correlations between responses and predictions;
        "Corrected for noise" is the explained variance of all sites divided by what can be
        explained of all sites. A model
        without a committed layer has a row without scores. "Setting" is the committed variant of a
        sweep. "Retrained parameters" and "Beats its start" are empty for a model that was not
        trained in this study.
    """
    rows = []
    names = model_names(models)
    trained = _by_model(training)
    for group, region, model, readout, layers in _blocks(summary, models, readouts, split):
        description, regression = models[model], readouts[readout]
        features = features_name(regression)
        committed = layers[committed_rows(layers)]
        if committed.empty:
            scores = dict.fromkeys(SCORES, np.nan) | {"Layer": NO_LAYER} | _counts(layers.iloc[0])
        else:
            row = committed.iloc[0]
            scores = _scores(row) | {"Layer": row["layer"]} | _counts(row)
        rows.append(
            {
                "Group": group,
                "Inputs": features if is_pixels(description) else names[model],
                "Regression": regression["label"],
                "Features": features,
                "Region": region,
                "Split": split,
                **scores,
                **_training(layers.iloc[0], trained),
            }
        )
    return pd.DataFrame(rows, columns=MODEL_COLUMNS)


def table_of_layers(
    summary: pd.DataFrame, models: dict[str, dict], readouts: dict[str, dict], split: str
) -> pd.DataFrame:
    """Return one row per layer of every model with more than one layer.

    Parameters
    ----------
    summary, models, readouts, split
        As for `table_of_models`.

    Returns
    -------
    DataFrame
        With `LAYER_COLUMNS`, whose meaning is that of `table_of_models`; layers are in network
        order. "Committed" marks the layer chosen on validation.
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
                    "Features": features_name(readouts[readout]),
                    "Region": region,
                    "Committed": row["committed"],
                    "Split": split,
                    **_scores(row),
                    **_counts(row),
                }
            )
    return pd.DataFrame(rows, columns=LAYER_COLUMNS)


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
    """Return a table of models or of layers as Markdown.

    Parameters
    ----------
    table : DataFrame
        Returned by `table_of_models` or `table_of_layers`.

    Returns
    -------
    str
        A bold line per group, three decimals, intervals in brackets. Columns in which no row has
        anything to say are left out: counts of undefined sites and of alphas on the edge of the
        grid, settings of sweeps, what was retrained, and scores corrected for noise where no data
        set has single trials.
    """
    counts = [name for name in list(COUNTS)[1:] if not (table[name].fillna(0) > 0).any()]
    empty = [name for name in OPTIONAL_COLUMNS if name in table and not (table[name] != "").any()]
    if table[CORRECTED].isna().all():
        empty.append(CORRECTED)
    shown = table.drop(columns=counts + empty)
    interval = [
        "–" if np.isnan(low) else f"[{low:.3f}, {high:.3f}]"
        for low, high in zip(
            shown.pop("Explained Variance low"), shown.pop("Explained Variance high"), strict=True
        )
    ]
    shown.insert(list(shown.columns).index("Explained Variance") + 1, "95% interval", interval)
    numeric = [name for name in shown if name in SCORES or name in COUNTS]
    groups = shown.pop("Group")
    first, rows = shown.columns[0], []
    for group in groups.unique():
        rows.append(dict.fromkeys(shown.columns, "") | {first: f"**{group}**"})
        rows.extend(shown[groups == group].to_dict("records"))
    return to_markdown(pd.DataFrame(rows, columns=shown.columns, dtype=object), numeric)


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
    """Return the cells of `OPTIONAL_COLUMNS` for a model's rows in the summary."""
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
