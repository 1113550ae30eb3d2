"""NWB files that pynwb writes, in the forms that recordings have, and spoiled.

What is read is compared with pynwb's own reading and a count of spikes one by one.
"""

import re
import tracemalloc

import h5py
import numpy as np
import pynwb
import pytest
import yaml
from PIL import Image

import nwb_files as made
from toy_project import ROOT
from ventral.data.responses import read_responses, write_responses
from ventral.data.sources import load_source
from ventral.data.sources.nwb import reader, spikes
from ventral.errors import VentralError
from ventral.study.check_config import check_config

SETTINGS = {
    **{"source": "nwb", "image_size": 16, "fit": "squash", "split_seed": 0},
    **{"image_axes": "rows_first", "presentations": "trials", "stimulus": "image"},
    **{"onset": "start_time", "without_image": "refuse", "region": "unknown"},
    "time": {"window": list(made.WINDOW)},
}
SERIES = "processing/ecephys/rasters"


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)


class Lab:
    """A folder with images and sessions."""

    def __init__(self, folder):
        self.folder = folder
        self.files = made.write_pictures(folder / "images")

    def session(self, key="day1", **options):
        self.files[key] = made.write_session(self.folder / f"{key}.nwb", **options)
        return self.files[key]

    def add(self, file, key="day1"):
        self.files[key] = made.write(file, self.folder / f"{key}.nwb")
        return self.files[key]

    def load(self, **settings):
        settings = {**SETTINGS, **settings}
        settings = {key: value for key, value in settings.items() if value is not None}
        self.stimuli = reader.read_stimuli(settings, self.files)
        return reader.read_responses(settings, self.files, self.stimuli.table)


def expected(path, window=made.WINDOW, onset="start_time", keep=lambda trial: True):
    """Count spikes one by one in what pynwb reads: {(unit, image): list over its trials}."""
    counts = {}
    with pynwb.NWBHDF5IO(path, "r") as io:
        file = io.read()
        trials = file.trials.to_dataframe()
        for unit, row in file.units.to_dataframe().iterrows():
            for _, trial in trials.iterrows():
                if keep(trial):
                    low, high = (trial[onset] + each / 1000 for each in window)
                    n = sum(1 for time in row["spike_times"] if low <= time < high)
                    counts.setdefault((unit, trial["image"].removesuffix(".png")), []).append(n)
    return counts


def check(responses, key, counts, scale, suffix=""):
    """Compare the sites of a session with counts, trial by trial."""
    ids = list(responses.sites["site_id"])
    assert counts
    for (unit, name), trials in counts.items():
        row = made.NAMES.index(name)
        site = ids.index(f"{key}_{unit}{suffix}")
        own = responses.repetitions[row, site]
        np.testing.assert_allclose(own[: len(trials)], np.array(trials) * scale, rtol=1e-6)
        assert np.isnan(own[len(trials) :]).all()
        np.testing.assert_allclose(responses.average[row, site], np.mean(trials) * scale, rtol=1e-6)


def test_the_source_is_known_by_its_name():
    assert load_source("nwb") is reader


@pytest.mark.parametrize(("measure", "scale"), [(None, 10.0), ("rate", 10.0), ("count", 1.0)])
def test_spikes_are_counted_as_one_by_one(lab, measure, scale):
    path = lab.session()
    responses = lab.load(measure=measure)
    check(responses, "day1", expected(path), scale)
    assert responses.repetitions.shape == (made.N, made.UNITS, 4)
    assert list(responses.sites["site_id"]) == [f"day1_{10 + i}" for i in range(made.UNITS)]
    for column, value in (("animal", "Ada"), ("session", "20240301"), ("region", "unknown")):
        assert set(responses.sites[column]) == {value}


def test_sessions_of_several_files(lab, tmp_path):
    first, second = lab.session(), lab.session("day2", session="20240302", seed=7)
    responses = lab.load(region="V4", animal="Bob")
    check(responses, "day1", expected(first), 10)
    check(responses, "day2", expected(second), 10)
    assert list(responses.sites["session"]) == ["20240301"] * 5 + ["20240302"] * 5
    assert set(responses.sites["animal"]) == {"Bob"}
    write_responses(tmp_path / "responses.zarr", responses)
    again = read_responses(tmp_path / "responses.zarr")
    assert np.array_equal(again.average, responses.average)
    assert list(again.sites["session"]) == list(responses.sites["session"])


