"""The study of the report on a small file of the form of IT_data.h5."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from helpers import snakemake
from nx414_file import write_nx414
from ventral.storage.store import Store

CONFIG = Path(__file__).parents[2] / "config" / "nx414.yaml"
LAYERS = ["conv1", "layer1", "layer2", "layer3", "layer4", "avgpool"]
SMALL = """
datasets:
  nx414: {readouts: [ridge_raw, ridge_cv_pcs, head]}
models:
  pixels: {preprocessing: {size: 64}}
  resnet50: &small {architecture: resnet18, weights: null, preprocessing: {size: 64}}
  resnet50_random: *small
  shallow_cnn_4: &shallow
    preprocessing: {size: 64}
    training: {epochs: 1}
    taps: {main: [stage4, avgpool]}
  shallow_cnn_6: *shallow
  resnet50_not_pretrained: &trained
    <<: *small
    training: {epochs: 1}
    taps: {main: [layer3, layer4]}
  resnet50_pretrained: *trained
  resnet50_objects: *trained
  resnet50_objects_tuned: *trained
  alexnet_pretrained:
    weights: null
    preprocessing: {size: 64}
    training: {epochs: 1}
    taps: {main: [features.2, features.12]}
  vgg16_pretrained:
    weights: null
    preprocessing: {size: 64}
    training: {epochs: 1}
    taps: {main: [features.16, features.30]}
pca: {n_components: 20}
scores: {n_bootstrap: 20}
"""


def run(folder, *arguments):
    return snakemake(folder, *arguments, "--configfile", str(CONFIG), str(folder / "small.yaml"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nx414")
    write_nx414(folder / "IT_data.h5")
    return folder


def test_the_plan_has_every_row(folder):
    (folder / "small.yaml").write_text("pca: {n_components: 1000}\n")
    plan = run(folder, "-n")
    assert plan.returncode == 0, plan.stdout[-2000:]
    config = yaml.safe_load(CONFIG.read_text())
    of_layers = [name for name in config["readouts"] if name != "head"]
    n_fits = sum(
        len(model["taps"])
        * len([name for name in model.get("readouts", of_layers) if name != "head"])
        for model in config["models"].values()
    ) + sum("head" in model.get("readouts", ()) for model in config["models"].values())
    counts = dict(
        line.split() for line in plan.stdout.splitlines() if len(line.split()) == 2 and "_" in line
    )
    assert int(counts["score_readout"]) == n_fits
    assert counts["check_references"] == "1"


@pytest.mark.slow
def test_every_row_of_both_tables_comes_out(folder):
    """All eleven models, smaller networks and images, fewer layers, one epoch of training."""
    (folder / "small.yaml").write_text(SMALL)
    done = run(folder)
    assert done.returncode == 0, done.stdout[-3000:]
    results = folder / "results" / "nx414"
    assert set(pd.read_csv(results / "scores.csv")["split"]) == {"train", "validation"}
    assert set(pd.read_csv(results / "summary.csv")["committed_on"]) == {"validation"}
    fit = Store(results / "fits/resnet50/main/ridge_cv_pcs.zarr")
    assert (fit.read("split") == "test").sum() == 20  # predicted, though not scored

    config = yaml.safe_load(CONFIG.read_text())
    models = pd.read_csv(results / "tables" / "models.csv")
    layers = pd.read_csv(results / "tables" / "layers.csv")
    for table in (models, layers):
        assert set(table["Split"]) == {"validation"}
        scores = table[["Mean R²", "Explained Variance", "Cross-site correlation", "Pearson r"]]
        assert scores.notna().all(axis=None)
    of_ridge_cv = models[models["Regression"] == "Ridge CV"]
    assert len(of_ridge_cv) == len(config["models"])
    assert list(dict.fromkeys(of_ridge_cv["Group"])) == [
        "Images",
        "Task-driven models",
        "Goal-driven models",
    ]
    in_the_reports_order = [
        "Shallow CNN, 4 layers",
        "Shallow CNN, 6 layers",
        "ResNet-50, not pretrained",
        "ResNet-50, pretrained",
        "ResNet-50, pretrained, retrained on objects, then tuned",
        "AlexNet, pretrained",
        "VGG-16, pretrained",
    ]
    goal_driven = models[models["Group"] == "Goal-driven models"]
    assert list(dict.fromkeys(goal_driven["Inputs"])) == in_the_reports_order
    assert set(goal_driven["Regression"]) == {"Ridge CV", "End to end"}
    assert goal_driven["Retrained parameters"].notna().all()
    table_2 = layers[layers["Model"] == "ResNet-50, pretrained weights"]
    assert list(table_2["Layer"]) == LAYERS
    assert (results / "figures" / "explained_variance_by_layer.png").stat().st_size > 10_000

    training = pd.read_csv(results / "tables" / "training.csv").set_index("model")
    assert len(training) == 8
    assert training.loc["resnet50_objects_tuned", "start"] == "resnet50_objects"
    accuracy = pd.read_csv(results / "tables" / "classification.csv")
    assert set(accuracy["split"]) == {"train", "validation", "test"}  # objects of test are known
    check = pd.read_csv(results / "tables" / "reference_check.csv")
    assert len(check) == len(config["datasets"]["nx414"]["reference"])
    scored = check["readout"].isin(["ridge_raw", "ridge_cv_pcs"])
    assert (check["ours"].notna() == scored).all()
    assert set(check["note"][~scored]) == {"this data set has no such score"}
