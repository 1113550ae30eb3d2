"""The summary of a data set: every population row, with the committed layers marked."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from ventral.tables import read_csv

KEY = ["dataset", "region", "model", "layer", "readout", "split"]
SCORE_COLUMNS = [
    *KEY,
    "site_id",
    "r2",
    "explained_variance",
    "pearson_r",
    "ceiling",
    "r2_ceiled",
    "alpha",
    "n_components",
]
NAMES = ["dataset", "model", "layer", "readout"]
COMMITMENT_MEASURE = "explained_variance_mean"


def collect(
    files: Iterable[str], names: Iterable[Sequence[str]], columns: Sequence[str]
) -> pd.DataFrame:
    """Put the tables of all fits under each other.

    files: CSV tables of fits. names: dataset, model, layer and readout of each. columns: of the
    result, which come first; others stay behind them.
    """
    tables = []
    for file, name in zip(files, names, strict=True):
        table = read_csv(file)
        tables.append(table.assign(**dict(zip(NAMES, name, strict=True))))
    whole = pd.concat(tables, ignore_index=True)
    return whole[[*columns, *(column for column in whole if column not in columns)]]


def commit_layers(summary: pd.DataFrame) -> pd.DataFrame:
    """Mark one layer of each (model, readout, region): the best on validation.

    Adds ``layer_committed`` (bool), the same on all splits, and ``committed_on``: ``validation``;
    ``folds`` where there are only folds; or ``test`` where validation has no responses. In the last
    two the layer is chosen by the score that is reported, which a reader must know. The first layer
    in the order of the table wins among equals; layers without a defined score never win.
    """
    summary = summary.copy()
    summary["layer_committed"] = False
    summary["committed_on"] = ""
    for _, rows in summary.groupby(["dataset", "model", "readout", "region"], sort=False):
        on = next(
            (part for part in ("validation", "folds", "test") if part in set(rows["split"])), None
        )
        if on is None:
            continue
        choices = rows[rows["split"] == on]
        values = choices[COMMITMENT_MEASURE].to_numpy()
        if np.isnan(values).all():
            continue
        layer = choices["layer"].iloc[int(np.nanargmax(values))]
        summary.loc[rows.index, "committed_on"] = on
        summary.loc[rows.index[rows["layer"] == layer], "layer_committed"] = True
    return summary
