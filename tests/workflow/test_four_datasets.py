"""Four data sets in one run: a table of scores each, and one table and figure over all."""

import re

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from helpers import ROOT, snakemake
from majajhong2015_files import write_majajhong2015

pytestmark = pytest.mark.slow
SESSION = "cowley_v4_210325"
REGIONS = {
    "simulated": ["V4", "IT"],
    SESSION: ["V4"],
    "majajhong2015": ["V4", "IT"],
    "own": ["IT"],
}


def config(folder):
    """Give the config; the files of all but the real session are written into the folder."""
    session = yaml.safe_load((ROOT / "config/cowley_v4.yaml").read_text())["datasets"][SESSION]
    assembly, _ = write_majajhong2015(folder)
    paths = {name: {"path": str(path)} for name, path in assembly.items()}
    write_own(folder)
    return {
        "datasets": {
            "simulated": {
                "source": "simulated",
                "stimuli": {"image_size": 32, "images_per_object": 6},
                "responses": {"n_it_sites": 6, "n_v4_sites": 5, "repetitions": 6},
            },
            SESSION: session,
            "majajhong2015": {
                "source": "majajhong2015",
                "split": {"method": "repeated", "repeats": 4, "test_fraction": 0.2, "by": "object"},
                "stimuli": {"files": {name: paths[name] for name in ("images", "table")}},
                "responses": {"files": {"assembly": paths["assembly"]}},
                "models": ["pixels"],
                "readouts": ["pls"],
            },
            "own": {
                "source": "files",
                "stimuli": {"image_size": 24, "files": {"images": {"path": "images"}}},
                "responses": {"region": "IT", "files": {"responses": {"path": "responses.csv"}}},
                "models": ["pixels"],
                "readouts": ["ridge_cv"],
            },
        },
        "models": {
            "pixels": {
                "label": "Pixels",
                "group": "Images",
                "architecture": "pixels",
                "preprocessing": {"size": 24},
                "taps": {"main": ["pixels"]},
            },
            "shallow": {
                "label": "Shallow CNN",
                "variant": "random weights",
                "architecture": "ventral.networks.shallow_cnn:shallow_cnn",
                "arguments": {"layers": 4},
                "preprocessing": {"size": 32},
                "taps": {"main": ["stage3"]},
                "readouts": ["ridge_cv"],
            },
        },
        "pca": {"n_components": 100, "when_rank_is_lower": "use_rank"},
        "readouts": {
            "pls": {"label": "PLS 2", "method": "pls", "features": "pcs", "n_components": 2},
            "ridge_cv": {"label": "Ridge CV", "method": "ridge_cv", "features": "pcs"},
        },
        "scores": {"n_bootstrap": 100},
    }


def write_own(folder):
    """Write 48 bars of all orientations, and three sites that are tuned to them."""
    rng = np.random.default_rng(0)
    (folder / "images").mkdir()
    down, across = np.mgrid[-1:1:30j, -1:1:30j]
    angles = np.linspace(0, np.pi, 48, endpoint=False)
    for i, angle in enumerate(angles):
        bar = np.abs(across * np.sin(angle) + down * np.cos(angle)) < 0.2
        Image.fromarray(np.where(bar, 220, 60).astype(np.uint8)).save(folder / f"images/b{i}.png")
    rows = [
        [f"b{i}", trial, *(4 + 3 * np.cos(2 * (angle - np.arange(3))) + rng.normal(size=3))]
        for i, angle in enumerate(angles)
        for trial in range(5)
    ]
    table = pd.DataFrame(rows, columns=["stimulus_id", "repetition", "a", "b", "c"])
    table.to_csv(folder / "responses.csv", index=False)


@pytest.fixture(scope="module")
def results(real_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("four")
    (folder / "config.yaml").write_text(yaml.safe_dump(config(folder), sort_keys=False))
    targets = [f"results/{dataset}/scores.csv" for dataset in REGIONS]
    done = snakemake(
        folder,
        *targets,
        "results/summary_by_region.png",
        "--configfile",
        str(folder / "config.yaml"),
        VENTRAL_MIRRORS=str(real_data),
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return folder / "results"


def test_each_data_set_has_its_scores(results):
    for dataset, regions in REGIONS.items():
        scores = pd.read_csv(results / dataset / "scores.csv")
        assert set(scores["dataset"]) == {dataset}
        assert set(scores["region"]) == set(regions)
        assert scores["explained_variance"].notna().any()
    folds = pd.read_csv(results / "majajhong2015/scores.csv")["split"]
    assert set(folds) == {"fold_0", "fold_1", "fold_2", "fold_3", "folds"}


def test_one_table_has_every_data_set_and_region(results):
    table = pd.read_csv(results / "summary_by_region.csv")
    expected = [(dataset, region) for dataset in REGIONS for region in REGIONS[dataset]]
    found = table[["dataset", "region"]].drop_duplicates()
    assert list(found.itertuples(index=False, name=None)) == expected
    for dataset in REGIONS:
        of_dataset = table[table["dataset"] == dataset]
        summary = pd.read_csv(results / dataset / "summary.csv")
        merged = of_dataset.merge(
            summary[summary["layer_committed"]],
            on=["dataset", "region", "model", "readout", "layer", "split"],
            suffixes=("", "_there"),
        )
        assert len(merged) == len(of_dataset)
        for name in ("explained_variance_mean", "pearson_r_median", "r2_ceiled_median"):
            np.testing.assert_allclose(merged[name], merged[f"{name}_there"])
        ceilings = pd.read_csv(results / dataset / "ceilings.csv")
        for region in REGIONS[dataset]:
            row = of_dataset[of_dataset["region"] == region].iloc[0]
            sites = ceilings[ceilings["region"] == region]
            assert row["n_sites"] == len(sites)
            of_split = sites[f"ceiling_{row['split']}"].median()
            assert row["ceiling_median"] == pytest.approx(of_split, nan_ok=True)
            of_all = sites["ceiling"].median()
            assert row["ceiling_all_stimuli_median"] == pytest.approx(of_all, nan_ok=True)
    assert set(table.set_index("dataset").loc["majajhong2015", "committed_on"]) == {"folds"}


def test_the_real_session_has_the_known_ceilings(results):
    ceilings = pd.read_csv(results / SESSION / "ceilings.csv")["ceiling"]
    assert ceilings.median() == pytest.approx(0.75, abs=0.02)
    assert ceilings.min() == pytest.approx(0.51, abs=0.03)
    assert ceilings.max() == pytest.approx(0.93, abs=0.02)


def test_one_figure_has_every_data_set_and_region(results):
    figure = (results / "summary_by_region.svg").read_text()
    marks = re.findall(r'id="(?:lower:)?mean:([^:]+):pixels"', figure)
    assert sorted(marks) == sorted(name for name in REGIONS for _ in REGIONS[name])
    assert len(re.findall(r'id="ceiling:', figure)) == 6
    assert (results / "summary_by_region.png").stat().st_size > 20_000
