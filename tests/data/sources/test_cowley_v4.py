"""The V4 study: toy sessions with a planted order and planted faults, and the real files."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ventral.data.assign_split import random_split
from ventral.data.responses import read_responses, write_responses
from ventral.data.sources import load_source
from ventral.data.sources.cowley_v4 import reader as cowley_v4
from ventral.data.stimuli import iterate_images, read_stimulus_table, write_stimuli
from ventral.errors import VentralError
from ventral.storage.file_digests import read_digest

N, SITES, REPEATS = 12, 3, 4
SETTINGS = {"source": "cowley_v4", "session": "190923", "animal": "WE"}


def image(i: int, height: int = 7, width: int = 9) -> bytes:
    """Make an image of one colour that tells its number."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), 10 * i, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def make_images(path: Path, sizes: dict | None = None, names: list[str] | None = None) -> Path:
    """Write image i under its name, in an order that is not sorted."""
    names = names or [f"image{i:04d}.png" for i in range(N)]
    with zipfile.ZipFile(path, "w") as archive:
        for i in np.random.default_rng(0).permutation(len(names)):
            archive.writestr(names[i], image(int(i), *(sizes or {}).get(i, (7, 9))))
    return path


@pytest.fixture
def session(tmp_path) -> dict:
    """Arrays and files of a toy session; a test spoils one and calls `save`."""
    rng = np.random.default_rng(1)
    repetitions = rng.poisson(3.0, (SITES, N, REPEATS)).astype(float)
    repetitions[:, ::3, -1] = np.nan
    files = {"images": make_images(tmp_path / "images.zip")}
    arrays = {"responses": np.nanmean(repetitions, axis=2), "repetitions": repetitions}
    for name in arrays:
        files[name] = tmp_path / f"{name}.npy"
    return {"files": files, **arrays}


def load(session: dict, settings: dict = SETTINGS, without: tuple[str, ...] = ()):
    files = {name: path for name, path in session["files"].items() if name not in without}
    for name in ("responses", "repetitions"):
        np.save(session["files"][name], session[name])
    stimuli = cowley_v4.read_stimuli(settings, files)
    return stimuli, cowley_v4.read_responses(settings, files, stimuli.table)


def test_the_source_is_known_by_its_name():
    assert load_source("cowley_v4") is cowley_v4


def test_images_and_responses_go_together(session):
    stimuli, responses = load(session)
    assert (len(stimuli), stimuli.height, stimuli.width) == (N, 7, 9)
    assert list(stimuli.table.columns) == ["stimulus_id", "split", "colour"]
    assert list(stimuli.table["stimulus_id"]) == [f"image{i:04d}" for i in range(N)]
    assert [stimuli.read_image(i)[0, 0, 0] for i in range(N)] == [10 * i for i in range(N)]
    assert np.array_equal(responses.average, session["responses"].T)
    for r in range(REPEATS):
        got = responses.repetitions[..., r]
        assert np.array_equal(got, session["repetitions"][..., r].T, equal_nan=True)
    assert list(responses.sites["site_id"]) == ["190923_00", "190923_01", "190923_02"]
    assert set(responses.sites["region"]) == {"V4"}
    assert set(responses.sites["animal"]) == {"WE"}


def test_base_names_decide_the_order_not_folders(session, tmp_path):
    # The folders would sort the other way round, and the junk in between.
    names = [f"{'ab'[i < 6]}/top/image{i:04d}.png" for i in range(N)]
    path = make_images(tmp_path / "images.zip", names=names)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/a/top/._image0001.png", b"junk")
        archive.writestr("a/top/.DS_Store", b"junk")
        archive.writestr("a/", b"")
    stimuli, _ = load(session)
    assert [stimuli.read_image(i)[0, 0, 0] for i in range(N)] == [10 * i for i in range(N)]


