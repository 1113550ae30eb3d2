"""What is predicted of jobs against what they use."""

import subprocess
import sys

import pytest

from toy_project import ROOT
from ventral.jobs.resources import memory
from ventral.jobs.resources.dataset_size import DatasetSize, dataset_size
from ventral.jobs.resources.estimator import ResourceEstimator
from ventral.jobs.resources.measured import NAMES, compare_with_benchmarks
from ventral.jobs.resources.size_tables import human_bytes, size_tables
from ventral.study.check_config import check_config


def needs_of(project) -> tuple[dict, ResourceEstimator]:
    config = project.config
    check_config(config, ROOT / "workflow" / "schemas")
    return config, ResourceEstimator(
        config, project.folder / "results", ROOT / "src", [project.folder]
    )


@pytest.mark.slow
def test_no_job_of_a_run_used_more_than_was_predicted(finished):
    _, needs = needs_of(finished)
    table = compare_with_benchmarks(needs, finished.folder / "benchmarks")
    assert set(table["step"]) == set(NAMES)
    over = table[table["used"] > table["predicted"]]
    assert over.empty, over.to_string()


@pytest.mark.slow
def test_the_sizes_are_those_of_the_stores(finished):
    config, needs = needs_of(finished)
    tables = size_tables(config, needs)
    for _, row in tables["stores"].iterrows():
        store = finished.folder / "results/{data set}/activations/{model}/{tap set}.zarr".format(
            **row
        )
        files = [path for path in store.rglob("*") if path.is_file()]
        assert len(files) == row["files"]
    layers = tables["layers"].set_index(["data set", "model", "layer"])
    assert layers.loc[("first", "net", "features.3"), "shape"] == "128 × 7 × 7"
    assert layers.loc[("first", "net", "features.3"), "bytes"] == 384 * 128 * 49 * 2


@pytest.mark.slow
def test_sizes_are_told_before_anything_runs(finished, tmp_path):
    project = type(finished).create(tmp_path / "project")
    done = project.run("sizes")
    assert done.returncode == 0, done.stdout
    assert "128 × 7 × 7" in done.stdout
    assert "files" in done.stdout
    assert not (project.folder / "results").exists()


def test_a_data_set_before_and_after_its_stores_are_there(tmp_path):
    entry = {
        "source": "simulated",
        "stimuli": {"image_size": 20, "images_per_object": 6},
        "responses": {"n_it_sites": 3, "n_v4_sites": 2, "repetitions": 4},
        "split": {"method": "given"},
    }
    assert dataset_size(tmp_path, entry) == DatasetSize(384, 20, 20, 5, 4, known=True)
    (tmp_path / "stimuli.json").write_text('{"images": {"shape": [7, 8, 9, 3]}}')
    (tmp_path / "responses.json").write_text('{"responses": {"shape": [7, 11]}}')
    assert dataset_size(tmp_path, entry) == DatasetSize(7, 8, 9, 11, 0, known=True)
    entry["split"] = {"method": "repeated", "repeats": 10}
    assert dataset_size(tmp_path, entry).folds == 10


def test_images_of_a_folder_are_counted(tmp_path):
    (tmp_path / "deep").mkdir()
    for name in ("a.png", "deep/b.JPG", "notes.txt"):
        (tmp_path / name).touch()
    entry = {
        "source": "files",
        "stimuli": {"image_size": 32, "files": {"images": {"path": str(tmp_path)}}},
        "responses": {},
        "split": {"method": "given"},
    }
    assert dataset_size(tmp_path / "results", entry).stimuli == 2
    entry["stimuli"]["files"]["images"]["path"] = str(tmp_path / "not_there.zip")
    assert not dataset_size(tmp_path / "results", entry).known


def test_a_network_that_is_not_known_gets_much():
    size = DatasetSize(100, 64, 64, 10, 2)
    known = {
        "shapes": {"a": [10]},
        "parameters": 1000,
        "forward_bytes": 10_000,
        "training_bytes": 20_000,
        "flops": 1,
        "cuda": False,
    }
    of_known = memory.extract_activations(known, size, ["a"], 2, 64, 0)
    for unknown in (None, {**known, "shapes": None}):
        assert memory.extract_activations(unknown, size, ["a"], 2, 64, 0) > 5 * of_known
    with_cuda = memory.extract_activations({**known, "cuda": True}, size, ["a"], 2, 64, 0)
    assert with_cuda - of_known == memory.CUDA


