"""A folder of images as an input: what is seen of it, and what is not."""

import os

import numpy as np
import pytest
import yaml
from PIL import Image

from helpers import snakemake

N = 12
CONFIG = {
    "datasets": {
        "mine": {
            "source": "files",
            "stimuli": {"image_size": 16, "files": {"images": {"path": "images"}}},
            "responses": {"region": "IT", "files": {"responses": {"path": "responses.csv"}}},
        }
    },
    "models": {"pixels": {"architecture": "pixels", "taps": {"main": ["pixels"]}}},
    "readouts": {"ridge_cv": {"method": "ridge_cv", "features": "pcs"}},
}
pytestmark = pytest.mark.slow
TARGET = "results/mine/responses.json"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Give a project whose data are prepared."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "images" / "more").mkdir(parents=True)
    lines = ["stimulus_id,a,b"]
    for i in range(N):
        write_image(folder / "images" / ("more" if i % 2 else ".") / f"s{i}.png", i)
        lines.append(f"s{i},{i},{i * i}")
    (folder / "responses.csv").write_text("\n".join(lines))
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    done = snakemake(folder, TARGET, "--configfile", str(folder / "config.yaml"))
    assert done.returncode == 0, done.stdout[-2000:]
    return folder


def write_image(path, i):
    Image.fromarray(np.full((10 + i, 20, 3), 9 * i, np.uint8)).save(path)


def plan(project):
    return snakemake(project, TARGET, "-n", "--configfile", str(project / "config.yaml")).stdout


def test_touched_images_are_the_same(project):
    for path in (project / "images").rglob("*.png"):
        os.utime(path)
    assert "Nothing to be done" in plan(project)


def test_a_changed_image_is_seen(project):
    path = project / "images" / "s4.png"
    before = path.read_bytes()
    write_image(path, 5)
    try:
        assert "prepare_stimuli" in plan(project)
    finally:
        path.write_bytes(before)
    assert "Nothing to be done" in plan(project)


def test_an_added_and_a_removed_image_are_seen(project):
    path = project / "images" / "more" / "s99.png"
    write_image(path, 1)
    assert "prepare_stimuli" in plan(project)
    path.unlink()
    assert "Nothing to be done" in plan(project)
    gone = project / "images" / "s0.png"
    content = gone.read_bytes()
    gone.unlink()
    assert "prepare_stimuli" in plan(project)
    gone.write_bytes(content)


def test_a_folder_without_images_is_refused_before_any_job(project):
    config = yaml.safe_load((project / "config.yaml").read_text())
    (project / "nothing").mkdir()
    config["datasets"]["mine"]["stimuli"]["files"]["images"]["path"] = "nothing"
    (project / "other.yaml").write_text(yaml.safe_dump(config))
    done = snakemake(project, TARGET, "-n", "--configfile", str(project / "other.yaml"))
    assert done.returncode != 0
    assert "datasets: mine: stimuli: files: images: folder nothing has no image" in done.stdout