def test_the_split_is_seeded(session):
    split = load(session)[0].table["split"]
    assert split.value_counts().to_dict() == {"train": 8, "validation": 2, "test": 2}
    assert list(split) == list(random_split(N))
    other = load(session, SETTINGS | {"split_seed": 3})[0].table["split"]
    assert list(other) == list(random_split(N, seed=3)) != list(split)


def test_repetitions_and_animal_may_be_unknown(session):
    settings = {"source": "cowley_v4", "session": "190923"}
    _, responses = load(session, settings, without=("repetitions",))
    assert responses.repetitions is None
    assert set(responses.sites["animal"]) == {""}


def test_both_can_be_stored_and_read_back(session, tmp_path):
    stimuli, responses = load(session)
    write_stimuli(tmp_path / "stimuli.zarr", stimuli)
    write_responses(tmp_path / "responses.zarr", responses)
    table = read_stimulus_table(tmp_path / "stimuli.zarr")
    pd.testing.assert_frame_equal(table, stimuli.table, check_dtype=False)
    stored = np.concatenate(list(iterate_images(tmp_path / "stimuli.zarr")))
    assert np.array_equal(stored[:, 3, 4, 1], 10 * np.arange(N))
    again = read_responses(tmp_path / "responses.zarr")
    assert np.array_equal(again.average, responses.average)
    assert np.array_equal(again.repetitions, responses.repetitions, equal_nan=True)


def set_to(value: float, array: str, *place):
    def spoil(session: dict) -> None:
        session[array][place] = value

    return spoil


def replace(array: str, change):
    def spoil(session: dict) -> None:
        session[array] = change(session[array])

    return spoil


FIRST = "the first is stimulus 'image0005' at site '190923_01'"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (replace("responses", lambda y: y[:, :-1]), "responses.npy has 11 columns.* are 12 images"),
        (replace("responses", lambda y: y.T), "responses.npy has 3 columns.* are 12 images"),
        (replace("responses", lambda y: y[0]), r"responses.npy has no columns \(shape \(12,\)\)"),
        (replace("responses", lambda y: y[..., None]), r"has no columns \(shape \(3, 12, 1\)\)"),
        (
            set_to(np.nan, "responses", 1, 5),
            f"responses.npy: .*is NaN and has repetitions for 1 of 36.*{FIRST}",
        ),
        (set_to(np.inf, "responses", 1, 5), f"responses.npy: .*is infinite for 1 of 36.*{FIRST}"),
        (set_to(np.nan, "responses", slice(None), 5), "NaN and has repetitions for 3 of 36"),
        (
            replace("repetitions", lambda y: y[:, :-1]),
            r"repetitions.npy has shape \(3, 11, 4\); the averaged responses have \(3, 12\)",
        ),
        (
            replace("repetitions", lambda y: y.transpose(2, 0, 1)),
            r"repetitions.npy has shape \(4, 3, 12\); the averaged responses have \(3, 12\)",
        ),
        (replace("repetitions", lambda y: y[..., 0]), r"repetitions.npy has shape \(3, 12\)"),
        (
            replace("repetitions", lambda y: y[..., :0]),
            "has no repetition for 36 of 36",
        ),
        (
            set_to(np.nan, "repetitions", 1, 5),
            f"repetitions.npy: the response has no repetition for 1 of 36.*{FIRST}",
        ),
        (
            set_to(-np.inf, "repetitions", 1, 5, 2),
            f"repetitions.npy: a repetition is infinite for 1 of 36.*{FIRST}",
        ),
        (replace("responses", lambda y: y.astype(str)), "responses.npy has values of type <U"),
    ],
)
def test_responses_that_cannot_be_right(session, spoil, message):
    spoil(session)
    with pytest.raises(VentralError, match=message):
        load(session)