def test_a_session_may_show_fewer_images_and_trials(lab):
    lab.session()
    file = made.new_file("short")
    shown = made.add_trials(file, repeats=2, names=made.NAMES[:5])
    made.add_units(file, made.spike_trains(shown))
    path = lab.add(file, "day2")
    responses = lab.load()
    check(responses, "day2", expected(path), 10)
    of_second = (responses.sites["session"] == "short").to_numpy()
    assert np.isnan(responses.average[5:, of_second]).all()
    assert np.isfinite(responses.average[:, ~of_second]).all()


def test_several_windows_are_regions_in_time(lab):
    path = lab.session()
    windows = [[70, 120], [120, 170.5]]
    responses = lab.load(time={"windows": windows}, region_column="area")
    for window, suffix in zip(windows, ("@70-120ms", "@120-170.5ms"), strict=True):
        check(responses, "day1", expected(path, window), 1000 / (window[1] - window[0]), suffix)
    regions = [f"{r} {t}" for t in ("70–120 ms", "120–170.5 ms") for r in made.REGIONS]
    assert list(responses.sites["region"]) == regions


def test_presentations_and_units_are_chosen_by_columns(lab):
    path = lab.session()
    where = {"correct": True, "onset": {"min": 2.0}}
    units = {"where": {"quality": ["good", "mua"], "depth": {"max": 300}}}
    responses = lab.load(where=where, units=units, onset="onset")
    assert list(responses.sites["site_id"]) == ["day1_10", "day1_12", "day1_13"]
    counts = expected(path, onset="onset", keep=lambda t: t["correct"] and t["onset"] >= 2)
    check(responses, "day1", {key: n for key, n in counts.items() if key[0] in (10, 12, 13)}, 10)


def test_scalars_and_columns_may_have_axes_of_length_one(lab):
    path = lab.session()
    counts = expected(path)
    with h5py.File(path, "r+") as file:
        for key in (
            "units/id",
            "units/quality",
            "units/spike_times_index",
            "intervals/trials/image",
            "intervals/trials/start_time",
            "general/session_id",
            "general/subject/subject_id",
        ):
            values, kind = file[key][()], file[key].dtype
            del file[key]
            array = np.array(values, object if h5py.check_string_dtype(kind) else None)
            file.create_dataset(key, data=array.reshape(1, -1), dtype=kind)
        file.attrs["nwb_version"] = np.array([b"2.6.0"])
    responses = lab.load(units={"where": {"quality": ["good", "noise", "mua"]}})
    check(responses, "day1", counts, 10)
    assert set(responses.sites["session"]) == {"20240301"}
    assert set(responses.sites["animal"]) == {"Ada"}


def test_units_in_another_place(lab):
    path = lab.session()
    counts = expected(path)
    with h5py.File(path, "r+") as file:
        file.move("units", "processing/sorted/units")
    check(lab.load(units={"table": "processing/sorted/units"}), "day1", counts, 10)


def test_a_column_of_named_numbers(lab):
    file = made.new_file()
    made.add_units(file, made.spike_trains(made.add_trials(file)))
    kinds = np.array([0, 1, 0, 2, 2], np.uint8)
    file.units.add_column("kind", "by eye", data=kinds, enum=["good", "bad", "odd"])
    lab.add(file)
    sites = lab.load(units={"where": {"kind": ["good", "odd"]}}).sites["site_id"]
    assert list(sites) == ["day1_10", "day1_12", "day1_13", "day1_14"]


def test_numbers_name_images_by_a_pattern(lab):
    path = lab.session()
    check(lab.load(stimulus="scene_{place:02d}"), "day1", expected(path), 10)
    with pytest.raises(VentralError, match=r"18 stimuli without an image .* 'scene_00'.*pattern"):
        lab.load(stimulus="place")
    with pytest.raises(VentralError, match="not a pattern of columns"):
        lab.load(stimulus="scene_{place:2f}")


@pytest.mark.parametrize("electrode", [None, "main"])
def test_regions_come_from_the_electrodes(lab, electrode):
    file = made.new_file()
    made.add_units(file, made.spike_trains(made.add_trials(file)), electrodes=True)
    file.add_unit_column("main", "id of the best electrode", data=[0, 2, 4, 6, 8])
    lab.add(file)
    responses = lab.load(region_column="electrodes.location", electrode=electrode)
    assert list(responses.sites["region"]) == made.REGIONS


