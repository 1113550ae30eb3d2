"""Files of one's own as inputs: their content is seen, whatever their times."""

import os
import shutil
import zipfile

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
            "stimuli": {
                "image_size": 16,
                "files": {"images": {"path": "images"}, "table": {"path": "table.csv"}},
            },
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
    (folder / "table.csv").write_text(
        "stimulus_id,object\n" + "".join(f"s{i},{'ab'[i % 2]}\n" for i in range(N))
    )
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    done = snakemake(folder, TARGET, "--configfile", str(folder / "config.yaml"))
    assert done.returncode == 0, done.stdout[-2000:]
    return folder


def write_image(path, i):
    Image.fromarray(np.full((10 + i, 20, 3), 9 * i, np.uint8)).save(path)


def plan(project, *configs):
    paths = [str(project / config) for config in configs or ("config.yaml",)]
    return snakemake(project, TARGET, "-n", "--configfile", *paths).stdout


def put_copy(new, path):
    """As ``cp -p``: into the same file, with the time of the new one."""
    shutil.copy2(new, path)


def put_moved(new, path):
    """As ``mv`` and ``rsync -a``: another file takes the name."""
    new.replace(path)


def put_unpacked(new, path):
    """As ``unzip``: a new file with the time that the archive says."""
    archive = new.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as file:
        file.write(new, path.name)
    path.unlink()
    with zipfile.ZipFile(archive) as file:
        file.extract(path.name, path.parent)
    os.utime(path, (OLD, OLD))


OLD = 10**9
FILES = {
    "responses.csv": ("prepare_responses", lambda text: text.replace(b"s3,3", b"s3,4")),
    "table.csv": ("prepare_stimuli", lambda text: text.replace(b"s3,b", b"s3,a")),
    "images/s4.png": ("prepare_stimuli", None),
}


@pytest.mark.parametrize("put", [put_copy, put_moved, put_unpacked])
@pytest.mark.parametrize("name", FILES)
def test_new_content_with_an_old_time_is_seen(project, tmp_path, name, put):
    step, change = FILES[name]
    path, new, before = project / name, tmp_path / "new", tmp_path / "before"
    shutil.copy2(path, before)
    if change is None:
        write_image(new.with_suffix(".png"), 5)
        new.with_suffix(".png").rename(new)
    else:
        new.write_bytes(change(path.read_bytes()))
    assert new.read_bytes() != path.read_bytes()
    os.utime(new, (OLD, OLD))
    put(new, path)
    assert path.stat().st_mtime == OLD
    try:
        assert step in plan(project)
    finally:
        shutil.copy2(before, path)
    assert "Nothing to be done" in plan(project)


@pytest.mark.parametrize("name", FILES)
def test_the_same_content_with_another_time_is_the_same(project, name):
    before = (project / name).read_bytes()
    (project / name).unlink()
    (project / name).write_bytes(before)
    assert "Nothing to be done" in plan(project)
    os.utime(project / name, (OLD, OLD))
    assert "Nothing to be done" in plan(project)


def test_the_same_config_in_two_files_and_in_another_order(project):
    stimuli, responses = (
        {"datasets": {"mine": {key: CONFIG["datasets"]["mine"][key]}}}
        for key in ("stimuli", "responses")
    )
    rest = {**CONFIG, "datasets": {"mine": {"source": "files"}}}
    stimuli["datasets"]["mine"]["stimuli"] = {"files": {}, "image_size": 16.0}
    stimuli["datasets"]["mine"]["stimuli"]["files"] = {
        key: {"path": path} for key, path in (("table", "table.csv"), ("images", "images"))
    }
    for name, part in {"one": responses, "two": stimuli, "three": rest}.items():
        (project / f"{name}.yaml").write_text(yaml.safe_dump(part, sort_keys=False))
    assert "Nothing to be done" in plan(project, "one.yaml", "two.yaml", "three.yaml")


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        (("responses", "responses"), "respones.csv"),
        (("stimuli", "table"), "tables.csv"),
        (("stimuli", "images"), "image"),
    ],
)
def test_a_path_that_does_not_exist_is_refused_beside_results(project, keys, wrong):
    config = yaml.safe_load((project / "config.yaml").read_text())
    section, key = keys
    config["datasets"]["mine"][section]["files"][key]["path"] = wrong
    (project / "wrong.yaml").write_text(yaml.safe_dump(config))
    said = plan(project, "wrong.yaml")
    assert f"datasets: mine: {section}: files: {key}: path: {wrong!r} does not exist" in said
    assert "Nothing to be done" not in said


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
