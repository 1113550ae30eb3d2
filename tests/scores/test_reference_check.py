"""Published numbers are compared with the right numbers of ours."""

import numpy as np
import pandas as pd
import pytest
import yaml

from toy_project import ROOT
from ventral.scores.reference_check import COLUMNS, check_references

KEYS = {"region": "IT", "model": "net", "readout": "ridge_cv"}


def summary() -> pd.DataFrame:
    rows = []
    for layer, value, committed in (("a", 0.1, False), ("b", 0.3, True)):
        for split, offset in (("train", 0.5), ("validation", 0.0)):
            row = {"layer": layer, "split": split, "layer_committed": committed}
            row |= {"pearson_r_median": value * 2, "ceiling_median": 0.8}
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
        ({"measure": "r_over_ceiling_squared"}, "b", 0.5625),
        ({"measure": "r_over_ceiling_squared", "layer": "a"}, "a", 0.0625),
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


@pytest.mark.parametrize(("r", "expected"), [(0.6, 0.5409), (-0.6, -0.5409), (np.nan, np.nan)])
def test_brain_scores_quotient_is_of_the_medians(r, expected):
    """R .6 and c .8158 are published as .5409; r² / c would be .4413."""
    table = summary().assign(pearson_r_median=r, ceiling_median=0.8158)
    reference = {"model": "net", "readout": "ridge_cv", "split": "validation", "value": 0.5}
    reference |= {"measure": "r_over_ceiling_squared", "source": "Brain-Score"}
    (row,) = check_references([reference], table, scores()).to_dict("records")
    assert row["ours"] == pytest.approx(expected, abs=1e-4, nan_ok=True)
    assert "medians over sites of r and of ceilings" in row["note"]


def test_what_is_called_published_was_published():
    """Brain-Score publishes (r / c)² alone; r and r² / c would be our arithmetic."""
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
