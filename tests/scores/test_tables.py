import numpy as np
import pandas as pd
import pytest

from synthetic_scores import GOAL, PIXELS, network, synthetic
from ventral.errors import VentralError
from ventral.scores import tables
from ventral.scores.reporting import reported_split

MODELS = {
    "deep_goal": network("AlexNet", "pretrained", GOAL, layers=["features.0", "features.10"]),
    "pixels": PIXELS,
    "random": network("ResNet-50", "random weights", weights=None, layers=["conv1", "avgpool"]),
    "shallow": network("LeNet", "one layer", layers=["conv1"]),
}
READOUTS = {
    "ridge_raw": {"label": "Ridge", "method": "ridge", "features": "raw", "used": 90},
    "cv": {"label": "Ridge CV", "method": "ridge_cv", "features": "pcs", "used": 30},
}


@pytest.fixture
def summary():
    _, summary = synthetic(MODELS, ("IT",), n_sites=8, readouts=READOUTS)
    summary["layer_committed"] = summary["layer"].isin(
        ["features.0", "avgpool", "conv1", "pixels"]
    ) & ~((summary["model"] == "random") & (summary["layer"] == "conv1"))
    return summary.sample(frac=1, random_state=0)


def test_models_are_grouped_and_scored_at_the_committed_layer(summary):
    table = tables.table_of_models(summary, MODELS, READOUTS, "test")

    assert list(table.columns) == [
        name for name in tables.MODEL_COLUMNS if name != "Cross-site correlation"
    ]
    images, task, goal = "Images", "Task-driven models", "Goal-driven models"
    assert list(table[["Group", "Inputs", "Regression", "Layer"]].itertuples(index=False)) == [
        (images, "Pixels", "Ridge", "pixels"),
        (images, "Pixels", "Ridge CV", "pixels"),
        (task, "ResNet-50, random weights", "Ridge", "avgpool"),
        (task, "ResNet-50, random weights", "Ridge CV", "avgpool"),
        (task, "LeNet, one layer", "Ridge", "conv1"),
        (task, "LeNet, one layer", "Ridge CV", "conv1"),
        (goal, "AlexNet, pretrained", "Ridge", "features.0"),
        (goal, "AlexNet, pretrained", "Ridge CV", "features.0"),
    ]
    expected = summary.query(
        "model == 'deep_goal' and layer == 'features.0' and readout == 'cv' and split == 'test'"
    ).iloc[0]
    compared = tables.table_of_models(summary, MODELS, READOUTS, "test", cross_site=True)
    for name, column in (tables.SCORES | tables.COUNTS).items():
        assert compared.iloc[-1][name] == expected[column]
    assert set(table["Split"]) == {"test"} and set(table["Committed on"]) == {"validation"}
    assert list(table["Features"]) == 4 * ["Raw", "Top 30 PCs"]


def test_features_are_those_that_were_used(summary):
    """Asked for 500 components, a layer of 39 has 39."""
    summary.loc[summary["model"] == "shallow", "n_components"] = 39
    for make in (tables.table_of_models, tables.table_of_layers):
        table = make(summary, MODELS, READOUTS, "test")
        name = "Inputs" if "Inputs" in table else "Model"
        found = table[table["Regression"] == "Ridge CV"].groupby(name)["Features"].unique()
        assert found["AlexNet, pretrained"].tolist() == ["Top 30 PCs"]
        if name == "Inputs":
            assert found["LeNet, one layer"].tolist() == ["Top 39 PCs"]


def test_model_without_a_committed_layer_keeps_a_row_without_scores(summary):
    summary.loc[summary["model"] == "random", "layer_committed"] = False
    table = tables.table_of_models(summary, MODELS, READOUTS, "test")
    row = table[table["Inputs"] == "ResNet-50, random weights"].iloc[0]
    assert row["Layer"] == "none"
    shown = [name for name in tables.SCORES if name != "Cross-site correlation"]
    assert row[shown].isna().all() and row["Committed on"] == ""
    assert row["Sites"] == 8


