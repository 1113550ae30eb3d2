"""Published numbers are compared with the right numbers of ours."""

import numpy as np
import pandas as pd
import pytest
import yaml

from toy_project import ROOT
from ventral.errors import VentralError
from ventral.scores.reference_check import COLUMNS, check_references

KEYS = {"region": "IT", "model": "net", "readout": "ridge_cv"}


def summary() -> pd.DataFrame:
    rows = []
    for layer, value, committed in (("a", 0.1, False), ("b", 0.3, True)):
        for split, offset in (("train", 0.5), ("validation", 0.0)):
            row = {"layer": layer, "split": split, "layer_committed": committed}
            rows.append(KEYS | row | {"committed_on": "validation", "r2_mean": value + offset})
    return pd.DataFrame(rows)


def scores() -> pd.DataFrame:
    rows = [
        KEYS | {"layer": layer, "split": "validation", "alpha": alpha}
        for layer, alphas in (("a", (1.0, 2.0, 9.0)), ("b", (3.0, 4.0, 50.0)))
        for alpha in alphas
    ]
    return pd.DataFrame(rows)


def check(**reference) -> pd.DataFrame:
    entry = {"model": "net", "readout": "ridge_cv", "split": "validation", "measure": "r2_mean"}
    return check_references(
        [entry | {"value": 0.25, "source": "paper"} | reference], summary(), scores()
    )


@pytest.mark.parametrize(
    ("reference", "layer", "ours"),
    [
        ({}, "b", 0.3),
        ({"layer": "a"}, "a", 0.1),
        ({"layer": "a", "split": "train"}, "a", 0.6),
        ({"region": "IT"}, "b", 0.3),
        ({"measure": "alpha"}, "b", 4.0),
        ({"measure": "alpha", "layer": "a"}, "a", 2.0),
    ],
)
def test_the_published_number_is_compared_with_the_right_one_of_ours(reference, layer, ours):
    (row,) = check(**reference).to_dict("records")
    assert row["layer"] == layer
    assert row["ours"] == pytest.approx(ours)
    assert row["difference"] == pytest.approx(ours - 0.25)
    assert row["published"] == 0.25 and row["source"] == "paper"
    assert ("layer chosen on validation" in row["note"]) == ("layer" not in reference)


@pytest.mark.parametrize(
    "reference", [{"model": "other"}, {"layer": "c"}, {"split": "test"}, {"region": "V4"}]
)
def test_a_number_that_we_do_not_have_is_an_empty_cell_with_a_note(reference):
    (row,) = check(**reference).to_dict("records")
    assert np.isnan(row["ours"]) and np.isnan(row["difference"])
    assert row["note"] == "this data set has no such score"


def test_without_references_the_table_has_its_columns():
    assert list(check_references([], summary(), scores()).columns) == COLUMNS


BY_FOLDS = {"readout": "ridge_cv", "split": "folds", "source": "Brain-Score", "value": 0.25}


@pytest.mark.parametrize(
    ("reference", "layer", "ours"),
    [
        ({"measure": "r_over_ceiling_squared"}, "a", 0.5),
        ({"measure": "r_over_ceiling_squared", "layer": "b"}, "b", 0.1),
        ({"measure": "r2_over_ceiling", "region": "IT"}, "a", 0.4),
        ({"measure": "r2_over_ceiling", "region": "V4"}, "", np.nan),
    ],
)
def test_brain_scores_are_of_their_own_table_and_layer(reference, layer, ours):
    table = pd.DataFrame(
        [
            KEYS | {"layer": "a", "committed": True, "r2_over_ceiling": 0.4},
            KEYS | {"layer": "b", "committed": False, "r2_over_ceiling": 0.2},
        ]
    ).assign(r_over_ceiling_squared=[0.5, 0.1])
    entry = {"model": "net", **BY_FOLDS, **reference}
    (row,) = check_references([entry], summary(), scores(), table).to_dict("records")
    assert row["layer"] == layer and row["ours"] == pytest.approx(ours, nan_ok=True)
    assert row["split"] == "folds"


def test_without_their_table_the_remedy_is_named():
    entry = {"model": "net", **BY_FOLDS, "measure": "r2_over_ceiling"}
    with pytest.raises(VentralError, match="brain_score: true"):
        check_references([entry], summary(), scores())


def test_what_is_called_published_was_published():
    """Brain-Score published (r / c)² alone then; r and r² / c would be our arithmetic."""
    config = yaml.safe_load((ROOT / "config" / "majajhong2015.yaml").read_text())
    references = config["datasets"]["majajhong2015"]["reference"]
    assert {entry["measure"] for entry in references} == {"r_over_ceiling_squared"}
    published = {(entry["model"], entry["value"]) for entry in references}
    assert published == {
        ("pixels", 0.0764),
        ("alexnet", 0.505),
        ("alexnet", 0.514),
        ("resnet18", 0.544),
        ("resnet50", 0.525),
        ("resnet50", 0.537),
        ("vgg16", 0.54),
        ("squeezenet1_1", 0.522),
    }
