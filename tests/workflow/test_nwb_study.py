"""A small study of two NWB sessions, from files that pynwb writes to tables by region in time."""

import csv

import pytest
import yaml

import nwb_files as made
from helpers import snakemake
from ventral.data.responses import read_responses

WINDOWS = ("70–120 ms", "120–170 ms")
CONFIG = {
    "datasets": {
        "mine": {
            "source": "nwb",
            "stimuli": {"image_size": 16, "files": {"images": {"path": "images"}}},
            "responses": {
                "stimulus": "scene_{place:02d}",
                "where": {"correct": True},
                "units": {"where": {"quality": ["good", "mua"]}},
                "region_column": "area",
                "time": {"windows": [[70, 120], [120, 170]]},
                "files": {"monday": {"path": "monday.nwb"}, "friday": {"path": "friday.nwb"}},
            },
        }
    },
    "models": {"pixels": {"architecture": "pixels", "taps": {"main": ["pixels"]}}},
    "pca": {"n_components": 5, "when_rank_is_lower": "use_rank"},
    "readouts": {"ridge_cv": {"method": "ridge_cv", "features": "pcs"}},
    "scores": {"n_bootstrap": 50},
}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nwb")
    made.write_pictures(folder / "images")
    made.write_session(folder / "monday.nwb", session="1")
    made.write_session(folder / "friday.nwb", session="2", seed=4)
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    done = snakemake(folder, "--configfile", str(folder / "config.yaml"))
    assert done.returncode == 0, done.stdout[-5000:]
    return folder


def test_tables_have_the_regions_in_time(project):
    with (project / "results" / "mine" / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    regions = {row["region"] for row in rows}
    assert regions == {f"{region} {window}" for region in ("V4", "IT") for window in WINDOWS}
    sites = {row["region"]: int(row["n_sites"]) for row in rows}
    assert {sites[f"V4 {window}"] for window in WINDOWS} == {2}
    assert {sites[f"IT {window}"] for window in WINDOWS} == {6}
    shown = list((project / "results" / "mine" / "tables").glob("*.md"))
    assert any("IT 70–120 ms" in path.read_text() for path in shown)
    assert list((project / "results" / "mine" / "figures").glob("*.svg"))


def test_trials_give_ceilings(project):
    folder = project / "results" / "mine"
    responses = read_responses(folder / "responses.zarr")
    assert responses.repetitions.shape[:2] == (made.N, 16)
    with (folder / "ceilings.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["site_id"] for row in rows} == set(responses.sites["site_id"])


def test_another_unit_filter_prepares_responses_and_no_stimuli(project):
    config = yaml.safe_load((project / "config.yaml").read_text())
    config["datasets"]["mine"]["responses"]["units"] = {"where": {"quality": "good"}}
    (project / "other.yaml").write_text(yaml.safe_dump(config))
    plan = snakemake(project, "-n", "--configfile", str(project / "other.yaml")).stdout
    assert "prepare_responses" in plan
    assert "prepare_stimuli" not in plan and "extract_activations" not in plan


def test_another_recording_is_seen(project):
    made.write_session(project / "friday.nwb", session="2", seed=5)
    plan = snakemake(project, "-n", "--configfile", str(project / "config.yaml")).stdout
    assert "prepare_responses" in plan and "prepare_stimuli" not in plan