def test_a_site_may_be_without_some_responses(session):
    session["responses"][1, 5] = session["repetitions"][1, 5] = np.nan
    _, responses = load(session)
    assert np.argwhere(np.isnan(responses.average)).tolist() == [[5, 1]]
    assert np.isnan(responses.repetitions[5, 1]).all()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["a/x.png", "b/x.png", "y.png"],
            "2 images have the base name 'x' .*(a/x.png|b/x.png), .*belong to",
        ),
        (["x.png", "x.jpg", "y.png"], r"images.zip: 2 images have the base name 'x'"),
        (["x.png", "y.png"], "2 stimuli are too few"),
    ],
)
def test_image_names_that_cannot_be_right(session, tmp_path, names, message):
    make_images(tmp_path / "images.zip", names=names)
    with pytest.raises(VentralError, match=message):
        load(session)


def test_images_of_two_sizes(session, tmp_path):
    make_images(tmp_path / "images.zip", sizes={4: (7, 10), 8: (1, 1)})
    stimuli, _ = load(session)
    with pytest.raises(
        VentralError, match=r"'image0004'.*\(7, 10, 3\).*images of this set.*\(7, 9, 3\)"
    ):
        write_stimuli(tmp_path / "stimuli.zarr", stimuli)
    assert not (tmp_path / "stimuli.zarr").exists()


def test_averages_that_are_not_the_means_are_told(session, caplog):
    load(session)
    assert not caplog.records
    session["responses"][2, 7] += 0.5
    load(session)
    assert "repetitions.npy: the means" in caplog.text and "largest difference 0.5" in caplog.text


SUMS = {
    "images/images_201025.zip": "3abb63679107665eab7220bdeaf7863832a1df943bf3d7792501f5082a55b2e8",
    "images/images_210325.zip": "992774eca3508a2ad01accb1a31f5f3e3d90248c49f4eec314f2a915a263e454",
    "responses_repeat_averaged/responses_201025.npy": (
        "f729f3dc0d29aa38bd380c0da9e39aba916f9e2580949929b65d1714e7217a8a"
    ),
    "responses_repeat_averaged/responses_210325.npy": (
        "555e67037182611969ab90da291dcc39601de4411f651a64ad60e90572cf59d3"
    ),
}


@pytest.mark.parametrize("relative", SUMS)
def test_real_files_are_the_study_s(real_data, relative):
    assert read_digest(real_data / "cowley2023_v4" / relative) == SUMS[relative]


@pytest.mark.parametrize(
    ("session", "n", "n_sites", "repeats"), [("201025", 1200, 89, None), ("210325", 640, 50, 10)]
)
def test_real_sessions(real_data, caplog, session, n, n_sites, repeats):
    folder = real_data / "cowley2023_v4"
    files = {
        "images": folder / f"images/images_{session}.zip",
        "responses": folder / f"responses_repeat_averaged/responses_{session}.npy",
    }
    if repeats:
        files["repetitions"] = folder / f"responses_raw/responses_{session}.npy"
    settings = {"source": "cowley_v4", "session": session, "animal": "PE"}
    stimuli = cowley_v4.read_stimuli(settings, files)
    responses = cowley_v4.read_responses(settings, files, stimuli.table)
    assert (len(stimuli), stimuli.height, stimuli.width) == (n, 112, 112)
    assert all(stimuli.read_image(row).shape == (112, 112, 3) for row in range(n))
    assert stimuli.table["stimulus_id"].iloc[0] == "image0001"
    assert stimuli.table["split"].value_counts()["test"] == round(n / 6)
    assert responses.average.shape == (n, n_sites)
    assert responses.sites["site_id"].iloc[-1] == f"{session}_{n_sites - 1}"
    raw = np.load(files["responses"])
    assert np.array_equal(responses.average[:, 7], raw[7])
    if repeats:
        assert responses.repetitions.shape == (n, n_sites, repeats)
        assert np.array_equal(np.nanmean(responses.repetitions, axis=2), responses.average)
        counts = np.isfinite(responses.repetitions).sum(axis=2)
        assert (counts.min(), counts.max()) == (6, 10)
    assert not caplog.records  # the averages are the means of the repetitions