N, P, SITES, K = 3000, 40_000, 168, 1000
LARGE = """
import pathlib
import sys
import numpy as np
import pandas as pd
from helpers import run_step, store_layer
from ventral.storage.layout import chunk_shapes
from ventral.data.responses import Responses, write_responses
from ventral.features.gram import gram_matrix
from ventral.storage.store import Store
from ventral.storage.store_writer import write_store
step, folder = sys.argv[1], pathlib.Path(sys.argv[2])
n, p, sites, k = map(int, sys.argv[3:])
split = {"split": str(folder / "split.csv")}
ids = np.array([f"s{i}" for i in range(n)], object)
if step == "inputs":
    random = np.random.default_rng(0)
    values = random.random((n, p), dtype=np.float32).astype(np.float16)
    store_layer(folder / "layer.zarr", values, chunk_shapes(n, {"": p}, 2)[""])
    parts = np.repeat(["train", "test"], [n - n // 5, n // 5])
    pd.DataFrame({"stimulus_id": ids, "split": parts}).to_csv(split["split"], index=False)
    table = pd.DataFrame({"site_id": [f"x{i}" for i in range(sites)], "region": "IT", "animal": ""})
    recorded = Responses(ids, table, random.normal(size=(n, sites)), None)
    write_responses(folder / "responses.zarr", recorded)
    features = values[:, :4000].astype(np.float64)
    with write_store(folder / "gram.zarr") as store:
        store.put("gram", features @ features.T, ("stimulus", "stimulus_2"))
        store.put("stimulus_id", ids, ("stimulus",))
elif step == "compute_gram":
    gram_matrix(Store(folder / "layer.zarr"), "layer1.0")
elif step == "fit_pca":
    run_step(
        *("fit_pca", folder),
        input={"gram": folder / "gram.zarr", **split},
        output={"store": folder / "pca.zarr"},
        params={"settings": {"n_components": k, "when_rank_is_lower": "fail"}},
    )
else:
    raw = step == "fit_readout_raw"
    alphas = {"low": -2, "high": 6, "count": 26, "relative": False}
    run_step(
        *("fit_readout", folder),
        input={
            "features": folder / ("gram.zarr" if raw else "pca.zarr"),
            "responses": folder / "responses.zarr",
            **split,
        },
        output={"store": folder / f"{step}.zarr"},
        params={
            "settings": {
                "method": "ridge_cv",
                "features": "raw" if raw else "pcs",
                "per_site": True,
                "alphas": alphas,
            }
        },
    )
"""


@pytest.mark.slow
def test_large_jobs_take_what_was_predicted_and_not_half_of_it(tmp_path):
    size = DatasetSize(N, sites=SITES, repetitions=0)
    predicted = {
        "compute_gram": memory.compute_gram(size, P, {"": P}, 2),
        "fit_pca": memory.fit_pca(size, K),
        "fit_readout_raw": memory.fit_readout(size, True, K),
        "fit_readout_pcs": memory.fit_readout(size, False, K),
    }
    environment = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"}
    used = {
        step: _peak([sys.executable, "-c", LARGE, step, tmp_path, N, P, SITES, K], environment)
        for step in ("inputs", *predicted)
    }
    for step, most in predicted.items():
        assert used[step] < most < 2 * used[step], (step, used[step], most)


def _peak(command: list, environment: dict) -> float:
    """Run a command in a child of its own and return the most memory it had, in bytes."""
    program = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, command)],
        check=True,
        env=environment,
        capture_output=True,
        text=True,
    )
    return int(done.stdout) * 1024


def test_bytes_as_people_read_them():
    assert [human_bytes(n) for n in (7, 1500, 2.34e9, 5e15, None)] == [
        *("7 B", "1.5 kB", "2.34 GB", "5e+03 TB", "?")
    ]


def test_the_library_of_sizes_needs_no_torch():
    """Every plan imports it."""
    code = "import sys; import ventral.jobs.resources.estimator; sys.exit('torch' in sys.modules)"
    environment = {"PYTHONPATH": str(ROOT / "src")}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0
