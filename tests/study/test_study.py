"""Which models, fits and settings a config means, where it leaves much to defaults."""

import copy
import hashlib
import subprocess
import sys
from pathlib import Path

import yaml

from ventral.data.sources.find import find_source
from ventral.study.check_config import check_config
from ventral.study.display import Display
from ventral.study.entries import Dataset
from ventral.study.files import files_of
from ventral.study.settings import StepSettings
from ventral.study.steps import jobs_of
from ventral.study.study import Fit, Study

ROOT = Path(__file__).parents[2]
SUM = "0" * 64
SCHEMAS = ROOT / "workflow" / "schemas"
CONFIG = yaml.safe_load(f"""
datasets:
  all:
    source: simulated
    reference: [{{model: net, readout: cv, split: test, measure: alpha, value: 1, source: a paper}}]
  some: {{source: simulated, models: [tuned, pixels], readouts: [cv, head]}}
models:
  pixels: {{architecture: pixels, taps: {{main: [pixels]}}, readouts: [raw]}}
  net:
    label: A network
    architecture: alexnet
    weights: {{url: "https://example.org/net.pth", sha256: "{SUM}"}}
    taps: {{late: [classifier.2], early: [features.2, features.5]}}
  stage: {{architecture: alexnet, training: {{task: classification, head: {{layer: features.5}}}}}}
  tuned:
    architecture: alexnet
    start: stage
    training: {{task: responses}}
    sweep: {{learning_rate: [0.1, 0.2]}}
    taps: {{late: [features.5], head_too: [head]}}
  scored_alone: {{architecture: alexnet, weights: IMAGENET1K_V1, taps: {{main: [features.2]}}}}
readouts:
  raw: {{method: linear, features: raw}}
  cv: {{method: ridge_cv, features: pcs, label: Cross-validated, n_components: 5}}
  latent: {{method: pls, features: pcs, n_components: 3}}
  head: {{method: head}}
pca: {{n_components: 7}}
seed: 4
""")
TUNED = ["tuned.learning_rate-0.1", "tuned.learning_rate-0.2"]


def study(**changes) -> Study:
    """Read the config above after some changes, as ``section__key__…=value``."""
    config = copy.deepcopy(CONFIG)
    for path, value in changes.items():
        *steps, last = path.split("__")
        target = config
        for step in steps:
            target = target[step]
        target[last] = value
    return check_config(config, ROOT / "workflow" / "schemas")


def test_a_data_set_has_all_models_or_those_that_it_lists():
    found = study()
    every = ("pixels", "net", "stage", *TUNED, "scored_alone")
    assert found.datasets["all"].models == every
    assert set(found.datasets["some"].models) == {"pixels", *TUNED}


def test_the_fits_of_a_data_set():
    found = study()
    assert found.fits_of("some") == [
        fit
        for name in TUNED
        for fit in (
            Fit(name, "late", "cv"),
            Fit(name, "head_too", "cv"),
            Fit(name, "head", "head"),
        )
    ]  # pixels want raw alone, which the data set does not allow
    of_net = [fit[1:] for fit in found.fits_of("all") if fit.model == "net"]
    readouts = ("raw", "cv", "latent")
    assert of_net == [(taps, readout) for taps in ("late", "early") for readout in readouts]
    # A model without taps has no fits, but a head that is trained on responses is one.
    assert not [fit for fit in found.fits_of("all") if fit.model == "stage"]
    alone = study(
        datasets__some={"source": "simulated", "models": ["end_to_end"]},
        models__end_to_end={
            "architecture": "alexnet",
            "training": {"task": "responses", "head": {"layer": "features.2"}},
            "taps": {},
        },
        models__later={**CONFIG["models"]["tuned"], "start": "end_to_end"},
    )
    assert alone.fits_of("some") == [Fit("end_to_end", "head", "head")]


def test_readouts_are_those_of_the_model_that_the_data_set_allows():
    found = study()
    assert found.readouts_of("some", "net") == ["cv", "head"]
    assert found.readouts_of("some", "pixels") == []
    assert found.readouts_of("all", "pixels") == ["raw"]
    assert found.heads == ["head"] and found.fitted_readouts == ["raw", "cv", "latent"]


def test_starts_are_trained_wherever_a_later_stage_is_scored():
    found = study()
    assert [model.name for model in found.trained_models("some")] == [*TUNED, "stage"]
    assert [model.name for model in found.classifiers("some")] == ["stage"]
    shown = Display(found).trained_models("some")
    assert shown["stage"] == {"task": "classification", "target": "category", "start": "random"}
    assert shown[TUNED[0]]["start"] == "stage"


