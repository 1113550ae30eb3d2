"""Brain-Score's assembly in small, whole and spoiled."""

import h5py
import numpy as np
import pandas as pd
import pytest

from majajhong2015_files import OBJECTS, REGIONS, SITES, N, stimulus_table, write_majajhong2015
from ventral.data.responses import write_responses
from ventral.data.sources import load_source
from ventral.data.sources.majajhong2015 import reader as majajhong2015
from ventral.data.sources.majajhong2015.reader import VARIABLE
from ventral.data.stimuli import read_stimulus_table, write_stimuli
from ventral.errors import VentralError


def load(files, **settings):
    stimuli = majajhong2015.read_stimuli(settings, files)
    return stimuli, majajhong2015.read_responses(settings, files, stimuli.table)


def test_the_source_is_known_by_its_name():
    assert load_source("majajhong2015") is majajhong2015


@pytest.mark.parametrize("id_name", ["image_id", "stimulus_id"])
@pytest.mark.parametrize("time_bin", [True, False])
@pytest.mark.parametrize("at_once", [2, 16])
def test_images_and_repetitions_go_together(tmp_path, monkeypatch, id_name, time_bin, at_once):
    monkeypatch.setattr(majajhong2015, "NEUROIDS_AT_ONCE", at_once)
    files, repetitions = write_majajhong2015(tmp_path, id_name, time_bin)
    stimuli, responses = load(files)
    assert list(responses.stimulus_id) == list(stimulus_table()["image_id"])
    assert [stimuli.read_image(i)[3, 3, 1] for i in range(N)] == [5 * i % 256 for i in range(N)]
    # The order of a stimulus's repetitions is that of their presentation.
    np.testing.assert_array_equal(np.sort(responses.repetitions), np.sort(repetitions))
    np.testing.assert_allclose(responses.average, np.nanmean(repetitions, axis=2, dtype=float))
    # One repetition is the same presentation at all sites.
    together = {
        tuple(row) for row in repetitions.transpose(0, 2, 1).reshape(-1, 5) if row[0] == row[0]
    }
    ours = responses.repetitions.transpose(0, 2, 1).reshape(-1, 5)
    assert {tuple(row) for row in ours if row[0] == row[0]} == together
    assert list(responses.sites["site_id"]) == SITES
    assert list(responses.sites["region"]) == REGIONS
    assert list(responses.sites["animal"]) == [site.split("_")[0] for site in SITES]


def test_labels_and_pose_are_kept_and_the_split_is_stratified(tmp_path):
    files, _ = write_majajhong2015(tmp_path)
    stimuli, responses = load(files)
    write_stimuli(tmp_path / "stimuli.zarr", stimuli)
    write_responses(tmp_path / "responses.zarr", responses)
    table = read_stimulus_table(tmp_path / "stimuli.zarr")
    theirs = stimulus_table()
    assert list(table["category"]) == [OBJECTS[name] for name in theirs["object_name"]]
    for name in ("variation", "ryz", "s"):
        np.testing.assert_allclose(table[name].to_numpy(float), theirs[name])
    assert table["split"].value_counts().to_dict() == {"train": 24, "validation": 6, "test": 6}
    assert (table[table["split"] == "train"].groupby("object").size() == 6).all()
    other = load(files, split_seed=1)[0].table["split"]
    assert list(other) != list(table["split"])


def test_regions_can_be_chosen(tmp_path):
    files, repetitions = write_majajhong2015(tmp_path)
    _, responses = load(files, regions=["V4"])
    assert list(responses.sites["site_id"]) == [SITES[1], SITES[3]]
    expected = np.nanmean(repetitions[:, [1, 3]], axis=2, dtype=float)
    np.testing.assert_allclose(responses.average, expected)


def test_windows_of_time_are_regions(tmp_path):
    files, _ = write_majajhong2015(tmp_path)
    edges = np.arange(70, 180, 20)
    with h5py.File(files["assembly"], "r+") as file:
        values = np.random.default_rng(0).normal(size=(*file[VARIABLE].shape[:2], 5))
        for key, value in (
            (VARIABLE, values),
            ("time_bin_start", edges[:-1]),
            ("time_bin_end", edges[1:]),
        ):
            del file[key]
            file[key] = value
        presented = [name.decode() for name in file["image_id"][:]]
    windows = {"windows": [[70, 110], [90, 171]]}
    _, responses = load(files, time=windows, regions=["IT"])
    names = list(responses.sites["site_id"])
    assert names == [f"{SITES[i]}@{t}ms" for t in ("70-110", "90-171") for i in (0, 2, 4)]
    assert list(responses.sites["region"]) == ["IT 70–110 ms"] * 3 + ["IT 90–171 ms"] * 3
    for column, (site, bins) in enumerate((i, b) for b in ((0, 2), (1, 5)) for i in (0, 2, 4)):
        means = values[site, :, slice(*bins)].mean(axis=1)
        for row, name in enumerate(responses.stimulus_id):
            own = means[[other == name for other in presented]]
            np.testing.assert_allclose(responses.average[row, column], own.mean(), rtol=1e-5)
    with pytest.raises(VentralError, match="has time bins; say over which"):
        load(files)
    with pytest.raises(VentralError, match=r"no time bin lies within 0–10 ms; there are 5 bins"):
        load(files, time={"window": [0, 10]})


