"""A split that tests in and out of distribution: what it adds, and what a change runs again."""

import pandas as pd
import pytest

from toy_project import Project

pytestmark = pytest.mark.slow

ADDED = ("measure_distances", "tabulate_generalisation", "draw_generalisation")


def change(project: Project, **sections) -> None:
    project.write_config({**project.config, **sections})


@pytest.fixture(scope="module")
def clustered(finished, tmp_path_factory) -> Project:
    """Return the toy project after a run with whole clusters held out."""
    project = finished.copy(tmp_path_factory.mktemp("clustered") / "project")
    datasets = project.config["datasets"]
    datasets["first"]["split"] = {"method": "cluster", "clusters": 14}
    change(project, datasets=datasets)
    done = project.run()
    assert done.returncode == 0, done.stdout[-3000:]
    return project


@pytest.fixture
def project(clustered, tmp_path) -> Project:
    return clustered.copy(tmp_path / "project")


def test_nothing_is_left_to_do_and_every_layer_has_both_scores(project):
    assert not project.plan()
    folder = project.folder / "results/first"
    split = pd.read_csv(folder / "split.csv")
    assert split["group"].nunique() == 14
    parts = split.groupby("group")["split"].agg(set)
    whole = {"train", "test_in_distribution"}
    assert all(found <= whole or len(found) == 1 for found in parts)
    summary = pd.read_csv(folder / "summary.csv")
    table = pd.read_csv(folder / "tables/generalisation.csv")
    keys = ["region", "model", "layer"]
    assert len(table) == len(summary[[*keys, "readout"]].drop_duplicates())
    of_head = table["layer"] == "head"
    assert table["nearest_distance_ratio"].notna().equals(~of_head)
    assert table["difference_low"].notna().all() and (table["committed_on"] == "validation").all()
    inside = summary[summary["split"] == "test_in_distribution"]
    means = inside.groupby(keys)["explained_variance_mean"].max().sort_index()
    found = table.groupby(keys)["in_distribution"].max().sort_index()
    pd.testing.assert_series_equal(means, found, check_names=False)


def test_a_readout_changes_no_distance(project):
    readouts = project.config["readouts"]
    readouts["ridge_cv_pcs"]["alphas"] = {"low": -3, "high": 6}
    change(project, readouts=readouts)
    planned = project.plan()
    assert not planned.of(ADDED[0])
    assert len(planned.of(*ADDED[1:], dataset="first")) == 2


def test_a_model_runs_its_own_chain(project):
    models = project.config["models"]
    models["new"] = {**models["other"], "seed": 2}
    change(project, models=models)
    everything, planned = project.plan(everything=True), project.plan()
    assert planned.of(ADDED[0]) == everything.of(ADDED[0], model="new")
