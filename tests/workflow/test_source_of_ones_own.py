"""The worked example of docs/extending_sources.md runs, word for word."""

import re

import numpy as np
import pytest

from helpers import ROOT, snakemake
from ventral.data.responses import read_responses
from ventral.data.stimuli import iterate_images, read_stimulus_table

PAGE = ROOT / "docs" / "extending_sources.md"
FILE = re.compile(r"File `([^`]+)`:\n\n```\w+\n(.*?)```", re.DOTALL)
TARGET = "results/session_1/responses.json"
N_IMAGES, N_SITES, SIDE = 24, 3, 16
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Give a project with the files of the page and small data, which has run its first jobs."""
    folder = tmp_path_factory.mktemp("my_project")
    files = dict(FILE.findall(PAGE.read_text()))
    assert set(files) == {"my_lab/reader.py", "my_lab/schema.yaml", "config.yaml"}
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    rng = np.random.default_rng(0)
    (folder / "data").mkdir()
    names = np.array([f"image_{i}" for i in range(N_IMAGES)])
    images = rng.integers(0, 256, (N_IMAGES, SIDE, SIDE, 3), dtype=np.uint8)
    np.savez(folder / "data" / "images.npz", images=images, names=names)
    shown = rng.permutation(np.concatenate([names, names, names[:5]]))
    counts = rng.poisson(5, (len(shown), N_SITES))
    np.savez(folder / "data" / "spikes.npz", counts=counts, shown=shown)
    done = run(folder)
    assert done.returncode == 0, done.stdout[-3000:]
    return folder


def run(folder, *arguments):
    return snakemake(folder, TARGET, "--configfile", str(folder / "config.yaml"), *arguments)


def test_the_stores_hold_what_the_files_say(project):
    with np.load(project / "data" / "images.npz") as archive:
        images, names = archive["images"], archive["names"]
    stimuli = project / "results" / "session_1" / "stimuli.zarr"
    assert np.array_equal(np.concatenate(list(iterate_images(stimuli))), images)
    table = read_stimulus_table(stimuli)
    assert list(table["stimulus_id"]) == list(names)
    assert set(table["split"]) == {"train", "validation", "test"}
    with np.load(project / "data" / "spikes.npz") as archive:
        counts, shown = archive["counts"], archive["shown"]
    responses = read_responses(project / "results" / "session_1" / "responses.zarr")
    assert list(responses.sites["site_id"]) == ["Ada_00", "Ada_01", "Ada_02"]
    assert set(responses.sites["region"]) == {"V4"}
    for row, name in enumerate(names):
        assert np.allclose(responses.average[row], counts[shown == name].mean(axis=0))
    assert np.isfinite(responses.repetitions).all(axis=1).sum() == len(shown)


def test_a_changed_reader_prepares_its_data_set_again(project):
    reader = project / "my_lab" / "reader.py"
    before = reader.read_text()
    try:
        reader.write_text(before + "\n# a comment\n")
        assert "Nothing to be done" in run(project, "-n").stdout
        reader.write_text(before.replace("np.nanmean", "np.nanmedian"))
        said = run(project, "-n").stdout
        assert re.search(r"prepare_stimuli +1\n", said), said
        assert re.search(r"prepare_responses +1\n", said), said
    finally:
        reader.write_text(before)


def test_a_plan_does_not_import_the_reader(project):
    reader = project / "my_lab" / "reader.py"
    before = reader.read_text()
    try:
        reader.write_text('raise SystemExit("imported")\n')
        said = run(project, "-n")
        assert said.returncode == 0, said.stdout
        assert "imported" not in said.stdout
    finally:
        reader.write_text(before)


def test_sizes_are_told_of_such_a_data_set(project):
    done = snakemake(project, "sizes", "--configfile", str(project / "config.yaml"))
    assert done.returncode == 0, done.stdout[-2000:]
    row = rf"session_1 +{N_IMAGES} +counted +{N_SITES} +3 +counted\n"
    assert re.search(row, done.stdout), done.stdout


def test_a_wrong_value_is_refused_before_any_job(project):
    wrong = (project / "config.yaml").read_text().replace("area: V4", "area: V5")
    (project / "wrong.yaml").write_text(wrong)
    done = snakemake(project, TARGET, "-n", "--configfile", str(project / "wrong.yaml"))
    assert done.returncode != 0
    assert "datasets: session_1: responses: area: 'V5' is unknown; did you mean" in done.stdout