def test_an_electrode_of_another_region_is_not_guessed(lab):
    lab.session(electrodes=True)
    with h5py.File(lab.files["day1"], "r+") as file:
        file["general/extracellular_ephys/electrodes/location"][1] = "TEO"
    with pytest.raises(VentralError, match="unit 10 has electrodes in TEO and V4"):
        lab.load(region_column="electrodes.location")


def test_images_in_the_file_as_a_series(lab):
    file = made.new_file()
    made.add_templates(file, "series")
    made.add_units(file, made.spike_trains(made.add_trials(file)))
    path = lab.add(file)
    by_name = lab.load()
    lab.files = {"templates": path, "day1": path}
    responses = lab.load(stimulus="place", image_size=14)
    names = list(lab.stimuli.table["stimulus_id"])
    assert sorted(names, key=int) == [str(i) for i in range(made.N)]
    order = [int(name) for name in names]
    np.testing.assert_array_equal(responses.average, by_name.average[order])
    for row in range(made.N):
        image = Image.fromarray(made.pictures()[order[row]]).resize(
            (14, 14), Image.Resampling.BILINEAR
        )
        assert np.array_equal(lab.stimuli.read_image(row), image)


def test_images_in_the_file_by_an_index_series(lab):
    index = np.random.default_rng(0).permutation(np.repeat(np.arange(made.N), 3))
    file = made.new_file()
    made.add_templates(file, "images")
    made.add_index_series(file, index)
    # The container is declared in the reverse order of the names.
    shown = [made.NAMES[::-1][i] for i in index]
    trains = made.spike_trains(shown)
    made.add_units(file, trains)
    path = lab.add(file)
    lab.files = {"templates": path, "day1": path}
    responses = lab.load(presentations="shown", stimulus=None)
    assert list(lab.stimuli.table["stimulus_id"]) == made.NAMES
    for unit, times in enumerate(trains):
        for row, name in enumerate(made.NAMES):
            onsets = [1 + 0.3 * i for i, other in enumerate(shown) if other == name]
            counts = [sum(t + 0.07 <= s < t + 0.17 for s in times) for t in onsets]
            np.testing.assert_allclose(responses.repetitions[row, unit], np.multiply(10, counts))


@pytest.mark.parametrize("axes", ["rows_first", "columns_first"])
def test_grey_images_of_floating_point_numbers(lab, axes):
    grey = np.random.default_rng(0).uniform(-1, 1, (made.N, 12, 16))
    file = made.new_file()
    stored = grey if axes == "rows_first" else grey.swapaxes(1, 2)
    file.add_stimulus_template(
        pynwb.image.ImageSeries(name="a", data=stored, unit="n.a.", format="raw", rate=1.0)
    )
    lab.files = {"templates": lab.add(file)}
    settings = {**SETTINGS, "image_axes": axes}
    with pytest.raises(VentralError, match=r"type float64 from .* pixel_range"):
        reader.read_stimuli(settings, lab.files).read_image(0)
    settings |= {"fit": "letterbox", "pixel_range": [-1, 1]}
    stimuli = reader.read_stimuli(settings, lab.files)
    row = list(stimuli.table["stimulus_id"]).index("4")
    image = stimuli.read_image(row)
    inside = np.rint((grey[4] + 1) / 2 * 255).astype(np.uint8)
    assert np.array_equal(image[2:14], np.repeat(inside[:, :, None], 3, axis=2))
    with pytest.raises(VentralError, match="outside of stimuli: pixel_range"):
        reader.read_stimuli(settings | {"pixel_range": [0, 1]}, lab.files).read_image(0)


def rasters(file, timestamps=False):
    """Add counts of spikes per millisecond; return them with the trials."""
    shown = made.add_trials(file)
    n = int(1000 * (2 + 0.3 * len(shown)))
    counts = np.random.default_rng(3).poisson(0.1, (n, 3)).astype(np.int8)
    times = {"timestamps": 0.5 + np.arange(n) / 1000} if timestamps else {}
    times = times or {"rate": 1000.0, "starting_time": 0.5}
    module = file.create_processing_module("ecephys", "counts")
    module.add(pynwb.TimeSeries(name="rasters", data=counts, unit="count", **times))
    return shown, counts


