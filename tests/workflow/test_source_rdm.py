"""A data set of dissimilarities, from its files to its table and figure, and what runs again."""

import io
import shutil
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr

from toy_project import Project

pytestmark = pytest.mark.slow

N, SIDE = 12, 16
NAMES = [f"image_{number:02d}" for number in range(N)]


def write_files(folder, seed=0):
    """Write images whose pixels have the dissimilarities of region ``it`` but for noise."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (N, SIDE, SIDE, 3)).astype(np.uint8)
    with zipfile.ZipFile(folder / "images.zip", "w") as archive:
        for name, image in zip(NAMES, images, strict=True):
            content = io.BytesIO()
            Image.fromarray(image).save(content, "PNG")
            archive.writestr(zipfile.ZipInfo(f"{name}.png"), content.getvalue())
    pixels = pdist(images.reshape(N, -1).astype(float), "correlation")
    subjects = [squareform(pixels + 0.02 * rng.random(pixels.shape)) for _ in range(3)]
    np.savez(folder / "it.npz", dissimilarities=np.array(subjects), stimulus_id=np.array(NAMES))
    return pixels, np.array([squareform(one) for one in subjects])


@pytest.fixture(scope="module")
def finished_alone(tmp_path_factory):
    """Return a project with this data set alone after a whole run, and what is in its files."""
    project = Project.create(tmp_path_factory.mktemp("alone") / "project")
    written = write_files(project.folder)
    models = project.config["models"]
    models["pixels"]["preprocessing"] |= {"mean": [0, 0, 0], "std": [1, 1, 1]}  # as they are
    project.write_config(
        {
            "datasets": {
                "matrices": {
                    "source": "rdm",
                    "stimuli": {"image_size": SIDE, "files": {"images": {"path": "images.zip"}}},
                    "responses": {
                        "targets": {"it": {"file": "it"}},
                        "files": {"it": {"path": "it.npz"}},
                    },
                }
            },
            "models": {
                name: {key: value for key, value in models[name].items() if key != "readouts"}
                for name in ("pixels", "net")
            },
            "keep_activations": False,
            "scores": {"n_bootstrap": 20},
        }
    )
    done = project.run()
    assert done.returncode == 0, done.stdout[-3000:]
    return project, written


@pytest.fixture
def project(finished_alone, tmp_path):
    return finished_alone[0].copy(tmp_path / "project")


def test_the_table_has_what_scipy_finds_and_nothing_is_left_to_do(finished_alone):
    project, (pixels, subjects) = finished_alone
    assert not project.plan()
    results = project.folder / "results"
    table = pd.read_csv(results / "matrices/tables/dissimilarities.csv").set_index("layer")
    assert table.index.tolist() == ["pixels", "features.0", "features.3"]
    row = table.loc["pixels"]
    assert row["rho"] == pytest.approx(spearmanr(pixels, subjects.mean(axis=0)).statistic, abs=1e-6)
    each = [spearmanr(pixels, one).statistic for one in subjects]
    assert row["rho_of_subjects"] == pytest.approx(np.mean(each), abs=1e-6)
    assert row["n_stimuli"] == N and row["n_subjects"] == 3
    page = {"index.html", "index.lineage"}
    assert {path.name for path in results.iterdir()} == {"matrices", *page}  # no scores
    assert not list(results.glob("*/activations/*/*.zarr"))  # freed when they were compared


def test_another_matrix_is_compared_again_without_a_network(project):
    shutil.copy(project.folder / "it.npz", project.folder / "before.npz")
    before = np.load(project.folder / "before.npz")
    changed = {name: before[name] for name in before}
    changed["dissimilarities"] = changed["dissimilarities"] ** 2
    np.savez(project.folder / "it.npz", **changed)
    everything = project.plan(everything=True)
    assert project.plan() == everything.of(
        *("prepare_dissimilarities", "compare_dissimilarities"),
        *("tabulate_dissimilarities", "draw_dissimilarities", "draw_given_dissimilarities", "all"),
        "make_results_page",
    )


def test_a_model_runs_its_own_chain(project):
    config = project.config
    config["models"]["new"] = {**config["models"]["net"], "seed": 3}
    project.write_config(config)
    everything = project.plan(everything=True)
    assert project.plan() == everything.of(model="new") | everything.of(
        *("tabulate_dissimilarities", "draw_dissimilarities", "draw_given_dissimilarities"),
        *("make_results_page", "all"),
    )


def test_the_seed_of_the_bootstrap_computes_no_dissimilarities(project):
    project.write_config({**project.config, "seed": 4})
    assert not project.plan().of("extract_activations", "compute_dissimilarities")
    assert len(project.plan().of("compare_dissimilarities")) == 2
