"""What is predicted of jobs against what they use."""

import math
import subprocess
import sys

import pytest

from toy_project import ROOT
from ventral.data.sources.find import find_source
from ventral.jobs.resources import estimator, memory, runtime
from ventral.jobs.resources.dataset_size import DatasetSize, dataset_size
from ventral.jobs.resources.disk import count_records, count_results
from ventral.jobs.resources.estimator import ResourceEstimator
from ventral.jobs.resources.measured import WILDCARDS, compare_with_benchmarks
from ventral.jobs.resources.size_tables import human_bytes, size_tables
from ventral.study.check_config import check_config
from ventral.study.entries import Dataset
from ventral.study.study import Study

SCHEMAS = ROOT / "workflow" / "schemas"


def estimator_of(project) -> ResourceEstimator:
    study = check_config(project.config, SCHEMAS)
    return ResourceEstimator(study, project.folder / "results", ROOT / "src", [project.folder])


@pytest.mark.slow
def test_no_job_of_a_run_used_more_than_was_predicted(finished):
    table = compare_with_benchmarks(estimator_of(finished), finished.folder / "benchmarks")
    on_request = {"compute_similarity", "compute_spectra", "score_pool"}  # the toy asks for none
    on_request |= {"measure_distances", "tabulate_generalisation", "compare_with_chance"}
    assert set(table["step"]) == set(WILDCARDS) - on_request
    over = table[table["used"] > table["predicted"]]
    assert over.empty, over.to_string()


@pytest.mark.slow
def test_the_sizes_are_those_of_the_stores(finished):
    tables = size_tables(estimator_of(finished))
    for _, row in tables["tap sets"].iterrows():
        results = finished.folder / "results" / row["data set"]
        of_tap_set = [
            path
            for kind in ("activations", "gram", "pca", "fits", "scores", "population", "draws")
            for path in (results / kind / row["model"]).rglob("*")
            if path.is_file() and path.relative_to(results).parts[2].split(".")[0] == row["tap set"]
        ]
        assert len(of_tap_set) == row["files"], row
        for kind, column in {"gram": "Gram bytes", "pca": "PCA bytes", "fits": "fit bytes"}.items():
            stores = [path for path in of_tap_set if path.relative_to(results).parts[0] == kind]
            written = sum(path.stat().st_size for path in stores if path.suffix == ".zarr")
            overhead = 60_000 * len(stores)  # of names, splits and metadata
            assert written < row[column] + overhead, (row, kind)
            assert row[column] < 4 * written, (row, kind)
    layers = tables["layers"].set_index(["data set", "model", "layer"])
    assert layers.loc[("first", "net", "features.3"), "shape"] == "128 × 7 × 7"
    # Of dtype auto it is not known before which layers become float32.
    assert layers.loc[("first", "net", "features.3"), "bytes"] == 384 * 128 * 49 * 4
    results = finished.folder / "results"
    files = sum(path.is_file() for path in results.rglob("*"))
    counted = tables["study"].loc[0, "files of results"]
    assert 0.8 * files < counted < 1.3 * files


def many(models: int, layers: int, readouts: int) -> Study:
    config = {
        "datasets": {"simulated": {"source": "simulated"}},
        "models": {
            f"m{number}": {
                "architecture": "resnet50",
                "seed": number,
                "taps": {"main": [f"layer{layer}" for layer in range(layers)]},
            }
            for number in range(models)
        },
        "readouts": {
            f"r{number}": {"method": "ridge", "features": "pcs", "alpha": 1.0 + number}
            for number in range(readouts)
        },
    }
    return check_config(config, SCHEMAS)


def test_the_files_of_a_large_study_fit_a_quota():
    sizes = {"simulated": DatasetSize()}
    study = many(300, 15, 4)
    assert count_results(study, sizes) + count_records(study) < 60_000
    one_model = count_results(many(2, 15, 4), sizes) - count_results(many(1, 15, 4), sizes)
    # activations, Gram, PCA, fits and scores, each with the record of its lineage
    assert one_model == 2 * 15 + 6 + 1 + 1 + 3 + 3 + 4 * 7