@pytest.mark.parametrize("timestamps", [False, True])
@pytest.mark.parametrize(("measure", "scale"), [("count", 1), ("rate", 10), (None, 0.01)])
def test_a_time_series_of_counts(lab, monkeypatch, timestamps, measure, scale):
    monkeypatch.setattr("ventral.data.sources.nwb.series.VALUES_AT_ONCE", 3000)
    file = made.new_file()
    shown, counts = rasters(file, timestamps)
    lab.add(file)
    responses = lab.load(series=SERIES, measure=measure, region="IT")
    assert list(responses.sites["site_id"]) == ["day1_000", "day1_001", "day1_002"]
    seen = dict.fromkeys(made.NAMES, 0)
    for i, name in enumerate(shown):
        first = round(1000 * (1 + 0.3 * i + 0.07 - 0.5))
        sums = counts[first : first + 100].sum(axis=0, dtype=float)
        own = responses.repetitions[made.NAMES.index(name), :, seen[name]]
        np.testing.assert_allclose(own, sums * scale, rtol=1e-6)
        seen[name] += 1


def test_windows_beyond_the_series_are_missing(lab, caplog):
    file = made.new_file()
    rasters(file)
    lab.add(file)
    responses = lab.load(series=SERIES, time={"window": [-600, -500]})
    assert "1 of 72 windows are not within the series" in caplog.text
    assert np.isnan(responses.repetitions).sum() == 3


def test_windows_outside_of_obs_intervals_are_missing(lab, caplog):
    file = made.new_file()
    shown = made.add_trials(file)
    for unit, times in enumerate(made.spike_trains(shown)[:2]):
        file.add_unit(spike_times=times, obs_intervals=[[0.0, 5.0], [7.0, 100.0 - 90 * unit]])
    path = lab.add(file)
    responses = lab.load()
    counts = expected(path)
    ends = (100.0, 10.0)
    for unit in range(2):
        onset = {name: [] for name in made.NAMES}
        for i, name in enumerate(shown):
            onset[name].append(1 + 0.3 * i)
        for row, name in enumerate(made.NAMES):
            for trial, time in enumerate(onset[name]):
                inside = time + 0.17 <= 5 or (time + 0.07 >= 7 and time + 0.17 <= ends[unit])
                want = 10 * counts[unit, name][trial] if inside else np.nan
                np.testing.assert_allclose(responses.repetitions[row, unit, trial], want)
    assert "not within obs_intervals" in caplog.text


def test_unsorted_spikes_and_silent_units_are_counted(lab, caplog):
    file = made.new_file()
    trains = made.spike_trains(made.add_trials(file))
    trains[1] = np.random.default_rng(0).permutation(trains[1])
    trains[3] = np.array([])
    made.add_units(file, trains)
    path = lab.add(file)
    responses = lab.load()
    check(responses, "day1", expected(path), 10)
    assert "spike times of 1 units were not sorted" in caplog.text
    assert "1 of 5 units have no spike in any window, so they cannot be scored: 13" in caplog.text
    assert (responses.average[:, 3] == 0).all()


def test_windows_that_overlap_are_counted(lab, caplog):
    path = lab.session()
    check(lab.load(time={"window": [0, 400]}), "day1", expected(path, (0, 400)), 2.5)
    assert "71 of 72 presentations begin less than 400 ms after the one before" in caplog.text
    caplog.clear()
    lab.load(time={"window": [0, 300]})
    assert "overlap" not in caplog.text


def test_presentations_without_stimulus_or_onset_are_counted(lab, caplog):
    lab.session()
    with h5py.File(lab.files["day1"], "r+") as file:
        file["intervals/trials/image"][:3] = ""
        file["intervals/trials/start_time"][70:] = np.nan
    responses = lab.load()
    assert "3 of 72 presentations have no stimulus and are left out" in caplog.text
    assert "2 of 72 presentations have no start_time" in caplog.text
    assert np.isfinite(responses.repetitions[:, 0]).sum() == 67


def test_presentations_without_an_image(lab, caplog):
    file = made.new_file()
    shown = made.add_trials(file, names=[*made.NAMES, "blank"])
    made.add_units(file, made.spike_trains(shown))
    path = lab.add(file)
    with pytest.raises(VentralError, match=r"4 of 76 presentations .* \('blank'\).*skip"):
        lab.load()
    responses = lab.load(without_image="skip")
    assert "and are skipped" in caplog.text
    counts = expected(path, keep=lambda trial: trial["image"] != "blank.png")
    check(responses, "day1", counts, 10)


