"""The study of the report on a small file of the form of IT_data.h5."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from nx414_file import write_nx414
from tests_support import snakemake
from ventral.store import Store

CONFIG = Path(__file__).parents[2] / "config" / "nx414.yaml"
LAYERS = ["conv1", "layer1", "layer2", "layer3", "layer4", "avgpool"]
SMALL = """
datasets:
  nx414: {models: [pixels, resnet50], readouts: [ridge_raw, ridge_cv_pcs]}
models:
  pixels: {preprocessing: {size: 32}}
  resnet50: {architecture: resnet18, weights: null, preprocessing: {size: 32}}
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
    n_fits = sum(
        len(layers) * len(model.get("readouts", config["readouts"]))
        for model in config["models"].values()
        for layers in model["taps"].values()
    )
    counts = dict(
        line.split() for line in plan.stdout.splitlines() if len(line.split()) == 2 and "_" in line
    )
    assert int(counts["score_readout"]) == n_fits
    assert counts["check_references"] == "1"


@pytest.mark.slow
def test_scores_are_of_train_and_validation_and_the_tables_say_so(folder):
    (folder / "small.yaml").write_text(SMALL)
    done = run(folder)
    assert done.returncode == 0, done.stdout[-3000:]
    results = folder / "results" / "nx414"
    assert set(pd.read_csv(results / "scores.csv")["split"]) == {"train", "validation"}
    assert set(pd.read_csv(results / "summary.csv")["committed_on"]) == {"validation"}
    fit = Store(results / "fits/resnet50/layer3/ridge_cv_pcs.zarr")
    assert (fit.read("split") == "test").sum() == 20  # predicted, though not scored
    for table, rows in (("models", 3), ("layers", 6)):
        table = pd.read_csv(results / "tables" / f"{table}.csv")
        assert len(table) == rows
        assert set(table["Split"]) == {"validation"}
        assert table[["Score", "Explained Variance", "Average Correlation"]].notna().all(axis=None)
    assert list(table["Layer"]) == LAYERS
    check = pd.read_csv(results / "tables" / "reference_check.csv")
    assert len(check) == len(yaml.safe_load(CONFIG.read_text())["datasets"]["nx414"]["reference"])
    of_table_2 = check[check["source"] == "report, Table 2"]
    assert len(of_table_2) == 18 and of_table_2["ours"].notna().all()
    scored = check["model"].isin(["pixels", "resnet50"])
    scored &= check["readout"].isin(["ridge_raw", "ridge_cv_pcs"])
    assert (check["ours"].notna() == scored).all()
    assert set(check["note"][~scored]) == {"this data set was not scored with that"}
