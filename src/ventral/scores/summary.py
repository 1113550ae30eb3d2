"""The summary of a data set: every population row, with the committed layer and setting marked.

A layer is committed when it was chosen on the validation stimuli, before the test stimuli are
scored.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from ventral.scores.reporting import settings_in_words
from ventral.storage.tables import read_csv

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
NAMES = ["dataset", "model", "readout"]
COMMIT_BY = ("median", "mean")
"""What of the explained variance over sites chooses layers and settings; the first by default.

A mean over sites is no safe guide: the explained variance has no lower bound, so one site that is
predicted badly can choose the layer of all.
"""


def collect(
    files: Iterable[str], names: Iterable[Sequence[str]], columns: Sequence[str]
) -> pd.DataFrame:
    """Concatenate the tables of all fits.

    Parameters
    ----------
    files : iterable of str
        CSV tables of fits, which have the column ``layer``.
    names : iterable
        Data set, model and readout of each table.
    columns : sequence of str
        Of the result, which come first; others follow.

    Returns
    -------
    pandas.DataFrame
        The rows of all tables in their order.

    """
    tables = []
    for file, name in zip(files, names, strict=True):
        table = read_csv(file)
        tables.append(table.assign(**dict(zip(NAMES, name, strict=True))))
    whole = pd.concat(tables, ignore_index=True)
    return whole[[*columns, *(column for column in whole if column not in columns)]]


def commit_layers(summary: pd.DataFrame, by: str = COMMIT_BY[0]) -> pd.DataFrame:
    """Mark one layer of each (model, readout, region): the best on validation.

    Adds ``layer_committed`` (bool), the same on all splits, ``committed_by``, and ``committed_on``:
    ``validation``; ``folds`` where there are only folds; or ``test`` where validation has no
    responses. In the last two the layer is chosen by the score that is reported, which a reader
    must know. The first layer in the order of the table wins among equals; layers without a defined
    score never win.

    Parameters
    ----------
    summary : pandas.DataFrame
        One row per data set, region, model, layer, readout and split.
    by : str
        One of `COMMIT_BY`: of the explained variance over sites, what is highest at the committed
        layer.

    Returns
    -------
    pandas.DataFrame
        A copy with the three columns.

    """
    summary = summary.copy()
    summary["layer_committed"] = False
    summary["committed_on"] = ""
    summary["committed_by"] = by
    for _, rows in summary.groupby(["dataset", "model", "readout", "region"], sort=False):
        on = next(
            (part for part in ("validation", "folds", "test") if part in set(rows["split"])), None
        )
        if on is None:
            continue
        choices = rows[rows["split"] == on]
        values = choices[f"explained_variance_{by}"].to_numpy()
        if np.isnan(values).all():
            continue
        layer = choices["layer"].iloc[int(np.nanargmax(values))]
        summary.loc[rows.index, "committed_on"] = on
        summary.loc[rows.index[rows["layer"] == layer], "layer_committed"] = True
    return summary


def commit_settings(summary: pd.DataFrame, origins: Mapping[str, Mapping]) -> pd.DataFrame:
    """Mark one variant of each sweep: the best at its committed layer, by what chose that layer.

    Adds ``model_entry`` and ``readout_entry``, the names of the swept entries (of one that is not
    swept, its own), ``setting``, the variant's values in words, and ``setting_committed`` (bool),
    for each (entry of the model, entry of the readout, region). The first in the order of the
    table wins among equals, and where no variant has a defined score.

    Parameters
    ----------
    summary : pandas.DataFrame
        Of `commit_layers`.
    origins : Mapping
        Of `ventral.study.sweeps.expand_sweeps`.

    Returns
    -------
    pandas.DataFrame
        A copy with the four columns.

    """
    summary = summary.copy()
    for kind in ("model", "readout"):
        of_kind = origins[f"{kind}s"]
        summary[f"{kind}_entry"] = [of_kind[name]["entry"] for name in summary[kind]]
    summary["setting"] = [
        settings_in_words(
            origins["models"][model]["settings"] | origins["readouts"][readout]["settings"]
        )
        for model, readout in zip(summary["model"], summary["readout"], strict=True)
    ]
    summary["setting_committed"] = False
    keys = ["dataset", "model_entry", "readout_entry", "region"]
    for _, rows in summary.groupby(keys, sort=False):
        choices = rows[rows["layer_committed"] & (rows["split"] == rows["committed_on"])]
        values = _committing_score(choices).to_numpy()
        best = (
            choices.iloc[int(np.nanargmax(values))] if np.isfinite(values).any() else rows.iloc[0]
        )
        chosen = (rows["model"] == best["model"]) & (rows["readout"] == best["readout"])
        summary.loc[rows.index[chosen], "setting_committed"] = True
    return summary


def _committing_score(rows: pd.DataFrame) -> pd.Series:
    """Return the score of each row by which its layer was, or was not, committed."""
    return rows["explained_variance_median"].where(
        rows["committed_by"] == "median", rows["explained_variance_mean"]
    )