def test_memory_is_that_of_the_largest_layer_and_time_the_sum(monkeypatch):
    """One tap set of two layers, and each of them as a tap set of its own."""
    taps = {"both": ["a", "b"], "small": ["c"], "large": ["d"]}
    shapes = {"a": [100], "b": [90_000], "c": [100], "d": [90_000]}
    config = {
        "datasets": {"simulated": {"source": "simulated"}},
        "models": {"net": {"architecture": "resnet18", "taps": taps}},
        "readouts": {
            "raw": {"method": "linear", "features": "raw"},
            "few": {"method": "linear", "features": "pcs"},
        },
        "pca": {"n_components": 10},
    }
    study = check_config(config, SCHEMAS)
    known = {"shapes": shapes, "flops": 10**6, "forward_bytes": 10**6, "parameters": 10, "cuda": 0}
    monkeypatch.setattr(estimator, "describe_model", lambda *_: known)
    needs = ResourceEstimator(study, "none", ROOT / "src")

    def asked(step, taps, readout="raw"):
        names = {"dataset": "simulated", "model": "net", "taps": taps, "readout": readout}
        return needs.memory(step, names), needs.seconds(step, names, threads=1) - runtime.START

    for step in ("compute_gram", "fit_pca", "fit_readout", "score_readout"):
        (memory_of_both, time_of_both), *each = (asked(step, name) for name in taps)
        assert memory_of_both == max(memory for memory, _ in each), step
        assert time_of_both == pytest.approx(sum(time for _, time in each)), step
    assert asked("compute_gram", "large")[0] > 1.2 * asked("compute_gram", "small")[0]
    assert asked("fit_readout", "both", "raw")[0] > asked("fit_readout", "both", "few")[0]
    assert needs.seconds(
        "score_readout", {"dataset": "simulated", "model": "net", "taps": "head"}, threads=1
    ) == needs.seconds(
        "score_readout", {"dataset": "simulated", "model": "net", "taps": "small"}, threads=1
    )


def test_the_default_layer_of_a_head_decides_the_memory_of_its_training(monkeypatch):
    def of(head):
        config = {
            "datasets": {"simulated": {"source": "simulated"}},
            "models": {
                "net": {
                    "architecture": "resnet18",
                    "taps": {"main": ["narrow"], "late": ["wide"]},
                    "training": {"task": "responses", "head": head},
                }
            },
            "readouts": {"linear": {"method": "linear", "features": "pcs"}},
        }
        study = check_config(config, SCHEMAS)
        needs = ResourceEstimator(study, "none", ROOT / "src")
        return needs.memory("train_model", {"dataset": "simulated", "model": "net"})

    shapes = {"narrow": [10, 2, 2], "wide": [9000, 2, 2]}
    known = {"shapes": shapes, "training_bytes": 10**6, "parameters": 10, "cuda": False}
    monkeypatch.setattr(estimator, "describe_model", lambda *_: known)
    assert of({}) == of({"layer": "wide"}) > of({"layer": "narrow"})


@pytest.mark.slow
def test_sizes_are_told_before_anything_runs(finished, tmp_path):
    project = type(finished).create(tmp_path / "project")
    done = project.run("sizes")
    assert done.returncode == 0, done.stdout
    assert "128 × 7 × 7" in done.stdout
    assert "files" in done.stdout
    assert not (project.folder / "results").exists()


def as_dataset(entry):
    return Dataset("data", (), frozenset(), find_source(entry["source"]), entry)


def test_a_data_set_before_and_after_its_stores_are_there(tmp_path):
    entry = {
        "source": "simulated",
        "stimuli": {"image_size": 20, "images_per_object": 6},
        "responses": {"n_it_sites": 3, "n_v4_sites": 2, "repetitions": 4},
        "split": {"method": "given"},
    }
    assert dataset_size(tmp_path, as_dataset(entry)) == DatasetSize(
        *(384, 20, 20, 5, 4), known=True, responses_known=True
    )
    (tmp_path / "stimuli.json").write_text('{"images": {"shape": [7, 8, 9, 3]}}')
    (tmp_path / "responses.json").write_text('{"responses": {"shape": [7, 11]}}')
    assert dataset_size(tmp_path, as_dataset(entry)) == DatasetSize(
        *(7, 8, 9, 11, 0), known=True, responses_known=True
    )
    entry["split"] = {"method": "repeated", "repeats": 10}
    assert dataset_size(tmp_path, as_dataset(entry)).folds == 10


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
    assert dataset_size(tmp_path / "results", as_dataset(entry)).stimuli == 2
    entry["stimuli"]["files"]["images"]["path"] = str(tmp_path / "not_there.zip")
    assert not dataset_size(tmp_path / "results", as_dataset(entry)).known