def test_which_data_sets_have_what():
    found = study()
    assert found.datasets_with_training == ["all", "some"]
    assert found.datasets_with_references == ["all"]
    assert found.datasets_with_sweeps == ["all", "some"]
    assert study(datasets__some__models=["pixels", "net"]).datasets_with_sweeps == ["all"]
    of_readouts = study(
        models__tuned__sweep={"learning_rate": [0.1]},
        datasets__some__models=["net"],
        readouts__cv__sweep={"n_components": [2]},
    )
    assert of_readouts.datasets_with_sweeps == ["all", "some"]


def test_a_head_reads_the_last_recorded_layer_unless_told():
    found = study(models__tuned__taps={"late": ["features.5"], "early": ["features.2"]})
    assert found.models[TUNED[0]].head_layer == "features.2"
    assert found.models["stage"].head_layer == "features.5"
    given = StepSettings(found).training(TUNED[0])
    assert given["training"]["head"]["layer"] == "features.2"
    assert given["training"]["learning_rate"] == 0.1


def test_a_network_is_given_nothing_of_its_label_and_no_address():
    settings = StepSettings(study())
    network = settings.network("net")
    assert network["weights"] == {"sha256": SUM}
    assert network.keys() == {"architecture", "arguments", "seed", "preprocessing", "weights"}
    extraction = settings.extraction("net", "early")
    assert extraction.keys() - network.keys() == {"dtype", "layers", "stochastic"}
    assert extraction["layers"] == ["features.2", "features.5"]
    moved = study(models__net__weights={"name": "net.pth", "sha256": SUM}, models__net__label="B")
    assert repr(StepSettings(moved).extraction("net", "early")) == repr(extraction)


def test_components_have_a_number_where_a_readout_asks_for_it():
    settings = StepSettings(study())
    assert settings.components("all", "net")["n_components"] == 7
    assert settings.components("all", "pixels")["n_components"] is None


def test_a_readout_is_given_without_its_label():
    settings = StepSettings(study())
    assert settings.readout("cv").keys() == {
        "method",
        "features",
        "n_components",
        "alpha_for",
        "choose_alpha",
    }
    assert settings.scores() == {"ceiling_floor": 0.1, "n_bootstrap": 1000, "seed": 4}
    assert settings.commit_by == "median"


def test_what_tables_show():
    display = Display(study())
    shown = display.tables("some")
    assert list(shown["models"]) == ["pixels", "tuned"]  # one row for a sweep
    assert shown["models"]["tuned"]["weights"] == "trained here"
    assert shown["models"]["tuned"]["layers"] == ["features.5", "head"]  # a layer of that name
    assert shown["readouts"]["cv"]["label"] == "Cross-validated"
    assert not shown["cross_site"]
    assert display.table_of_all()["models"]["net"]["label"] == "A network"
    assert display.figures("some")["readout"] is None
    assert display.fits("some")[0] == ["some", TUNED[0], "cv"]
    origins = display.origins("some")
    assert origins["models"][TUNED[1]] == {"entry": "tuned", "settings": {"learning_rate": 0.2}}


def test_a_model_of_no_data_set_is_not_shown():
    found = study(datasets__all__models=["net"], datasets__some__models=["net"])
    assert list(Display(found).table_of_all()["models"]) == ["net"]


def test_a_model_has_one_look_in_all_figures():
    display = Display(study())
    of_all = display.figure_of_all()["models"]
    for dataset in ("all", "some"):
        for name, description in display.figures(dataset)["models"].items():
            assert description.get("look") == of_all[name].get("look")
    assert (
        "look" not in of_all["pixels"] and "look" not in display.tables("some")["models"]["tuned"]
    )


def test_params_are_plain_values():
    """Snakemake compares the text of params; that of a mapping of another kind could change."""
    found = study()
    settings, display = StepSettings(found), Display(found)
    every = [
        *(settings.extraction("net", taps) for taps in found.models["net"].taps),
        *(settings.training(name) for name in TUNED),
        *(getattr(settings, step)("all") for step in ("stimuli", "responses", "split")),
        *(getattr(settings, step)("all") for step in ("stimulus_files", "references")),
        *(getattr(display, what)("all") for what in ("figures", "fits", "origins")),
        *(settings.readout(name) for name in found.readouts),
        settings.components("all", "net"),
        settings.scores(),
        display.trained_models("all"),
    ]
    for value in every:
        assert yaml.safe_load(yaml.safe_dump(value)) == value


