"""A sweep is one entry for each combination, and one of them is committed on validation."""

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from ventral.errors import VentralError
from ventral.scores.reporting import at_committed_settings
from ventral.scores.summary import commit_layers, commit_settings
from ventral.scores.tables import table_of_models, table_of_sweeps
from ventral.study.check_config import check_config

SCHEMAS = Path(__file__).parents[2] / "workflow" / "schemas"
CONFIG = yaml.safe_load("""
datasets:
  all: {source: simulated}
  some: {source: simulated, models: [net], readouts: [ridge]}
models:
  pixels: {architecture: pixels, taps: {main: [pixels]}}
  net:
    architecture: alexnet
    training: {task: responses}
    taps: {main: [features.2]}
    readouts: [ridge, cv]
    sweep:
      learning_rate: [0.001, 1.0e-05]
      trainable: [["features.*"], []]
readouts:
  ridge: {method: ridge, features: pcs, alpha: 1.0, sweep: {alpha: [0.5, 20], n_components: [3]}}
  cv: {method: ridge_cv, features: pcs}
figures: {readout: ridge}
""")


def expanded(**changes):
    config = copy.deepcopy(CONFIG)
    for path, value in changes.items():
        *steps, last = path.split("__")
        target = config
        for step in steps:
            target = target[step]
        target[last] = value
    return config, check_config(config, SCHEMAS)


def test_every_combination_is_an_entry_with_its_own_settings():
    config, study = expanded()
    of_net = [name for name, model in study.models.items() if model.entry == "net"]
    assert list(config["models"]) == ["pixels", *of_net] and len(of_net) == 4
    found = [
        (
            config["models"][name]["training"]["learning_rate"],
            config["models"][name]["training"]["trainable"],
        )
        for name in of_net
    ]
    assert found == [(r, t) for r in (0.001, 1e-5) for t in (["features.*"], [])]
    assert all("sweep" not in entry for entry in config["models"].values())
    assert (study.models["pixels"].entry, study.models["pixels"].swept) == ("pixels", {})
    assert study.models[of_net[-1]].swept == {"learning_rate": 1e-5, "trainable": []}
    ridges = ["ridge.alpha-0.5.n_components-3", "ridge.alpha-20.n_components-3"]
    assert list(config["readouts"]) == [*ridges, "cv"]
    assert config["readouts"][ridges[1]]["alpha"] == 20
    assert config["datasets"]["some"]["models"] == of_net
    assert config["datasets"]["some"]["readouts"] == ridges
    assert config["models"][of_net[0]]["readouts"] == [*ridges, "cv"]
    assert config["figures"]["readout"] == "ridge"  # an entry, for the committed variant is shown


def test_a_value_added_leaves_the_names_of_the_others():
    before, _ = expanded()
    rates = [1e-5, 0.001, 0.1]
    after, _ = expanded(models__net__sweep__learning_rate=rates)
    assert set(before["models"]) < set(after["models"])
    assert len(after["models"]) == len(before["models"]) + 2


def test_a_nested_setting_gets_the_defaults_of_its_neighbours():
    config, _ = expanded(
        models__net__sweep={"head.dropout": [0, 0.5]},
        readouts__cv={"method": "ridge_cv", "features": "pcs", "sweep": {"alphas.low": [-3]}},
    )
    heads = [model["training"]["head"] for name, model in config["models"].items() if "net" in name]
    expected = {"pooling": "average", "learning_rate": None}
    assert heads == [{**expected, "dropout": dropout} for dropout in (0, 0.5)]
    alphas = config["readouts"]["cv.alphas.low--3"]["alphas"]
    assert alphas == {"low": -3, "high": 6, "count": 97, "relative": True}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"models__net__sweep": {"learning_rat": [1]}},
            "models: net: sweep: learning_rat: no such setting; did you mean 'learning_rate'",
        ),
        (
            {"models__net__sweep": {"learning_rate": [1, "fast"]}},
            "models: net.learning_rate-fast: training: learning_rate: must be a number",
        ),
        ({"models__net__sweep": {"epochs": [5, 5]}}, "net: sweep: epochs: 5 is duplicated"),
        ({"models__net__sweep": {"epochs": 5}}, "net: sweep: epochs: must be a list, not 5"),
        (
            {"models__pixels__sweep": {"epochs": [5]}},
            "models: pixels: sweep: a model's sweep is over its training; the model has none",
        ),
        (
            {"readouts__ridge__sweep": {"method": ["ridge", "linear"]}},
            "readouts: ridge: sweep: method: write a readout of its own for each method",
        ),
        (
            {"readouts__cv__sweep": {"alpha": [1.0]}},
            "readouts: cv.alpha-1: alpha: only ridge has one fixed alpha",
        ),
        (
            {"models__late": {**CONFIG["models"]["net"], "start": "net"}},
            "models: late: start: 'net' is swept, so it is several models",
        ),
        (
            {"readouts__cv.alpha_for-region": {"method": "ridge_cv", "features": "pcs"},
             "readouts__cv__sweep": {"alpha_for": ["region", "site"]}},
            "readouts: cv: sweep: the name 'cv.alpha_for-region' of a variant is taken",
        ),
    ],
)  # fmt: skip
def test_a_wrong_sweep_is_refused(changes, message):
    with pytest.raises(VentralError) as caught:
        expanded(**changes)
    assert message in str(caught.value)


