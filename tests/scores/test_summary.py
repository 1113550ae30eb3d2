"""The layer and the variant of a sweep that are committed."""

import numpy as np
import pandas as pd

from ventral.scores.summary import commit_layers, commit_settings


def summary_rows(values, split="validation"):
    return pd.DataFrame(
        {
            "dataset": "d",
            "model": "m",
            "readout": "ridge",
            "region": "IT",
            "layer": list("abcd")[: len(values)],
            "split": split,
            "explained_variance_mean": values,
            "explained_variance_median": values,
        }
    )


def test_one_outlier_chooses_no_layer():
    """A layer that predicts every site better but one, on which it is far off."""
    table = summary_rows([0.1, 0.3])
    table["explained_variance_mean"] = [0.1, -2.0]
    median, mean = (commit_layers(table, by)["layer_committed"] for by in ("median", "mean"))
    assert list(median) == [False, True] and list(mean) == [True, False]
    origins = {
        "models": {"m": {"entry": "m", "settings": {}}},
        "readouts": {
            name: {"entry": "ridge", "settings": {"alpha": i}} for i, name in enumerate("xy")
        },
    }
    swept = pd.concat([table[:1].assign(readout="x"), table[1:].assign(readout="y")])
    swept = swept.reset_index(drop=True)
    for by, chosen in (("median", "y"), ("mean", "x")):
        marked = commit_settings(commit_layers(swept, by), origins)
        assert list(marked.loc[marked["setting_committed"], "readout"]) == [chosen]


def test_commitment_is_on_validation_and_reported_everywhere():
    table = pd.concat([summary_rows([0.1, 0.3, 0.2]), summary_rows([0.5, 0.1, 0.9], "test")])
    marked = commit_layers(table.reset_index(drop=True))
    assert set(marked.loc[marked["layer_committed"], "layer"]) == {"b"}
    assert marked["layer_committed"].sum() == 2
    assert set(marked["committed_on"]) == {"validation"}
    assert set(marked["committed_by"]) == {"median"}


def test_commitment_without_validation_says_test():
    marked = commit_layers(summary_rows([0.5, np.nan, 0.9], "test"))
    assert marked.loc[marked["layer_committed"], "layer"].tolist() == ["c"]
    assert set(marked["committed_on"]) == {"test"}


def test_no_defined_score_commits_nothing():
    assert not commit_layers(summary_rows([np.nan, np.nan]))["layer_committed"].any()
