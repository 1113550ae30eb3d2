"""The tables of the report: models at their committed layer, and all layers of each network."""

import numpy as np
import pandas as pd

from ventral.scores.reporting import (
    committed_rows,
    features_name,
    groups_in_order,
    is_pixels,
    model_names,
    regions_in_order,
    reported_split,
)

__all__ = ["reported_split", "table_of_layers", "table_of_models", "to_markdown"]

SCORES = {
    "Score": "r2_mean",
    "Explained Variance": "explained_variance_mean",
    "Explained Variance low": "explained_variance_low",
    "Explained Variance high": "explained_variance_high",
    "Average Correlation": "cross_site_correlation",
    "Pearson r": "pearson_r_mean",
}
COUNTS = {
    "Sites": "n_sites",
    "Undefined sites": "n_undefined",
    "Sites with alpha on edge": "n_alpha_on_edge",
}
MODEL_COLUMNS = [
    *("Group", "Inputs", "Regression", *SCORES, "Layer", "Features", "Region", "Split"),
    *COUNTS,
]
LAYER_COLUMNS = [
    *("Group", "Model", "Layer", "Regression", "Features", "Region", *SCORES),
    *("Committed", "Split", *COUNTS),
]
NO_LAYER = "none"
"""Stands for the layer where no layer had a defined validation score to be chosen by."""


def table_of_models(
    summary: pd.DataFrame, models: dict[str, dict], readouts: dict[str, dict], split: str
) -> pd.DataFrame:
    """Return one row per (group, region, model, readout), scored at the committed layer.

    Scores are means over sites on `split`; "Explained Variance low" and "high" bound the 95%
    bootstrap interval of that mean; "Average Correlation" is the mean of the whole sites × sites
    block of correlations between responses and predictions. A model none of whose layers could
    be committed keeps its row, without scores.
    """
    rows = []
    names = model_names(models)
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
            }
        )
    return pd.DataFrame(rows, columns=MODEL_COLUMNS)


def table_of_layers(
    summary: pd.DataFrame, models: dict[str, dict], readouts: dict[str, dict], split: str
) -> pd.DataFrame:
    """Return one row per layer, in network order, of every model with more than one layer.

    Columns are those of `table_of_models`; "Committed" marks the layer chosen on validation.
    """
    rows = []
    names = model_names(models)
    deep = {model: given for model, given in models.items() if len(given["layers"]) > 1}
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


def to_markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown: a bold line per group, three decimals, intervals in brackets.

    Counts of undefined sites and of alphas on the grid's edge are shown where there are any.
    """
    shown = table.drop(
        columns=[name for name in list(COUNTS)[1:] if not (table[name].fillna(0) > 0).any()]
    )
    interval = [
        "–" if np.isnan(low) else f"[{low:.3f}, {high:.3f}]"
        for low, high in zip(
            shown.pop("Explained Variance low"), shown.pop("Explained Variance high"), strict=True
        )
    ]
    shown.insert(shown.columns.get_loc("Explained Variance") + 1, "95% interval", interval)
    numeric = [name for name in shown if name in SCORES or name in COUNTS]
    groups = shown.pop("Group")
    text = shown.map(_cell)
    lines = []
    for group in groups.unique():
        header = dict.fromkeys(text.columns, "")
        lines.append(header | {text.columns[0]: f"**{_cell(group)}**"})
        lines.extend(text[groups == group].to_dict("records"))
    align = ["right" if name in numeric else "left" for name in text.columns]
    return pd.DataFrame(lines, columns=text.columns).to_markdown(
        index=False, disable_numparse=True, colalign=align if lines else None
    )


def _blocks(summary, models, readouts, split):
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
                        rows = rows.sort_values("layer", key=lambda layer, o=order: layer.map(o))
                        if len(rows):
                            yield group, region, model, readout, rows


def _scores(row: pd.Series) -> dict:
    return {name: row[column] for name, column in SCORES.items()}


def _counts(row: pd.Series) -> dict:
    return {name: row[column] for name, column in COUNTS.items()}


def _cell(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return "✓" if value else ""
    if isinstance(value, float | np.floating):
        return "–" if np.isnan(value) else f"{value:.3f}"
    return str(value).replace("|", "\\|")
