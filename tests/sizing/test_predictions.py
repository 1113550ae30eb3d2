"""What is predicted of jobs against what they use."""

import subprocess
import sys

import pytest

from plans import ROOT
from ventral.config_check import check_config
from ventral.sizing import memory
from ventral.sizing.dataset import DatasetSize, dataset_size
from ventral.sizing.measured import NAMES, compare_with_benchmarks
from ventral.sizing.needs import Needs
from ventral.sizing.table import human_bytes, size_tables


def needs_of(project) -> tuple[dict, Needs]:
    config = project.config
    check_config(config, ROOT / "workflow" / "schemas")
    return config, Needs(config, project.folder / "results", ROOT / "src", [project.folder])


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


GRAM = """
import pathlib
import sys
import numpy as np
from tests_support import store_layer
from ventral.features.gram import gram_matrix
from ventral.activations.chunks import chunk_shapes
folder, n, p = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
store = folder / "layer.zarr"
if not store.exists():
    values = np.random.default_rng(0).random((n, p), dtype=np.float32).astype(np.float16)
    store_layer(store, values, chunk_shapes(n, {"": p}, 2)[""])
else:
    import pandas, scipy.linalg
    from ventral.store import Store
    gram_matrix(Store(store), "layer1.0")
"""


@pytest.mark.slow
def test_a_large_gram_matrix_takes_what_was_predicted_and_not_half_of_it(tmp_path):
    n, p = 3000, 40_000
    command = [sys.executable, "-c", GRAM, tmp_path, str(n), str(p)]
    environment = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"}
    subprocess.run(command, check=True, env=environment)
    used = _peak(command, environment)
    predicted = memory.compute_gram(DatasetSize(n), p, {"": p}, 2)
    assert used < predicted < 2 * used


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
    code = "import sys; import ventral.sizing.needs; sys.exit('torch' in sys.modules)"
    environment = {"PYTHONPATH": str(ROOT / "src")}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0