def test_layers_come_in_network_order_and_only_of_deep_models(summary):
    table = tables.table_of_layers(summary, MODELS, READOUTS, "validation")

    assert [*table.columns, "Cross-site correlation"] == sorted(
        tables.LAYER_COLUMNS, key=lambda name: name == "Cross-site correlation"
    )
    columns = ["Model", "Layer", "Regression", "Committed"]
    assert list(table[columns].itertuples(index=False)) == [
        ("ResNet-50, random weights", "conv1", "Ridge", False),
        ("ResNet-50, random weights", "avgpool", "Ridge", True),
        ("ResNet-50, random weights", "conv1", "Ridge CV", False),
        ("ResNet-50, random weights", "avgpool", "Ridge CV", True),
        ("AlexNet, pretrained", "features.0", "Ridge", True),
        ("AlexNet, pretrained", "features.10", "Ridge", False),
        ("AlexNet, pretrained", "features.0", "Ridge CV", True),
        ("AlexNet, pretrained", "features.10", "Ridge CV", False),
    ]


def test_regions_follow_the_stream():
    _, summary = synthetic(MODELS, ("IT", "V4"), n_sites=5, readouts=READOUTS)
    table = tables.table_of_models(summary, {"pixels": PIXELS}, READOUTS, "test")
    assert list(table["Region"]) == ["V4", "V4", "IT", "IT"]


def test_the_split_reported_is_test_unless_it_has_no_score(summary):
    assert reported_split(summary) == "test"
    summary.loc[summary["split"] == "test", "explained_variance_mean"] = np.nan
    assert reported_split(summary) == "validation"
    with pytest.raises(VentralError, match="splits in it: train"):
        reported_split(summary.assign(split="train"))


def test_markdown_shows_every_row_and_a_bold_line_per_group(summary):
    summary.loc[summary["model"] == "random", "explained_variance_mean"] = -0.0371
    table = tables.table_of_models(summary, MODELS, READOUTS, "test")
    lines = tables.grouped_markdown(table).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]

    assert lines[:2] == ["Region: IT.", ""]
    lines, cells = lines[2:], cells[2:]
    assert len(lines) == 2 + 3 + len(table)
    bold = [row[0] for row in cells if row[0].startswith("**")]
    assert bold == ["**Images**", "**Task-driven models**", "**Goal-driven models**"]
    assert cells[0] == [
        *("Model", "Layer", "Readout", "Score", "95% interval", "Ceiling"),
        *("Corrected", "Sites", "Stimuli"),
    ]
    assert max(map(len, lines)) < 170
    random = next(row for row in cells if row[0] == "ResNet-50, random weights")
    assert random[2:4] == ["Ridge, raw", "-0.037"]
    assert "Undefined sites" not in cells[0]
    assert "Undefined sites" in tables.grouped_markdown(table.assign(**{"Undefined sites": 2}))


def test_markdown_of_layers_marks_the_committed_one(summary):
    summary.loc[summary["layer"] == "features.10", "explained_variance_mean"] = np.nan
    text = tables.grouped_markdown(tables.table_of_layers(summary, MODELS, READOUTS, "test"))
    assert text.count("✓") == 4
    assert all("–" in line for line in text.splitlines() if "features.10" in line)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "by the mean over sites of the explained variance on validation."),
        ({}, "come from one animal; the interval says nothing about other animals"),
        ({}, "The sessions of the sites are unknown"),
        ({"n_animals": 2.0}, "come from two animals, too few to infer others from"),
        ({"n_sessions": 3.0}, "The sites of a region come from 3 sessions"),
        ({"committed_on": "test", "committed_by": "median"}, "score slightly too high"),
        ({"committed_by": "median"}, "by the median over sites"),
    ],
)
def test_the_note_says_how_the_numbers_came_about(summary, changes, said):
    assert said in tables.note_of(summary.assign(**changes), "test")


def test_an_empty_table_renders_its_header():
    empty = pd.DataFrame(columns=tables.LAYER_COLUMNS)
    assert tables.grouped_markdown(empty).startswith("| Model")


def test_what_all_rows_share_is_said_once_above_the_table(summary):
    one = {"cv": READOUTS["cv"]}
    text = tables.grouped_markdown(tables.table_of_models(summary, MODELS, one, "test"))
    assert text.startswith("Region: IT; readout: Ridge CV, top 30 PCs.\n\n| Model")
    assert "Readout" not in text.splitlines()[2]


def test_sweeps_are_shown_by_their_labels():
    table = pd.DataFrame(
        [["random", "cv", "IT", "x 1", "a", "", 0.1, np.nan, True, "validation", "median"]],
        columns=tables.SWEEP_COLUMNS,
    )
    text = tables.sweeps_in_words(table, MODELS, READOUTS)
    assert "| ResNet-50, random weights | Ridge CV  | IT" in text and "✓" in text
    assert "Retrained" not in text and "on validation, by the median" in text