def test_the_window_of_a_single_bin_may_be_named(tmp_path):
    files, _ = write_majajhong2015(tmp_path)
    _, without = load(files)
    _, named = load(files, time={"window": [70, 170]})
    assert np.array_equal(named.average, without.average)
    files, _ = write_majajhong2015(tmp_path, time_bin=False)
    with pytest.raises(VentralError, match="so its time bin is not known"):
        load(files, time={"window": [70, 170]})


def assembly(change):
    def spoil(files):
        with h5py.File(files["assembly"], "r+") as file:
            change(file)

    return spoil


def replace(key, values):
    def change(file):
        del file[key]
        if values is not None:
            file[key] = values

    return assembly(change)


def set_value(value, place):
    def change(file):
        file[VARIABLE][place] = value

    return assembly(change)


def renamed(file):
    file.move(VARIABLE, "dicarlo.MajajHong2015.private")


def another_stimulus(file):
    file["image_id"][5] = "f" * 40


def table(change):
    def spoil(files):
        change(pd.read_csv(files["table"], dtype=str)).to_csv(files["table"], index=False)

    return spoil


def extra_stimulus(frame):
    return pd.concat([frame, frame[:1].assign(image_id="never")])


def truncated(key):
    def spoil(files):
        content = files[key].read_bytes()
        files[key].write_bytes(content[: len(content) // 2])

    return spoil


def never_responded(file):
    ids = file["image_id"][:]
    values = file[VARIABLE][:]
    values[3, ids == ids[0]] = np.nan
    file[VARIABLE][:] = values


BAD = [
    (assembly(renamed), "has no key 'dicarlo.MajajHong2015.public'; did you mean 'dicarlo.Majaj"),
    (replace("neuroid_id", None), "has no key 'neuroid_id'"),
    (replace("region", np.array([b"IT"] * 4)), r"'region' has shape \(4,\); it needs \(5\)"),
    (replace("animal", np.arange(5)), "'animal' has values of type int64; it needs text"),
    (replace("image_id", None), "has no key 'stimulus_id'"),
    (
        replace("image_id", np.array([b"x"] * 10)),
        r"public' has shape \(5, \d+, 1\); its coordinates need \(5, 10, 1\)",
    ),
    (replace(VARIABLE, np.zeros((5, 7, 2), "f4")), r"has shape \(5, 7, 2\); its coordinates need"),
    (replace(VARIABLE, h5py.ExternalLink("/tmp/x.nc", "/x")), "public' is a link"),
    (replace(VARIABLE, np.array([b"code"])), r"values of type \|S4; it needs numbers"),
    (assembly(another_stimulus), "1 presentations are of stimuli that the table does not have"),
    (set_value(np.inf, (2, 4)), "site 'Tito_L_A_2_0' has infinite or no responses to 1 stimuli"),
    (assembly(never_responded), "site 'Chabo_L_A_3_0' has infinite or no responses to 1 stimuli"),
    (truncated("assembly"), r"assembly\.nc is not a valid HDF5 file"),
    (truncated("images"), r"public\.zip is not a valid zip archive"),
    (table(lambda t: t.drop(columns="object_name")), "csv has no column 'object_name'; it has"),
    (table(lambda t: t.drop(columns="image_id")), "no column 'stimulus_id' or 'image_id'"),
    (table(lambda t: t.drop(columns="filename")), "no column 'filename' or 'image_file_name'"),
    (table(lambda t: pd.concat([t, t[:1]])), "csv: stimulus_id '0000.*' is duplicated"),
    (table(extra_stimulus), "1 stimuli of the table were never presented, the first is 'never'"),
    (table(lambda t: t.assign(filename="x.png")), r"zip: 36 of the 36 images of .*csv are missing"),
    (table(lambda t: t.assign(filename="../../etc/x.png")), "the first is 'x.png'"),
    (table(lambda t: t.assign(object_name=range(N))), "split: cannot stratify"),
]


@pytest.mark.parametrize(("spoil", "message"), BAD)
def test_a_bad_file_is_named(tmp_path, spoil, message):
    files, _ = write_majajhong2015(tmp_path)
    spoil(files)
    with pytest.raises(VentralError, match=message) as error:
        stimuli, responses = load(files)
        write_responses(tmp_path / "responses.zarr", responses)
        write_stimuli(tmp_path / "stimuli.zarr", stimuli)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.glob("*.zarr*"))


def test_a_region_that_no_site_has(tmp_path):
    files, _ = write_majajhong2015(tmp_path)
    with pytest.raises(VentralError, match="no site is of region 'V1'; there is IT, V4"):
        load(files, regions=["IT", "V1"])