def test_images_that_were_never_shown(lab):
    file = made.new_file()
    made.add_units(file, made.spike_trains(made.add_trials(file, names=made.NAMES[1:])))
    lab.add(file)
    table = lab.files["table"] = lab.folder / "table.csv"
    parts = ["train"] * 12 + ["validation"] * 3 + ["test"] * 3
    for order in (parts, parts[::-1]):
        lines = (f"{name},{part}" for name, part in zip(made.NAMES, order, strict=True))
        table.write_text("\n".join(["stimulus_id,split", *lines]))
        if order is parts:
            with pytest.raises(VentralError, match=r"1 of 18 images were never shown.*'scene_00'"):
                lab.load()
        else:
            assert np.isnan(lab.load().average[0]).all()


def test_one_trial_of_each_image_is_no_repetition(lab):
    file = made.new_file()
    made.add_units(file, made.spike_trains(made.add_trials(file, repeats=1)))
    lab.add(file)
    assert lab.load().repetitions is None


def test_a_file_without_subject_and_session(lab):
    file = pynwb.NWBFile("images", "only-this", made.MARK)
    made.add_units(file, made.spike_trains(made.add_trials(file)))
    lab.add(file)
    sites = lab.load().sites
    assert set(sites["session"]) == {"only-this"} and set(sites["animal"]) == {""}


def test_a_spike_at_the_start_is_in_the_window_and_one_at_its_end_is_not(lab):
    """Spike times that are whole milliseconds are at the edges of many windows."""
    file = made.new_file()
    shown = made.add_trials(file)
    for after in (70, 71, 169, 170):
        file.add_unit(spike_times=[(1000 + 300 * i + after) / 1000 for i in range(len(shown))])
    lab.add(file)
    responses = lab.load(measure="count")
    for site, count in enumerate((1, 1, 1, 0)):
        assert (responses.repetitions[:, site] == count).all()


def test_blocks_of_spikes_give_the_same(lab, monkeypatch):
    lab.session()
    whole = lab.load()
    for size in (1, 300, 700):
        monkeypatch.setattr(spikes, "SPIKES_AT_ONCE", size)
        assert np.array_equal(lab.load().average, whole.average)
        units = {"where": {"quality": ["good"]}}
        assert np.array_equal(lab.load(units=units).average, whole.average[:, [0, 2, 3]])


def test_spike_times_are_not_all_in_memory(lab):
    """Eight units of a million spikes are 64 MB; a block is 32 MB."""
    file = made.new_file()
    made.add_trials(file)
    path = lab.add(file)
    n, units = 2**20, 8
    with h5py.File(path, "r+") as h5:
        table = h5.create_group("units")
        table["id"] = np.arange(units)
        times = table.create_dataset("spike_times", (n * units,), "f8")
        for unit in range(units):
            times[unit * n : (unit + 1) * n] = np.linspace(0, 25, n)
        table["spike_times_index"] = (1 + np.arange(units)) * n
    tracemalloc.start()
    responses = lab.load(measure="count")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 48e6
    assert np.abs(responses.average - 0.1 * n / 25).max() < 2


def edit(change):
    def spoil(lab):
        lab.session()
        with h5py.File(lab.files["day1"], "r+") as file:
            change(file)

    return spoil


def put(key, values):
    def change(file):
        file[key][...] = values

    return change


def remove(key):
    def change(file):
        del file[key]

    return change


def link(key, target):
    def change(file):
        del file[key]
        file[key] = target

    return change


def long_session(lab):
    """Show one image so often that its trials would fill the memory."""
    file = made.new_file()
    made.add_units(file, made.spike_trains(made.add_trials(file)))
    lab.add(file)


