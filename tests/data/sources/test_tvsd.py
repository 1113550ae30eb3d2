"""The THINGS ventral stream spiking dataset in small, whole and spoiled."""

import h5py
import numpy as np
import pytest

from tvsd_files import ELECTRODES, N_TEST, N_TRAIN, paths, write_cell, write_tvsd
from ventral.data.responses import read_repetitions, write_responses
from ventral.data.sources import load_source
from ventral.data.sources.tvsd import reader as tvsd
from ventral.errors import VentralError
from ventral.scores.ceilings import split_half_reliability

STIMULI = {"image_size": 16, "fit": "letterbox", "split_seed": 0, "train_images": None}
RESPONSES = {"animal": "F", "electrodes": ELECTRODES}


def load(files, **settings):
    stimuli = tvsd.read_stimuli(STIMULI | settings, files)
    return stimuli, tvsd.read_responses(RESPONSES | settings, files, stimuli.table)


def test_the_source_is_known_by_its_name():
    assert load_source("tvsd") is tvsd


def test_images_and_responses_go_together(tmp_path):
    files, arrays = write_tvsd(tmp_path)
    stimuli, responses = load(files)
    train, test = paths()
    names = [path.split("/")[1].removesuffix(".jpg") for path in [*train, *test]]
    assert list(stimuli.table["stimulus_id"]) == names
    assert list(stimuli.table["object"][:4]) == ["aardvark", "abacus", "accordion", "zucchini"]
    for i in (0, 1, 2, N_TRAIN - 1, N_TRAIN, N_TRAIN + N_TEST - 1):
        image = stimuli.read_image(i)
        assert image.shape == (16, 16, 3) and abs(int(image[8, 8, 1]) - 4 * i % 256) <= 2
    counts = stimuli.table["split"].value_counts().to_dict()
    assert counts == {"train": 36, "validation": 4, "test": N_TEST}
    # Regions in the order of the config, electrodes counted from 1.
    assert list(responses.sites["region"]) == ["V1"] * 4 + ["IT"] * 3 + ["V4"] * 2
    assert list(responses.sites["site_id"][[0, 4, 8]]) == ["F_0001", "F_0005", "F_0009"]
    np.testing.assert_array_equal(responses.average[:N_TRAIN], arrays["train_MUA"])
    np.testing.assert_array_equal(responses.average[N_TRAIN:], arrays["test_MUA"])
    assert np.isnan(responses.repetitions[:N_TRAIN]).all()
    expected = arrays["test_MUA_reps"].transpose(1, 2, 0).astype(np.float32)
    np.testing.assert_array_equal(responses.repetitions[N_TRAIN:], expected)


def test_the_ceiling_is_that_of_the_test_images(tmp_path):
    files, arrays = write_tvsd(tmp_path)
    write_responses(tmp_path / "responses.zarr", load(files)[1])
    rows, repetitions = read_repetitions(tmp_path / "responses.zarr")
    assert rows.tolist() == list(range(N_TRAIN, N_TRAIN + N_TEST))
    theirs = arrays["test_MUA_reps"].transpose(1, 2, 0).astype(np.float32).astype(float)
    found = split_half_reliability(repetitions)
    np.testing.assert_allclose(found, split_half_reliability(theirs))
    assert (found > 0.5).all()


def test_a_part_of_the_train_images_is_drawn(tmp_path):
    files, arrays = write_tvsd(tmp_path)
    stimuli, responses = load(files, train_images=12)
    whole, _ = load(files)
    assert len(stimuli) == 12 + N_TEST
    rows = whole.table.set_index("stimulus_id").loc[stimuli.table["stimulus_id"], "row"][:12]
    np.testing.assert_array_equal(responses.average[:12], arrays["train_MUA"][rows])
    np.testing.assert_array_equal(stimuli.read_image(5), whole.read_image(int(rows.iloc[5])))
    other, _ = load(files, train_images=12, split_seed=1)
    assert set(other.table["stimulus_id"]) != set(stimuli.table["stimulus_id"])


def test_regions_can_be_chosen(tmp_path):
    files, arrays = write_tvsd(tmp_path)
    _, responses = load(files, regions=["V4"])
    assert list(responses.sites["region"]) == ["V4", "V4"]
    np.testing.assert_array_equal(responses.average[N_TRAIN:], arrays["test_MUA"][:, 7:])