def population(rows):
    """Return population scores of (model, layer, validation EV, test EV), two splits each."""
    return pd.DataFrame(
        [
            {
                **{"dataset": "d", "region": "IT", "model": model, "layer": layer},
                **{"readout": "cv", "split": split, "explained_variance_mean": value},
                "explained_variance_median": value,
            }
            for model, layer, *values in rows
            for split, value in zip(("validation", "test"), values, strict=True)
        ]
    )


ORIGINS = {
    "models": {
        "net.x-1": {"entry": "net", "settings": {"x": 1}},
        "net.x-2": {"entry": "net", "settings": {"x": 2}},
        "plain": {"entry": "plain", "settings": {}},
    },
    "readouts": {"cv": {"entry": "cv", "settings": {}}},
}


def test_the_best_variant_on_validation_is_reported_on_test():
    summary = commit_settings(
        commit_layers(
            population(
                [
                    ("net.x-1", "a", 0.2, 0.9),
                    ("net.x-1", "b", 0.3, 0.4),
                    ("net.x-2", "a", 0.1, 0.8),
                    ("net.x-2", "b", 0.5, 0.1),  # the best layer of the best variant
                    ("plain", "a", 0.4, 0.3),
                ]
            )
        ),
        ORIGINS,
    )
    shown = at_committed_settings(summary, summary)
    test = shown[(shown["split"] == "test") & shown["layer_committed"]].set_index("model")
    assert test["explained_variance_mean"].to_dict() == {"net": 0.1, "plain": 0.3}
    assert test["variant"].to_dict() == {"net": "net.x-2", "plain": "plain"}
    assert len(shown[shown["model"] == "net"]) == 4  # both layers, both splits, of one variant

    training = pd.DataFrame(
        {"model": ["net.x-1", "net.x-2"], "retrained_parameters": [10, 20], "beats_start": "no"}
    )
    sweeps = table_of_sweeps(summary, training)
    columns = ["Setting", "Layer", "Retrained parameters", "Committed"]
    assert list(sweeps[columns].itertuples(index=False, name=None)) == [
        ("x 1", "b", "10", False),
        ("x 2", "b", "20", True),
    ]
    assert list(sweeps["Explained Variance, test"]) == [0.4, 0.1]

    for column in ("r2_mean", "explained_variance_low", "explained_variance_high"):
        shown[column] = 0.0
    for column in (
        "cross_site_correlation",
        "pearson_r_mean",
        "explained_variance_corrected_ratio",
    ):
        shown[column] = 0.0
    shown[["ceiling_median", "n_components"]] = 1.0
    shown[["n_stimuli", "n_sites", "n_undefined", "n_alpha_on_edge"]] = 1
    models = {
        name: {"label": name, "group": "Models", "architecture": "a", "layers": ["a", "b"]}
        for name in ("net", "plain")
    }
    readouts = {"cv": {"label": "CV", "method": "ridge_cv", "features": "raw"}}
    table = table_of_models(shown, models, readouts, "test", training)
    columns = ["Inputs", "Layer", "Setting", "Retrained parameters", "Beats its start"]
    assert list(table[columns].itertuples(index=False, name=None)) == [
        ("net", "b", "x 2", "20", "no"),
        ("plain", "a", "", "", ""),
    ]


def test_a_sweep_without_a_defined_score_keeps_its_first_variant():
    nothing = np.nan
    rows = [("net.x-1", "a", nothing, nothing), ("net.x-2", "a", nothing, nothing)]
    summary = commit_settings(commit_layers(population(rows)), ORIGINS)
    assert set(summary.loc[summary["setting_committed"], "model"]) == {"net.x-1"}
    assert table_of_sweeps(summary)["Layer"].eq("none").all()