@pytest.mark.parametrize(
    ("spoil", "settings", "words"),
    [
        (edit(lambda f: f.attrs.pop("nwb_version")), {}, "not say that it is an NWB file"),
        (edit(lambda f: f.attrs.modify("nwb_version", "1.0.6")), {}, "is of NWB 1.0.6; it needs"),
        (edit(remove("intervals/trials")), {}, "no table 'trials' of presentations.*there is none"),
        (Lab.session, {"presentations": "images"}, "no table 'images'.* there is trials"),
        (Lab.session, {"stimulus": None}, "which column names the stimulus.*image"),
        (Lab.session, {"stimulus": "imgae"}, "no column 'imgae'; did you mean 'image'"),
        (Lab.session, {"onset": "onsets"}, "no column 'onsets'; did you mean 'onset'"),
        (Lab.session, {"onset": "image"}, "column 'image' does not hold numbers"),
        (Lab.session, {"where": {"correct": "yes"}}, "no row has 'yes' in column 'correct'.*false"),
        (Lab.session, {"where": {"onset": {"min": 1e6}}}, "responses: where keeps none of its 72"),
        (Lab.session, {"where": {"image": {"min": 1}}}, "column 'image' does not hold numbers"),
        (Lab.session, {"units": {"where": {"quality": "best"}}}, "no row has 'best'.*'good'"),
        (Lab.session, {"units": {"where": {"snr": 2}}}, "no column 'snr'"),
        (Lab.session, {"region_column": "zone"}, "no column 'zone'"),
        (Lab.session, {"region_column": "electrodes.location"}, "has no table .*electrodes"),
        (Lab.session, {"series": SERIES}, "has no series .*in processing, there is none"),
        (Lab.session, {"series": "units/spike_times"}, "is an array; it must be a group"),
        (Lab.session, {"time": {"window": [0.07, 0.17]}}, "milliseconds, not in seconds"),
        (Lab.session, {"time": {"window": [170, 70]}}, "must end after it starts"),
        (Lab.session, {"time": {"windows": [[0, 9], [0, 9]]}}, "a window is given twice"),
        (edit(put("units/spike_times", np.nan)), {}, "unit 10 has a spike time that is not finite"),
        (edit(put("units/spike_times_index", 7)), {}, "spike_times_index does not fit"),
        (edit(remove("units/spike_times_index")), {}, "has no spike_times_index"),
        (edit(remove("units/spike_times")), {}, "has no spike_times; if the responses are"),
        (edit(remove("units")), {}, "has no table 'units'"),
        (edit(put("intervals/trials/image", "")), {}, "no presentation has a stimulus"),
        (edit(link("units", h5py.ExternalLink("/etc/passwd", "/u"))), {}, "is in another file"),
        (edit(link("intervals", h5py.ExternalLink("/x.nwb", "/u"))), {}, "no table 'trials'"),
        (edit(link("units", h5py.SoftLink("/units"))), {}, "a link without end"),
        (edit(link("units", h5py.SoftLink("/gone"))), {}, "is a link to nothing"),
        (edit(link("intervals/trials/image", np.arange(9))), {}, r"shape \(9,\); 72 rows need"),
    ],
)
def test_what_is_wrong_is_said(lab, spoil, settings, words):
    spoil(lab)
    with pytest.raises(VentralError, match=words):
        lab.load(**settings)


def test_a_stimulus_that_fills_the_memory_is_named(lab, monkeypatch):
    lab.session()
    monkeypatch.setattr(reader, "MAX_UNPACKED", 1000)
    with pytest.raises(VentralError, match="was shown 4 times; leave presentations out"):
        lab.load()


def test_images_in_another_file_are_refused(lab):
    file = made.new_file()
    file.add_stimulus_template(
        pynwb.image.ImageSeries(
            name="a",
            external_file=["a.png"],
            starting_frame=[0],
            num_samples=1,
            unit="n.a.",
            format="external",
            rate=1.0,
        )
    )
    lab.files = {"templates": lab.add(file)}
    with pytest.raises(VentralError, match="files of their own"):
        reader.read_stimuli(SETTINGS, lab.files)


def test_the_config_is_checked_by_the_schema():
    config = yaml.safe_load(
        """
        datasets:
          mine:
            source: nwb
            stimuli: {image_size: 16, files: {images: {path: images.zip}}}
            responses:
              stimulus: image
              where: {correct: true, block: [1, 2], depth: {min: 3}}
              time: {windows: [[70, 120], [120, 170]]}
              files: {day1: {path: a.nwb}}
        models: {pixels: {architecture: pixels, taps: {main: [pixels]}}}
        readouts: {linear: {method: linear, features: pcs}}
        """
    )
    study = check_config(config, ROOT / "workflow" / "schemas")
    responses = study.datasets["mine"].config["responses"]
    assert responses["presentations"] == "trials" and responses["time"]["windows"][1] == [120, 170]
    for change, words in (
        ({"time": {"window": [1, 2], "windows": [[1, 2]]}}, "is none of: window"),
        ({"time": {"window": [1]}}, "is too short"),
        ({"files": {"images": {"path": "a.nwb"}}}, "does not match"),
        ({"where": {"a": {"least": 1}}}, "where: a"),
        ({"measure": "spikes"}, "'spikes' is unknown"),
    ):
        responses_before = dict(config["datasets"]["mine"]["responses"])
        config["datasets"]["mine"]["responses"] |= change
        with pytest.raises(VentralError, match=re.escape(words)):
            check_config(config, ROOT / "workflow" / "schemas")
        config["datasets"]["mine"]["responses"] = responses_before
