"""The course's file in small, whole and spoiled."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from nx414_file import FRUITS, OBJECTS, SIZES, write_nx414
from ventral.data.responses import read_responses, write_responses
from ventral.data.sources import load_source
from ventral.data.sources.nx414 import reader as nx414
from ventral.data.stimuli import iterate_images, read_stimulus_table, write_stimuli
from ventral.errors import VentralError

CONFIG = Path(__file__).parents[3] / "config" / "nx414.yaml"
CATEGORIES = yaml.safe_load(CONFIG.read_text())["datasets"]["nx414"]["stimuli"]["categories"]


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "IT_data.h5"


def load(path: Path, settings: dict | None = None):
    stimuli = nx414.read_stimuli(settings or {}, {"data": path})
    return stimuli, nx414.read_responses(settings or {}, {"data": path}, stimuli.table)


def test_the_source_is_known_by_its_name():
    assert load_source("nx414") is nx414


@pytest.mark.parametrize("chunks", [None, 1, 7, 1000])
def test_images_come_back_to_the_bit(path, tmp_path, chunks, monkeypatch):
    monkeypatch.setattr(nx414, "MAX_ROWS", 9)
    levels = write_nx414(path, chunks=chunks)
    stimuli, _ = load(path)
    assert stimuli.dtype == "uint8"
    write_stimuli(tmp_path / "stimuli.zarr", stimuli)
    stored = np.concatenate(list(iterate_images(tmp_path / "stimuli.zarr")))
    assert np.array_equal(stored, np.concatenate(list(levels.values())))
    backwards = [stimuli.read_image(row) for row in reversed(range(100))]
    assert np.array_equal(np.stack(backwards[::-1]), stored)


def test_images_that_were_no_integers_stay_float(path):
    levels = write_nx414(path, shift=0.3)
    stimuli, _ = load(path)
    assert stimuli.dtype == "float32"
    image = stimuli.read_image(65)
    assert image.dtype == np.float32
    np.testing.assert_allclose(image * 255, levels["val"][5] + 0.3, atol=1e-3)


def test_one_pixel_that_is_no_integer_is_seen(path):
    write_nx414(path)
    with h5py.File(path, "r+") as file:
        file["stimulus_test"][19, 2, 31, 31] += 0.02 / 255 / 0.225
    assert load(path)[0].dtype == "float32"


def test_parts_ids_objects_and_categories(path, tmp_path):
    write_nx414(path)
    stimuli, _ = load(path, {"categories": CATEGORIES})
    write_stimuli(tmp_path / "stimuli.zarr", stimuli)
    table = read_stimulus_table(tmp_path / "stimuli.zarr")
    assert list(table["split"]) == ["train"] * 60 + ["validation"] * 20 + ["test"] * 20
    assert list(table["stimulus_id"][[0, 60, 99]]) == ["train_0000", "val_0000", "test_0019"]
    assert list(table["object"][:60]) == list(OBJECTS[:60])
    assert set(table["category"][table["object"].isin(FRUITS)]) == {"fruits"}
    counts = table[:60].groupby("category")["object"].nunique()
    assert len(counts) == 8 and counts["animals"] == counts["boats"] == 8
    assert "category" not in load(path)[0].table


def test_the_test_part_has_no_responses(path, tmp_path):
    write_nx414(path)
    _, responses = load(path, {"animal": "M"})
    write_responses(tmp_path / "responses.zarr", responses)
    again = read_responses(tmp_path / "responses.zarr")
    with h5py.File(path) as file:
        assert np.array_equal(again.average[:60], file["spikes_train"][:])
        assert np.array_equal(again.average[60:80], file["spikes_val"][:])
    assert np.isnan(again.average[80:]).all() and again.repetitions is None
    assert list(again.sites["site_id"][[0, 4]]) == ["IT_000", "IT_004"]
    assert set(again.sites["region"]) == {"IT"} and set(again.sites["animal"]) == {"M"}


def test_spikes_of_the_test_part_are_taken_where_there_are_any(path):
    write_nx414(path)
    with h5py.File(path, "r+") as file:
        file["spikes_test"] = np.ones((20, 5), "f4")
    assert (load(path)[1].average[80:] == 1).all()


def test_names_may_be_of_any_text_type_and_latin(path):
    write_nx414(path)
    with h5py.File(path, "r+") as file:
        del file["object_val"], file["object_test"]
        file["object_val"] = ["caf\xe9"] * 20  # variable-length UTF-8
        file["object_test"] = np.array(["caf\xe9".encode("latin-1")] * 20)
    objects = load(path)[0].table["object"]
    assert objects[99] == "café"


def remove(key):
    def spoil(file):
        del file[key]

    return spoil


def replace(key, values):
    def spoil(file):
        if key in file:
            del file[key]
        file[key] = values

    return spoil


def link(target):
    def spoil(file):
        del file["stimulus_val"]
        file["stimulus_val"] = target

    return spoil


def external_storage(file):
    del file["spikes_val"]
    file.create_dataset("spikes_val", (20, 5), "f4", external=[("/etc/hostname", 0, 400)])


def virtual(file):
    layout = h5py.VirtualLayout((20, 5), "f4")
    layout[...] = h5py.VirtualSource("other.h5", "spikes_val", (20, 5))
    del file["spikes_val"]
    file.create_virtual_dataset("spikes_val", layout)


def nan_spike(file):
    file["spikes_val"][7, 3] = np.nan


def unnormalised(file):
    file["stimulus_test"][...] = 255.0


def nan_pixel(file):
    file["stimulus_train"][3, 1, 4, 4] = np.nan


N = SIZES["train"]
BAD = [
    (remove("stimulus_train"), "has no key 'stimulus_train'; did you mean 'stimulus_"),
    (remove("stimulus_test"), "has no key 'stimulus_test'"),
    (remove("spikes_val"), "has no key 'spikes_val'; did you mean 'spikes_train'"),
    (remove("object_val"), "has no key 'object_val'"),
    (
        replace("stimulus_val", np.zeros((20, 32, 32, 3), "f4")),
        r"key 'stimulus_val' has shape \(20, 32, 32, 3\); it needs \(any, 3, 32, 32\)",
    ),
    (
        replace("stimulus_test", np.zeros((20, 3, 31, 32), "f4")),
        r"key 'stimulus_test' has shape \(20, 3, 31, 32\); it needs \(any, 3, 32, 32\)",
    ),
    (
        replace("stimulus_val", np.zeros((20, 3, 32, 32), "u1")),
        "values of type uint8; it needs floating-point numbers",
    ),
    (
        replace("spikes_train", np.zeros((N - 1, 5))),
        r"key 'spikes_train' has shape \(59, 5\); it needs \(60, 5\)",
    ),
    (
        replace("spikes_val", np.zeros((20, 4))),
        r"key 'spikes_val' has shape \(20, 4\); it needs \(20, 5\)",
    ),
    (replace("spikes_val", np.zeros((20, 5), "S3")), r"values of type \|S3; it needs numbers"),
    (replace("object_val", np.zeros(20)), "values of type float64; it needs text"),
    (
        replace("object_val", np.array([b"bear"] * 19)),
        r"key 'object_val' has shape \(19,\); it needs \(20\)",
    ),
    (replace("object_val", np.array([b"zeppelin"] * 20)), "'zeppelin' is in no category"),
    (replace("object_val", np.array([b"carship"] * 20)), r"in two categories \(boats, cars\)"),
    (nan_spike, r"'spikes_val' has 1 values of 100 .* row 7, column 3"),
    (nan_pixel, r"'stimulus_train' \(shape \(60, 3, 32, 32\)\) has values from nan"),
    (unnormalised, r"'stimulus_test' .* images have 0 to 1"),
    (link(h5py.ExternalLink("other.h5", "/x")), "key 'stimulus_val' is a link"),
    (link(h5py.SoftLink("/stimulus_train")), "key 'stimulus_val' is a link"),
    (virtual, "key 'spikes_val' takes its values from another file"),
    (external_storage, "key 'spikes_val' takes its values from another file"),
]


@pytest.mark.parametrize(("spoil", "message"), BAD)
def test_a_bad_file_is_named(path, tmp_path, spoil, message):
    write_nx414(path)
    with h5py.File(path, "r+") as file:
        spoil(file)
    with pytest.raises(VentralError, match=message) as error:
        stimuli, responses = load(path, {"categories": CATEGORIES})
        write_stimuli(tmp_path / "stimuli.zarr", stimuli)
        write_responses(tmp_path / "responses.zarr", responses)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "responses.zarr").exists()


@pytest.mark.parametrize(
    "content", [b"", b"<html>Google Drive - Virus scan warning</html>", "half"]
)
def test_a_file_that_is_no_whole_hdf5(path, content):
    write_nx414(path)
    content = path.read_bytes()[: path.stat().st_size // 2] if content == "half" else content
    path.write_bytes(content)
    with pytest.raises(VentralError, match=r"IT_data\.h5 is not a valid HDF5 file"):
        load(path)


def test_a_damaged_chunk_is_named(path, tmp_path):
    write_nx414(path)
    with h5py.File(path, "r+") as file:
        values = file["stimulus_val"][:]
        del file["stimulus_val"]
        stored = file.create_dataset(
            "stimulus_val", data=values, chunks=(5, 3, 32, 32), fletcher32=True
        )
        place = stored.id.get_chunk_info(2).byte_offset
    with path.open("r+b") as file:
        file.seek(place + 100)
        file.write(b"\xff\xff\xff")
    with pytest.raises(VentralError, match="key 'stimulus_val' is damaged"):
        load(path)
