"""``spectra: true``: what it adds, and what each change runs again of it."""

import pandas as pd
import pytest

from toy_project import Project

pytestmark = pytest.mark.slow

ADDED = ("compute_spectra", "tabulate_spectra", "draw_score_by_components")


def change(project: Project, **sections) -> None:
    project.write_config({**project.config, **sections})


@pytest.fixture(scope="module")
def described(finished, tmp_path_factory) -> Project:
    """Return the toy project after a run that adds spectra."""
    project = finished.copy(tmp_path_factory.mktemp("described") / "project")
    change(project, spectra=True)
    planned = project.plan()
    assert planned == planned.of(*ADDED, "make_results_page", "all")
    assert len(planned.of("compute_spectra")) == 5  # four tap sets of one data set, one of another
    done = project.run()
    assert done.returncode == 0, done.stdout[-3000:]
    return project


@pytest.fixture
def project(described, tmp_path) -> Project:
    return described.copy(tmp_path / "project")


def test_nothing_is_left_to_do_and_every_layer_has_its_rows(project):
    assert not project.plan()
    folder = project.folder / "results/first/tables"
    spectra = pd.read_csv(folder / "spectra.csv")
    layers = spectra[["model", "layer"]].drop_duplicates()
    assert len(layers) == 5 and len(spectra) == 2 * 5  # two regions
    curves = pd.read_csv(folder / "score_by_components.csv")
    assert len(curves[["model", "layer"]].drop_duplicates()) == 5
    assert (folder / "spectra.md").read_text().count("\n") == 2 + 10


def test_a_model_runs_its_own_chain(project):
    models = project.config["models"]
    models["new"] = {**models["other"], "seed": 2}
    change(project, models=models)
    everything, planned = project.plan(everything=True), project.plan()
    assert planned.of("compute_spectra") == everything.of("compute_spectra", model="new")
    assert planned.of(*ADDED[1:]) == everything.of(*ADDED[1:], dataset="first")


def test_a_readout_changes_no_spectrum(project):
    readouts = project.config["readouts"]
    readouts["ridge_cv_pcs"]["alphas"] = {"low": -3, "high": 6}
    change(project, readouts=readouts)
    everything, planned = project.plan(everything=True), project.plan()
    assert not planned.of("compute_spectra", "tabulate_spectra")
    assert planned.of(ADDED[2]) == everything.of(ADDED[2], dataset="first")


def test_the_seed_of_the_bootstrap_draws_intervals_again(project):
    change(project, seed=5)
    assert len(project.plan().of("compute_spectra")) == 5


def test_turned_off_again_the_page_alone_is_made(project):
    change(project, spectra=False)
    planned = project.plan()
    assert planned == planned.of("make_results_page", "all") != set()
