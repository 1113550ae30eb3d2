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
    "ridge_raw": {"label": "Ridge", "method": "ridge", "features": "raw", "n_components": None},
    "cv": {"label": "Ridge CV", "method": "ridge_cv", "features": "pcs", "n_components": 30},
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

    assert list(table.columns) == tables.MODEL_COLUMNS
    images, task, goal = "Images", "Task-driven models", "Goal-driven models"
    assert list(table[["Group", "Inputs", "Regression", "Layer"]].itertuples(index=False)) == [
        (images, "Raw", "Ridge", "pixels"),
        (images, "Top 30 PCs", "Ridge CV", "pixels"),
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
    for name, column in (tables.SCORES | tables.COUNTS).items():
        assert table.iloc[-1][name] == expected[column]
    assert set(table["Split"]) == {"test"}


def test_model_without_a_committed_layer_keeps_a_row_without_scores(summary):
    summary.loc[summary["model"] == "random", "layer_committed"] = False
    table = tables.table_of_models(summary, MODELS, READOUTS, "test")
    row = table[table["Inputs"] == "ResNet-50, random weights"].iloc[0]
    assert row["Layer"] == "none"
    assert row[list(tables.SCORES)].isna().all()
    assert row["Sites"] == 8


def test_layers_come_in_network_order_and_only_of_deep_models(summary):
    table = tables.table_of_layers(summary, MODELS, READOUTS, "validation")

    assert list(table.columns) == tables.LAYER_COLUMNS
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

    assert len(lines) == 2 + 3 + len(table)
    bold = [row[0] for row in cells if row[0].startswith("**")]
    assert bold == ["**Images**", "**Task-driven models**", "**Goal-driven models**"]
    assert cells[0][:5] == ["Inputs", "Regression", "Score", "Explained Variance", "95% interval"]
    random = next(row for row in cells if row[0] == "ResNet-50, random weights")
    assert random[3] == "-0.037"
    assert "Undefined sites" not in cells[0]
    assert "Undefined sites" in tables.grouped_markdown(table.assign(**{"Undefined sites": 2}))


def test_markdown_of_layers_marks_the_committed_one(summary):
    summary.loc[summary["layer"] == "features.10", "r2_mean"] = np.nan
    text = tables.grouped_markdown(tables.table_of_layers(summary, MODELS, READOUTS, "test"))
    assert text.count("✓") == 4
    assert all("–" in line for line in text.splitlines() if "features.10" in line)


def test_an_empty_table_renders_its_header():
    empty = pd.DataFrame(columns=tables.LAYER_COLUMNS)
    assert tables.grouped_markdown(empty).startswith("| Model")