@pytest.mark.parametrize(
    ("header", "sites", "repetitions", "known"),
    [
        ("stimulus_id,a,b,c,d,e", 5, 0, True),
        ("stimulus_id,repetition,a,b", 2, DatasetSize.repetitions, False),
        (None, DatasetSize.sites, DatasetSize.repetitions, False),
    ],
)
def test_sites_of_a_table_are_counted_and_the_rest_is_said_to_be_assumed(
    tmp_path, header, sites, repetitions, known
):
    if header is not None:
        (tmp_path / "r.csv").write_text(f"{header}\n")
    entry = {
        "source": "files",
        "stimuli": {"image_size": 32},
        "responses": {"files": {"responses": {"path": str(tmp_path / "r.csv")}}},
        "split": {"method": "given"},
    }
    size = dataset_size(tmp_path / "results", as_dataset(entry))
    assert (size.sites, size.repetitions, size.responses_known) == (sites, repetitions, known)


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
    of_known = memory.extract_activations(known, size, {"a": 10}, 2, 64, 0)
    for unknown, widths in ((None, None), ({**known, "shapes": None}, None)):
        assert memory.extract_activations(unknown, size, widths, 2, 64, 0) > 5 * of_known
    with_cuda = memory.extract_activations({**known, "cuda": True}, size, {"a": 10}, 2, 64, 0)
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
    rng = np.random.default_rng(0)
    values = rng.random((n, p), dtype=np.float32).astype(np.float16)
    store_layer(folder / "layer.zarr", values, chunk_shapes(n, {"": p}, 2)[""])
    parts = np.repeat(["train", "test"], [n - n // 5, n // 5])
    pd.DataFrame({"stimulus_id": ids, "split": parts}).to_csv(split["split"], index=False)
    table = pd.DataFrame({"site_id": [f"x{i}" for i in range(sites)], "region": "IT", "animal": ""})
    recorded = Responses(ids, table, rng.normal(size=(n, sites)), None)
    write_responses(folder / "responses.zarr", recorded)
    features = values[:, :4000].astype(np.float64)
    with write_store(folder / "gram.zarr", packed=True) as store:
        for layer in ("layer1", "layer2"):
            store.put(layer, features @ features.T, ("stimulus", "stimulus_2"))
        store.put("stimulus_id", ids, ("stimulus",))
elif step == "compute_gram":
    gram_matrix(Store(folder / "layer.zarr"), "layer1.0")
elif step == "fit_pca":
    run_step(
        "fit_pca",
        folder,
        input={"gram": folder / "gram.zarr", **split},
        output={"store": folder / "pca.zarr"},
        params={"settings": {"n_components": k, "when_rank_is_lower": "fail"}},
    )
else:
    raw = step == "fit_readout_raw"
    alphas = {"low": -2, "high": 6, "count": 26, "relative": False}
    run_step(
        "fit_readout",
        folder,
        input={
            "components": folder / "pca.zarr",
            "responses": folder / "responses.zarr",
            **split,
        },
        output={"store": folder / f"{step}.zarr"},
        params={
            "settings": {
                "method": "ridge_cv",
                "features": "raw" if raw else "pcs",
                "alpha_for": "site",
                "alphas": alphas,
            }
        },
    )
"""


@pytest.mark.slow
def test_large_jobs_take_what_was_predicted_and_not_half_of_it(tmp_path):
    size = DatasetSize(N, sites=SITES, repetitions=0)
    predicted = {
        "compute_gram": memory.compute_gram(size, {"": P}, 2),
        "fit_pca": memory.fit_pca(size),
        "fit_readout_raw": memory.fit_readout(size, math.inf),
        "fit_readout_pcs": memory.fit_readout(size, K),
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
    read = {7: "7 B", 1500: "1.5 kB", 2.34e9: "2.34 GB", 5e15: "5e+03 TB", None: "?"}
    assert {count: human_bytes(count) for count in read} == read


def test_the_library_of_sizes_needs_no_torch():
    """Every plan imports it."""
    code = "import sys; import ventral.jobs.resources.estimator; sys.exit('torch' in sys.modules)"
    environment = {"PYTHONPATH": str(ROOT / "src")}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0
