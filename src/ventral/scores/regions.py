"""One table over all data sets and regions of a config."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ventral.scores.reporting import committed_rows, model_names, regions_in_order, reported_split
from ventral.scores.tables import NO_LAYER

SCORES = [
    "r2_mean",
    "explained_variance_mean",
    "explained_variance_low",
    "explained_variance_high",
    "explained_variance_median",
    "explained_variance_corrected_ratio",
    "explained_variance_corrected_mean",
    "explained_variance_corrected_median",
    "pearson_r_mean",
    "pearson_r_median",
    "r2_ceiled_median",
    "r2_ceiled_ratio",
]
COUNTS = ["n_stimuli", "n_components", "n_undefined", "n_under_ceiling_floor", "n_uncorrected"]
CHANCE = 0.05
"""A site is reliable if the p of its reliability is smaller."""

CEILINGS = [
    "n_sites",
    "n_reliable",
    "n_repetitions",
    "ceiling_median",
    "ceiling_first_quartile",
    "ceiling_third_quartile",
    "ceiling_all_stimuli_median",
]
COLUMNS = [
    "dataset",
    "region",
    *CEILINGS,
    "model",
    "name",
    "readout",
    "layer",
    "committed_on",
    "split",
    *SCORES,
    *COUNTS,
]


def table_of_regions(
    tables: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], models: Mapping, readouts: Mapping
) -> pd.DataFrame:
    """Return one row per (data set, region, model, readout), at the committed layer.

    Parameters
    ----------
    tables : mapping
        For each data set its ``summary.csv``, at the committed settings of sweeps, and its
        ``ceilings.csv``.
    models, readouts : mapping
        Descriptions in the order of the config, see `ventral.scores.reporting`.

    Returns
    -------
    DataFrame
        With `COLUMNS`; regions in the order of the ventral stream, models and readouts in the order
        of the config. ``n_reliable`` counts the sites whose reliability is above chance (p under
        `CHANCE`). ``n_repetitions`` and ``ceiling_…`` are taken over the sites of the region
        that have a defined value; ceilings are of the stimuli of the split. A model without a
        committed layer has a row without scores.
    """
    names = model_names(dict(models))
    rows = []
    for dataset, (summary, ceilings) in tables.items():
        split = reported_split(summary)
        reported = summary[summary["split"] == split]
        groups = dict(iter(reported.groupby(["region", "model", "readout"], sort=False)))
        for region in regions_in_order(reported):
            facts = _facts(ceilings[ceilings["region"] == region], split)
            for model in models:
                for readout in readouts:
                    layers = groups.get((region, model, readout))
                    if layers is None:
                        continue
                    of_fit = {"model": model, "name": names[model], "readout": readout}
                    row = {"dataset": dataset, "region": region, "split": split, **facts, **of_fit}
                    rows.append(row | _scores(layers))
    return pd.DataFrame(rows, columns=COLUMNS)


def _facts(ceilings: pd.DataFrame, split: str) -> dict[str, Any]:
    """Return what is known of a region: the columns `CEILINGS`, on the stimuli of a split."""
    p = ceilings["ceiling_p"]
    first, median, third = ceilings[f"ceiling_{split}"].quantile([0.25, 0.5, 0.75])
    return {
        "n_sites": len(ceilings),
        "n_reliable": (p < CHANCE).sum() if p.notna().any() else np.nan,
        "n_repetitions": ceilings["n_repetitions"].median(),
        "ceiling_median": median,
        "ceiling_first_quartile": first,
        "ceiling_third_quartile": third,
        "ceiling_all_stimuli_median": ceilings["ceiling"].median(),
    }


def _scores(layers: pd.DataFrame) -> dict[str, Any]:
    """Return the layer and the scores of a fit: those of the committed row."""
    committed = layers[committed_rows(layers)]
    if committed.empty:
        return {"layer": NO_LAYER, **dict.fromkeys(SCORES, np.nan)}
    row = committed.iloc[0]
    return {name: row[name] for name in ("layer", "committed_on", *SCORES, *COUNTS)}