def test_electrodes_without_signal_are_left_out_and_said(tmp_path, caplog):
    files, _ = write_tvsd(tmp_path)
    with h5py.File(files["responses"], "r+") as file:
        for name in ("train_MUA", "test_MUA", "test_MUA_reps"):
            file[name][..., 5] = np.nan
    _, responses = load(files)
    assert len(responses.sites) == 8 and "F_0006" not in set(responses.sites["site_id"])
    assert "1 electrodes have no signal: F_0006" in caplog.text


def test_averages_that_are_not_of_the_repetitions_are_said(tmp_path, caplog):
    files, _ = write_tvsd(tmp_path)
    load(files)
    assert caplog.text == ""
    with h5py.File(files["responses"], "r+") as file:
        file["test_MUA"][2, 2] += 1
    load(files)
    assert "the means of test_MUA_reps are not test_MUA (largest difference 1)" in caplog.text


def test_the_electrodes_of_both_monkeys_are_all_there():
    for regions in tvsd.REGIONS.values():
        electrodes = [e for first, last in regions.values() for e in range(first, last + 1)]
        assert sorted(electrodes) == list(range(1, 1025))


def spoil(files, key, change):
    with h5py.File(files[key], "r+") as file:
        change(file)


def drop(name, values=None):
    def change(file):
        del file[name]
        if values is not None:
            file[name] = values

    return change


def retext(texts):
    def change(file):
        del file["train_imgs/things_path"]
        write_cell(file["train_imgs"], "things_path_new", texts)
        file.move("train_imgs/things_path_new", "train_imgs/things_path")

    return change


def point_at(what):
    def change(file):
        file["elsewhere"] = what
        file["test_imgs/things_path"][0, 0] = file["elsewhere"].ref

    return change


def put(name, place, value):
    def change(file):
        file[name][place] = value

    return change


TRAIN = paths()[0]
BAD = [
    ("responses", drop("train_MUA"), {}, r"has no key 'train_MUA'"),
    ("responses", drop("test_MUA", np.zeros((7, 9))), {}, r"\(7, 9\); it needs \(8, 9\)"),
    ("responses", drop("test_MUA_reps", np.zeros((8, 9))), {}, r"it needs \(any, 8, 9\)"),
    ("responses", drop("train_MUA", np.zeros((39, 9))), {}, "the table has a train image 40"),
    ("responses", put("train_MUA", (3, 2), np.inf), {}, "stimulus 'zucchini_00b' at site 'F_0003'"),
    ("responses", put("train_MUA", ..., 0), {"regions": ["MT"]}, "'MT' is unknown; there is V1"),
    (
        "responses",
        put("train_MUA", ..., 0),
        {"electrodes": {"V1": [5, 10]}},
        "V1 is to have the electrodes 5 to 10; there are 9",
    ),
    (
        "responses",
        put("train_MUA", ..., 0),
        {"electrodes": {"V1": [1, 5], "V4": [5, 9]}},
        "two regions have an electrode in common",
    ),
    ("table", drop("test_imgs/things_path"), {}, "has no key 'test_imgs/things_path'"),
    ("table", drop("train_imgs/things_path", np.zeros(3)), {}, "has values of type float64"),
    ("table", point_at(np.zeros(5)), {}, "has a reference to something other than a short text"),
    ("table", point_at(np.zeros(9999, np.uint16)), {}, "other than a short text"),
    ("table", point_at(np.array([0xD800], np.uint16)), {}, "has a text that is not UTF-16"),
    ("table", retext([*TRAIN[:-1], TRAIN[0]]), {}, "the base name 'aardvark_00b' is duplicated"),
    ("table", retext([*TRAIN[:-1], "../../x.jpg"]), {}, "1 of the 48 images of .* are missing"),
    (
        "table",
        put("tb", ..., 0),
        {"train_images": 41},
        "41 train images are asked for .* it has 40",
    ),
]


@pytest.mark.parametrize(("key", "change", "settings", "message"), BAD)
def test_a_bad_file_is_named(tmp_path, key, change, settings, message):
    files, _ = write_tvsd(tmp_path)
    if not (key == "table" and settings):
        spoil(files, key, change)
    with pytest.raises(VentralError, match=message) as error:
        load(files, **settings)
    assert "\n" not in str(error.value)
