"""The embedded default tells the ventral stream's story, each claim with a paired interval."""

import numpy as np
import pandas as pd
import pytest

from helpers import ROOT, snakemake

OVERLAY = """
datasets:
  simulated:
    models: [pixels, shallow_cnn_random, shallow_cnn_categories, shallow_cnn_4_responses]
    readouts: [ridge_cv]
models:
  shallow_cnn_random: {taps: {main: [stage1, stage3, stage6]}}
  shallow_cnn_categories: {taps: {main: [stage1, stage3, stage6]}}
  shallow_cnn_4_responses: {taps: {main: [stage4]}}
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    (folder / "overlay.yaml").write_text(OVERLAY)
    configs = [ROOT / "config" / "config.yaml", folder / "overlay.yaml"]
    results = folder / "results" / "simulated"
    targets = ["results/simulated/summary.csv", "results/simulated/tables/classification.csv"]
    done = snakemake(folder, *targets, "--configfile", *map(str, configs))
    assert done.returncode == 0, done.stdout[-3000:]
    return results


def draws(results, model, layer, region):
    """Return the bootstrap means of explained variance on test; equal draws go together."""
    with np.load(results / "draws" / model / "main" / "ridge_cv.npz") as file:
        return file[f"{layer}/test/{region}"][:, 1]


def above(results, better, worse, region):
    """Tell whether the 95 % interval of the paired difference lies above zero."""
    difference = draws(results, *better, region) - draws(results, *worse, region)
    return np.percentile(difference, 2.5) > 0


@pytest.mark.parametrize("region", ["IT", "V4"])
def test_trained_beats_random(results, region):
    for layer in ("stage3", "stage6"):
        trained, random = ("shallow_cnn_categories", layer), ("shallow_cnn_random", layer)
        assert above(results, trained, random, region)


def test_deep_beats_shallow_for_it_and_not_for_v4(results):
    deep, middle, shallow = (("shallow_cnn_categories", f"stage{stage}") for stage in (6, 3, 1))
    assert above(results, deep, middle, "IT") and above(results, middle, shallow, "IT")
    assert above(results, middle, deep, "V4")


@pytest.mark.parametrize("region", ["IT", "V4"])
def test_a_shallow_cnn_trained_on_responses_beats_pixels(results, region):
    shallow, pixels = ("shallow_cnn_4_responses", "stage4"), ("pixels", "pixels")
    assert above(results, shallow, pixels, region)


def test_the_classifier_is_far_above_chance_on_test(results):
    table = pd.read_csv(results / "tables" / "classification.csv").set_index("split")
    assert table.loc["test", "accuracy"] > 4 * table.loc["test", "chance"]