def test_a_folder_of_images_is_listed_file_by_file(tmp_path):
    for name in ("b.png", "deep/a.jpg", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    mine = {
        "source": "files",
        "stimuli": {"image_size": 8, "files": {"images": {"path": str(tmp_path)}}},
        "responses": {"files": {"responses": {"url": "https://example.org/r.csv", "sha256": SUM}}},
    }
    found = study(datasets__mine=mine)
    images = {"images/b.png", "images/deep/a.jpg"}
    assert files_of(found.datasets["mine"], "stimuli").keys() == images
    both = StepSettings(found).response_files("mine")
    assert both.keys() == images | {"responses"}
    assert both["responses"] == {"sha256": SUM}
    assert both["images/b.png"] == {}


def test_a_study_imports_nothing_heavy():
    """Every job of a cluster reads the workflow again."""
    code = """
import sys
import ventral.study.check_config, ventral.study.display, ventral.study.settings
import ventral.jobs.resources.estimator
sys.exit(bool({"torch", "pandas", "numpy", "scipy", "zarr"} & set(sys.modules)))
"""
    environment = {"PYTHONPATH": str(ROOT / "src")}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


def test_weights_are_tracked_by_content_where_they_are_read(tmp_path, monkeypatch):
    """Of a trained model only its training reads the file; extraction reads its checkpoint."""
    monkeypatch.chdir(tmp_path)
    config = copy.deepcopy(CONFIG)
    for name in ("net", "stage"):
        config["models"][name]["weights"] = {"path": "net.pt"}

    def sums(content):
        return {"sha256": hashlib.sha256(content).hexdigest()}

    settings = StepSettings(check_config(config, SCHEMAS))
    for content in (b"one", b"two"):
        Path("net.pt").write_bytes(content)
        assert settings.extraction("net", "late")["weights"] == sums(content)
        assert settings.training("stage")["weights"] == sums(content)
        assert settings.network("stage")["weights"] is None
        assert Display(settings.study).tables("all")["models"]["net"]["weights"] == {}


def test_similarity_is_computed_where_it_is_asked_for():
    steps = [step for step, _ in jobs_of(study())]
    assert not [step for step in steps if "similarity" in step]
    asked = study(similarity=True)
    jobs = [(step, names) for step, names in jobs_of(asked) if "similarity" in step]
    of_some = [names for _, names in jobs if names["dataset"] == "some"]
    assert [names["model"] for names in of_some if "model" in names] == ["pixels", *TUNED]
    assert ("tabulate_similarity", {"dataset": "all"}) in jobs
    assert ("draw_similarity_along_layers", {"dataset": "some"}) in jobs
    assert "stage" not in asked.compared_models("all")  # it has no layers


def test_more_resamples_than_similarity_takes_do_not_compute_it_again():
    def given(n_bootstrap):
        return StepSettings(study(scores={"n_bootstrap": n_bootstrap})).similarity

    assert (
        given(1000)
        == given(2000)
        == {
            "seed": 4,
            "n_bootstrap": 100,
            "scale": "standardised",
        }
    )
    assert given(20)["n_bootstrap"] == 20


def test_animals_predict_one_another_where_there_may_be_several():
    found = study(datasets__some__between_animals=False)
    assert found.datasets_between_animals == ["all"]
    jobs = [names for step, names in jobs_of(found) if step == "predict_between_animals"]
    assert jobs == [{"dataset": "all"}]

    def of_source(name, **entry):
        source = find_source(name)
        return Dataset(name, (), frozenset(), source, entry).predicts_between_animals

    assert of_source("majajhong2015") and not of_source("cowley_v4")
    assert of_source("cowley_v4", between_animals=True)
    one = {"animal": "A", "files": {"responses": {"path": "r.csv"}}}
    assert not of_source("files", responses=one)
    assert of_source("files", responses={"files": {**one["files"], "sites": {"path": "s.csv"}}})


def test_whether_animals_predict_one_another_changes_no_other_step():
    entries = [study(datasets__some__between_animals=value) for value in (True, False)]
    first, second = map(StepSettings, entries)
    for settings in ("stimuli", "responses", "split"):
        assert getattr(first, settings)("some") == getattr(second, settings)("some")
