"""The entries of docs/recordings.md are valid configs, and each reads files of its form."""

import re

import numpy as np
import pynwb
import pytest
import yaml

import nwb_files as made
from toy_project import ROOT
from ventral.data.sources.nwb import reader
from ventral.study.check_config import check_config

PAGE = (ROOT / "docs" / "recordings.md").read_text()
ENTRIES = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
REST = {
    "models": {"pixels": {"architecture": "pixels", "taps": {"main": ["pixels"]}}},
    "readouts": {"ridge_cv": {"method": "ridge_cv", "features": "pcs"}},
}


def settings(entry):
    study = check_config({**entry, **REST}, ROOT / "workflow" / "schemas")
    config = study.datasets["mine"].config
    return {**config["stimuli"], **config["responses"]}


@pytest.mark.parametrize("entry", ENTRIES, ids=range(len(ENTRIES)))
def test_the_entry_is_valid(entry):
    assert settings(entry)["image_size"] == 224


def test_every_source_of_the_page_exists():
    assert len(ENTRIES) == 7
    assert {entry["datasets"]["mine"]["source"] for entry in ENTRIES} == {"nwb", "files"}


def of(word):
    (entry,) = [each for each in ENTRIES if word in yaml.safe_dump(each)]
    return settings(entry)


def shapes(folder):
    """Return a session in the form of DANDI:001357, with images for it."""
    file = made.new_file("20190717SL", "Z")
    for column in ("stim_ID", "rotation", "luminance", "pdOnTS"):
        file.add_trial_column(column, column)
    shown = np.random.default_rng(0).permutation(np.repeat(np.arange(made.N), 3))
    for i, each in enumerate(shown):
        file.add_trial(
            start_time=1 + 0.3 * i,
            stop_time=1.2 + 0.3 * i,
            stim_ID=float(each),
            rotation=45.0,
            luminance=12,
            pdOnTS=1.02 + 0.3 * i,
        )
    file.add_unit_column("is_sua", "sua = 1, mua = 0")
    trains = made.spike_trains([made.NAMES[i] for i in shown])
    for unit, times in enumerate(trains):
        file.add_unit(spike_times=times, is_sua=int(unit != 1))
    files = {
        f"images/shape{i:02d}_45_12.png": path
        for i, path in enumerate(made.write_pictures(folder / "images").values())
    }
    renamed = {}
    for key, path in files.items():
        renamed[key] = path.rename(folder / key)
    return {**renamed, "20190717SL": made.write(file, folder / "s.nwb")}, shown, trains


def test_the_form_of_dandi_001357(tmp_path):
    files, shown, trains = shapes(tmp_path)
    given = of("is_sua")
    stimuli = reader.read_stimuli(given, files)
    responses = reader.read_responses(given, files, stimuli.table)
    assert list(responses.sites["site_id"]) == [f"20190717SL_{i}" for i in (0, 2, 3, 4)]
    assert set(responses.sites["session"]) == {"20190717SL"}
    assert set(responses.sites["animal"]) == {"Z"}
    for row in range(made.N):
        onset = [1.02 + 0.3 * i for i, each in enumerate(shown) if each == row]
        count = [sum(t + 0.05 <= time < t + 0.25 for time in trains[2]) for t in onset]
        np.testing.assert_allclose(responses.repetitions[row, 1], np.multiply(count, 5), rtol=1e-6)


def test_the_form_of_dandi_000628(tmp_path):
    files = made.write_pictures(tmp_path / "images")
    file = made.new_file()
    shown = made.add_trials(file, repeats=2)
    counts = np.random.default_rng(0).poisson(0.05, (1000 * (2 + len(shown) // 3), 4))
    module = file.create_processing_module("ecephys", "spike counts")
    data = counts.astype(np.uint8)
    module.add(pynwb.TimeSeries(name="rasters", data=data, unit="count", rate=1000.0))
    files["session"] = made.write(file, tmp_path / "s.nwb")
    given = of("rasters")
    stimuli = reader.read_stimuli(given, files)
    responses = reader.read_responses(given, files, stimuli.table)
    first = [round(1070 + 300 * i) for i, name in enumerate(shown) if name == made.NAMES[4]]
    rates = [counts[start : start + 100].sum(axis=0) * 10 for start in first]
    np.testing.assert_allclose(responses.repetitions[4].T, rates, rtol=1e-6)
    assert set(responses.sites["region"]) == {"IT"}
