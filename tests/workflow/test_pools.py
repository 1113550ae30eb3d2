"""Two data sets that are also reported as one, from files to the tables of the pool."""

import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from helpers import snakemake

ANIMALS = {"one": "m", "two": "n"}
SITES = {"one": 6, "two": 4}
pytestmark = pytest.mark.slow
CONFIG = {
    "datasets": {
        name: {
            "source": "files",
            "stimuli": {"image_size": 8, "files": {"images": {"path": f"{name}/images"}}},
            "responses": {
                "animal": animal,
                "files": {"responses": {"path": f"{name}/responses.csv"}},
            },
            "split": {"method": "random"},
        }
        for name, animal in ANIMALS.items()
    },
    "pools": {"both": ["one", "two"]},
    "models": {
        f"pixels_{size}": {
            "architecture": "pixels",
            "preprocessing": {"size": size},
            "taps": {"main": ["pixels"]},
        }
        for size in (8, 2)
    },
    "readouts": {"ridge_cv": {"method": "ridge_cv", "features": "raw"}},
    "scores": {"n_bootstrap": 100},
}


def write_data(folder, name, rng):
    images = rng.integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)
    (folder / name / "images").mkdir(parents=True)
    for index, image in enumerate(images):
        Image.fromarray(image).save(folder / name / "images" / f"{name}{index:02}.png")
    weights = rng.normal(size=(192, SITES[name])) / 1000
    signal = images.reshape(60, -1) @ weights
    tables = [
        pd.DataFrame(
            signal + 0.5 * rng.normal(size=signal.shape),
            columns=[f"s{site}" for site in range(SITES[name])],
        ).assign(stimulus_id=[f"{name}{index:02}" for index in range(60)], repetition=trial)
        for trial in range(4)
    ]
    pd.concat(tables).to_csv(folder / name / "responses.csv", index=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pools")
    rng = np.random.default_rng(0)
    for name in CONFIG["datasets"]:
        write_data(folder, name, rng)
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False))
    done = snakemake(folder, "--configfile", str(folder / "config.yaml"))
    assert done.returncode == 0, done.stdout[-3000:]
    return folder


def test_a_pool_has_the_sites_of_its_data_sets(finished):
    results = finished / "results"
    pooled = pd.read_csv(results / "both/scores.csv")
    for name, animal in ANIMALS.items():
        alone = pd.read_csv(results / name / "scores.csv")
        own = pooled[pooled["site_id"].str.startswith(f"{name}/")]
        assert set(own["animal"]) == {animal} and set(own["session"]) == {name}
        assert len(own) == len(alone) == 2 * 3 * SITES[name]
        same = ["model", "split", "region", "r2", "explained_variance", "ceiling", "alpha"]
        pd.testing.assert_frame_equal(
            own[same].reset_index(drop=True).sort_values(same, ignore_index=True),
            alone[same].sort_values(same, ignore_index=True),
        )


def test_the_summary_is_over_all_sites(finished):
    results = finished / "results"
    scores, summary = (pd.read_csv(results / f"both/{name}.csv") for name in ("scores", "summary"))
    row = summary[(summary["model"] == "pixels_8") & (summary["split"] == "test")].iloc[0]
    own = scores[(scores["model"] == "pixels_8") & (scores["split"] == "test")]
    assert (row["n_sites"], row["n_animals"], row["n_sessions"]) == (10, 2, 2)
    assert row["n_stimuli"] == 20
    assert row["r2_mean"] == pytest.approx(own["r2"].mean())
    assert row["r2_low"] < row["r2_mean"] < row["r2_high"]
    note = (results / "both/tables/models.md").read_text()
    assert "come from two animals, too few to infer others from" in note


def test_tables_and_figures_are_those_of_a_data_set(finished):
    results = finished / "results"
    for name in ("tables/models.md", "tables/layers.csv", "figures/score_along_layers.png"):
        assert (results / "both" / name).is_file()
    row = pd.read_csv(results / "both/tables/comparisons.csv").iloc[0]
    assert (row["model"], row["other"]) == ("pixels_8", "pixels_2")
    assert (row["n_sites"], row["n_animals"], row["n_stimuli"]) == (10, 2, 20)
    summary = pd.read_csv(results / "both/summary.csv").set_index(["model", "split"])
    means = summary["explained_variance_mean"]
    expected = means["pixels_8", "test"] - means["pixels_2", "test"]
    assert row["difference"] == pytest.approx(expected)
    regions = pd.read_csv(results / "summary_by_region.csv")
    assert set(regions["dataset"]) == {"one", "two", "both"}
    of_pool = regions[regions["dataset"] == "both"].iloc[0]
    ceilings = [pd.read_csv(results / f"{name}/ceilings.csv") for name in ANIMALS]
    assert of_pool["ceiling_median"] == pytest.approx(pd.concat(ceilings)["ceiling_test"].median())


def test_a_pool_follows_its_data_sets(finished, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder, symlinks=True)
    planned = snakemake(folder, "--configfile", str(folder / "config.yaml"), "--dry-run")
    assert "Nothing to be done" in planned.stdout
    path = folder / "two/responses.csv"
    table = pd.read_csv(path)
    table.loc[0, "s1"] += 1
    table.to_csv(path, index=False)
    planned = snakemake(
        folder, "--configfile", str(folder / "config.yaml"), "--dry-run", "--quiet", "progress"
    )
    assert "score_pool" in planned.stdout and "results/both/scores.csv" in planned.stdout
    assert "results/two/responses.zarr" in planned.stdout
    assert "output: results/one/" not in planned.stdout


def test_a_pool_that_is_added_runs_no_fit_again(finished, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder, symlinks=True)
    config = CONFIG | {"pools": {**CONFIG["pools"], "again": ["two", "one"]}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    planned = snakemake(
        folder, "--configfile", str(folder / "config.yaml"), "--dry-run", "--quiet", "progress"
    )
    assert "results/again/scores.csv" in planned.stdout
    for step in ("fit_readout", "score_readout", "compute_gram"):
        assert f"rule {step}:" not in planned.stdout
