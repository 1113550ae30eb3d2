"""The rerun contract: after each change, exactly these jobs are planned.

Each line is a change to a toy project that has run (two data sets, five models), and the jobs
that Snakemake plans then, by rule and wildcards. `README.md` shows the lines in words;
`test_readme.py` holds the two together.
"""

import json
import os
import random
import shutil

import pytest
import torch

from toy_project import ADDRESS, ROOT, files_of

pytestmark = pytest.mark.slow

TABLES = (
    "collect_scores",
    "summarise_scores",
    "make_tables",
    "tabulate_sweeps",
    "compare_models",
    "draw_comparisons",
    "draw_explained_variance_by_layer",
    "draw_score_along_layers",
    "draw_heat_map_of_layers",
    "draw_sites",
    "draw_score_against_parameters",
)
JOINT = ("summarise_regions", "draw_score_by_region", "make_results_page")
FITS = ("fit_readout", "score_readout")
TRAINED = ["classifier", "tuned"]
TRAINING = ("train_model", "apply_head", "read_head", "tabulate_training")
CHAIN = ("extract_activations", "compute_gram", "fit_pca", *FITS)


def tail(jobs, *datasets):
    """Return what follows any new score of these data sets."""
    return jobs.of(*TABLES, dataset=datasets) | over_all(jobs)


def over_all(jobs):
    """Return what follows any new table of any data set."""
    return jobs.of(*JOINT, "all")


def shown_again(jobs):
    """Return the tables and figures that show labels."""
    return jobs.of(*TABLES[2:]) | over_all(jobs)


def fitted(jobs, *rules):
    """Return the jobs of these rules, but the scores of heads, which nothing fits."""
    return jobs.of(*rules) - jobs.of("score_readout", readout="head")


def retrained(jobs, *models):
    """Return the jobs that follow a new training of these models."""
    return jobs.of(*TRAINING, *CHAIN, model=models) | jobs.of("tabulate_training")


def set_config(project, **sections):
    """Lay new values over the config's sections."""
    config = project.config
    for section, values in sections.items():
        if isinstance(values, dict):
            config.setdefault(section, {}).update(values)
        else:
            config[section] = values
    project.write_config(config)


def set_model(project, name, **values):
    set_config(project, models={name: {**project.config["models"].get(name, {}), **values}})


def set_dataset(project, name, **sections):
    dataset = project.config["datasets"][name]
    for section, values in sections.items():
        dataset[section] = {**dataset.get(section, {}), **values}
    set_config(project, datasets={name: dataset})


def edit(project, file, old, new):
    """Edit the copy of the repository, with a date in the past: only content may matter."""
    path = project.folder / file
    text = path.read_text()
    assert old in text, (file, old)
    path.write_text(text.replace(old, new, 1))
    os.utime(path, (10**9, 10**9))


def nothing(project):
    pass


def touch_everything(project):
    """Give every file, also inside the stores, a new time, in random order."""
    files = [
        path
        for top in ("results", "src", "workflow", "config")
        for path in [project.folder / top, *(project.folder / top).rglob("*")]
    ]
    random.Random(0).shuffle(files)
    for second, path in enumerate(files):
        os.utime(path, (2 * 10**9 + second, 2 * 10**9 + second))


def clone_afresh(project):
    """Put a new checkout of the code beside the old results."""
    for name in ("workflow", "src", "config"):
        shutil.rmtree(project.folder / name)
        shutil.copytree(ROOT / name, project.folder / name, copy_function=shutil.copyfile)


def copy_without_times(project):
    """Copy everything as ``cp -r`` does."""
    old = project.folder.with_name("old")
    project.folder.rename(old)
    shutil.copytree(old, project.folder, copy_function=shutil.copyfile)


def move(project):
    project.folder = project.folder.rename(project.folder.with_name("moved"))


def leave_the_memory_behind(project):
    """Take along the results, but not what Snakemake knows of them."""
    shutil.rmtree(project.folder / ".snakemake")


def add_dataset(project):
    first = project.config["datasets"]["first"]
    set_config(project, datasets={"third": {**first, "models": ["pixels"]}})


def ask_for_similarity(project):
    set_config(project, similarity=True)


def remove_dataset(project):
    config = project.config
    del config["datasets"]["second"]
    project.write_config(config)


def reword(project):
    edit(project, "src/ventral/features/gram.py", "def gram_matrix", "# why\ndef gram_matrix")
    edit(project, "src/ventral/features/pca.py", "Fit principal components", "Find components")
    edit(project, "src/ventral/features/pca.py", "have the same features: no", "are equal: no")
    edit(project, "workflow/scripts/fit_readout.py", "Fit one readout", "Fit a single readout")
    edit(
        project,
        "src/ventral/jobs/progress.py",
        "SECONDS_BETWEEN_LINES = 10",
        "SECONDS_BETWEEN_LINES = 9",
    )


def add_model(project):
    set_model(project, "new", **{**project.config["models"]["other"], "seed": 2})


def remove_model(project):
    config = project.config
    del config["models"]["other"]
    project.write_config(config)


def add_tap_set(project):
    taps = project.config["models"]["net"]["taps"]
    set_model(project, "net", taps={**taps, "more": ["features.6"]})


def add_readout(project):
    set_config(
        project, readouts={"ridge_pcs": {"method": "ridge", "features": "pcs", "alpha": 2.0}}
    )
    set_model(project, "net", readouts=["linear_pcs", "ridge_pcs"])


def add_swept_value(project):
    ridge = project.config["readouts"]["ridge_raw"]
    set_config(project, readouts={"ridge_raw": {**ridge, "sweep": {"alpha": [1.0, 10.0]}}})


SWEPT = [f"swept.learning_rate-{rate}" for rate in (0.01, 0.1)]


def add_swept_model(project):
    tuned = project.config["models"]["tuned"]
    set_model(project, "swept", **tuned, sweep={"learning_rate": [0.01, 0.1]})


def change_alphas(project):
    readout = project.config["readouts"]["ridge_cv_pcs"]
    set_config(project, readouts={"ridge_cv_pcs": {**readout, "alphas": {"low": -3, "high": 6}}})


def change_label(project):
    readout = project.config["readouts"]["ridge_cv_pcs"]
    set_config(project, readouts={"ridge_cv_pcs": {**readout, "label": "Ridge CV"}})


def change_components(project):
    set_config(project, pca={"n_components": 6})


def change_seed_of_weights(project):
    set_model(project, "net", seed=7)


def change_weights(project):
    """Name other weights, as a new version of a file."""
    set_model(project, "other", weights={"name": "small.pth", "sha256": "0" * 64})


def change_addresses(project):
    config = project.config
    for file in files_of(config):
        file["url"] = file["url"].replace(ADDRESS, "https://new.example.org/archive")
    project.write_config(config)


def name_a_path(project):
    """Give a file of the same content by its path in place of its address."""
    config = project.config
    images = config["datasets"]["second"]["stimuli"]["files"]["images"]
    del images["url"]
    images["path"] = "mirror/images.zip"
    project.write_config(config)


def write_otherwise(project):
    """Write the same config with the keys of settings in another order, and 2 for 2.0."""

    def other(value, key=""):
        if isinstance(value, list):
            return [other(item) for item in value]
        if isinstance(value, dict):
            keys = (
                list(value)
                if key in ("datasets", "models", "readouts", "taps")
                else list(value)[::-1]
            )
            return {name: other(value[name], name) for name in keys}
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return float(value) if type(value) is int else value

    config = project.config
    project.write_config({key: other(value, key) for key, value in reversed(config.items())})


def count_versions(project):
    set_config(project, packages="rerun")


def change_training(project):
    training = project.config["models"]["tuned"]["training"]
    set_model(project, "tuned", training={**training, "learning_rate": 0.002})


def change_training_of_a_start(project):
    training = project.config["models"]["classifier"]["training"]
    set_model(project, "classifier", training={**training, "learning_rate": 0.002})


def change_preprocessing(project):
    set_model(project, "net", preprocessing={"size": 40})


def change_compute(project):
    set_config(project, compute={"batch_size": 7, "workers": 1, "device": "cpu"}, mirrors=["/tmp"])


def change_split(project):
    set_dataset(project, "first", split={"method": "random", "seed": 3})


def add_sites(project):
    set_dataset(project, "first", responses={"n_it_sites": 4})


def add_images(project):
    set_dataset(project, "first", stimuli={"images_per_object": 7})


def change_ceiling_floor(project):
    set_config(project, scores={"ceiling_floor": 0.2})


def change_seed(project):
    set_config(project, seed=5)


def add_spectra(project):
    set_config(project, spectra=True)


def edit_gram(project):
    edit(project, "src/ventral/features/gram.py", "np.zeros((n, n))", "np.zeros([n, n])")


def edit_readout(project):
    edit(project, "src/ventral/readouts/regression.py", "1 - 1 / n", "1 - 1.0 / n")


def edit_training(project):
    edit(project, "src/ventral/training/train.py", "total = 0.0", "total = 0.0 * 1")


def edit_own_network(project):
    edit(project, "my_networks.py", "layer(4, 8)", "layer(4, 4 + 4)")


def edit_what_the_network_imports(project):
    edit(project, "my_layers.py", "stride=2", "stride=1 + 1")


def reword_own_network(project):
    edit(project, "my_networks.py", "Two layers", "A first and a second layer")
    edit(project, "my_layers.py", "def layer", "# why\ndef layer")


def edit_script(project):
    edit(project, "workflow/scripts/assign_split.py", "stimuli = read", "stimuli=read")
    edit(project, "workflow/scripts/assign_split.py", "with job(", "print()\nwith job(")


def edit_simulated(project):
    edit(
        project,
        "src/ventral/data/sources/simulated/reader.py",
        'raise VentralError("simulated',
        'pass\n        raise VentralError("simulated',
    )


def edit_figure(project):
    edit(
        project,
        "src/ventral/figures/score_along_layers.py",
        "    start = 0\n",
        "    start = 0 * 1\n",
    )


def delete_activations(project):
    shutil.rmtree(project.folder / "results/first/activations/net/main.zarr")


def prune_activations(project):
    set_config(project, keep_activations=False)


def delete_every_store(project):
    for store in list((project.folder / "results").rglob("*.zarr")):
        shutil.rmtree(store) if store.is_dir() else store.unlink()


def delete_fit(project):
    for ending in ("zarr", "json"):
        (project.folder / f"results/first/fits/net/main/linear_pcs.{ending}").unlink()


def lose_a_failed_job(project):
    """Remove what Snakemake removes of a job that failed; all that follows keeps its results."""
    for path in (project.folder / "results/first/fits/net/main").glob("linear_pcs.*"):
        path.unlink()


def lose_a_failed_preparation(project):
    shutil.rmtree(project.folder / "results/first/responses.zarr")
    for ending in ("json", "lineage"):
        (project.folder / f"results/first/responses.{ending}").unlink()


def fail_without_memory(project):
    """Change the config and lose `.snakemake`, by which alone Snakemake would see it."""
    change_alphas(project)
    leave_the_memory_behind(project)


def lose_a_record(project):
    (project.folder / "results/first/gram/net/main.lineage").unlink()


def put_another_fit_in_place(project):
    """As a job of an older config does that outlives its run: its store and its record."""
    folder = project.folder / "results/first/fits/pixels/main"
    for ending in ("zarr", "json", "lineage"):
        shutil.copy2(folder / f"ridge_raw.alpha-1.{ending}", folder / f"ridge_cv_pcs.{ending}")


def set_the_clock_back(project):
    """Make a fit by a clock that is behind; the run is killed before its scores are made."""
    path = project.folder / "results/first/fits/net/main/linear_pcs.lineage"
    record = json.loads(path.read_text())
    record["outputs"] = dict.fromkeys(record["outputs"], "0" * 64)
    path.write_text(json.dumps(record))
    os.utime(path, (10**9, 10**9))


def delete_figure(project):
    (project.folder / "results/first/figures/score_along_layers.png").unlink()


def both(jobs):
    return tail(jobs, "first", "second")


# change in words, what runs again in words, the change, the exact jobs of the full list
CONTRACT = [
    ("nothing", "nothing", nothing, lambda jobs: jobs.of("none")),
    ("every file is touched", "nothing", touch_everything, lambda jobs: jobs.of("none")),
    ("a fresh clone beside old results", "nothing", clone_afresh, lambda jobs: jobs.of("none")),
    (
        "everything is copied without its times",
        "nothing",
        copy_without_times,
        lambda jobs: jobs.of("none"),
    ),
    ("everything is moved to another folder", "nothing", move, lambda jobs: jobs.of("none")),
    (
        "results are copied without `.snakemake`",
        "nothing",
        leave_the_memory_behind,
        lambda jobs: jobs.of("none"),
    ),
    (
        "a comment, a docstring, the words of an error, the progress bar",
        "nothing",
        reword,
        lambda jobs: jobs.of("none"),
    ),
    (
        "batch size, workers, device, mirrors",
        "nothing",
        change_compute,
        lambda jobs: jobs.of("none"),
    ),
    (
        "a file's address, its sum the same",
        "nothing",
        change_addresses,
        lambda jobs: jobs.of("none"),
    ),
    (
        "a file's path, its content the same",
        "that data set, or in two phases (below) its preparation alone",
        name_a_path,
        lambda jobs: jobs.of(dataset="second") | over_all(jobs),
    ),
    (
        "a model is added",
        "its chain, then tables and figures",
        add_model,
        lambda jobs: jobs.of(*CHAIN, model="new") | tail(jobs, "first"),
    ),
    ("a model is removed", "tables and figures", remove_model, lambda jobs: tail(jobs, "first")),
    (
        "a data set is added",
        "that data set, then the table, figure and page over all",
        add_dataset,
        lambda jobs: jobs.of(dataset="third") | over_all(jobs),
    ),
    ("a data set is removed", "the table, figure and page over all", remove_dataset, over_all),
    (
        "a layer is added, as a new tap set",
        "that layer's extraction and chain, then tables and figures",
        add_tap_set,
        lambda jobs: jobs.of(*CHAIN, taps="more") | both(jobs),
    ),
    (
        "a readout is added",
        "those fits and scores, then tables and figures",
        add_readout,
        lambda jobs: jobs.of(*FITS, readout="ridge_pcs") | both(jobs),
    ),
    (
        "a value is added to the sweep of a readout",
        "that value's fits and scores, then tables and figures",
        add_swept_value,
        lambda jobs: jobs.of(*FITS, readout="ridge_raw.alpha-10") | tail(jobs, "first"),
    ),
    (
        "a model with a sweep of its training is added",
        "a chain for each value, then tables and figures",
        add_swept_model,
        lambda jobs: retrained(jobs, *SWEPT) | tail(jobs, "first"),
    ),
    (
        "alphas of a readout",
        "its fits and scores, then tables and figures",
        change_alphas,
        lambda jobs: jobs.of(*FITS, readout="ridge_cv_pcs") | tail(jobs, "first"),
    ),
    (
        "a label",
        "tables and figures are drawn again, no score",
        change_label,
        shown_again,
    ),
    (
        "the number of components",
        "`fit_pca` and what follows; no extraction, no Gram matrix",
        change_components,
        lambda jobs: fitted(jobs, "fit_pca", *FITS) | both(jobs),
    ),
    (
        "a model's file of weights",
        "that model's chain, then tables and figures",
        change_weights,
        lambda jobs: (
            jobs.of("fetch_file", download=f"{'0' * 16}/small.pth")
            | jobs.of(*CHAIN, model="other")
            | tail(jobs, "first")
        ),
    ),
    (
        "the seed of random weights",
        "that model's chain, then tables and figures",
        change_seed_of_weights,
        lambda jobs: jobs.of(*CHAIN, model="net") | both(jobs),
    ),
    (
        "the learning rate of a model's training",
        "its training and chain, then tables and figures",
        change_training,
        lambda jobs: retrained(jobs, "tuned") | tail(jobs, "first"),
    ),
    (
        "the learning rate of a model that another starts from",
        "both trainings and what follows",
        change_training_of_a_start,
        lambda jobs: retrained(jobs, *TRAINED) | tail(jobs, "first"),
    ),
    (
        "code of training",
        "every training and what follows; nothing of models that are not trained",
        edit_training,
        lambda jobs: retrained(jobs, *TRAINED) | tail(jobs, "first"),
    ),
    (
        "a model's preprocessing",
        "that model's chain, then tables and figures",
        change_preprocessing,
        lambda jobs: jobs.of(*CHAIN, model="net") | both(jobs),
    ),
    (
        "the split of a data set",
        "its split, ceilings, components and what follows; no extraction, no Gram matrix",
        change_split,
        lambda jobs: (
            jobs.of("assign_split", "estimate_ceilings", "fit_pca", *FITS, dataset="first")
            | retrained(jobs, *TRAINED)
            | tail(jobs, "first")
        ),
    ),
    (
        "sites are added",
        "responses, fits and what follows; no extraction, no components",
        add_sites,
        lambda jobs: (
            jobs.of("prepare_responses", "estimate_ceilings", *FITS, dataset="first")
            | retrained(jobs, "tuned")
            | tail(jobs, "first")
        ),
    ),
    (
        "stimuli are added",
        "all of that data set, nothing of another",
        add_images,
        lambda jobs: jobs.of(dataset="first") | over_all(jobs),
    ),
    (
        "the floor of the ceilings",
        "scores, tables and figures; no fit",
        change_ceiling_floor,
        lambda jobs: jobs.of("score_readout") | both(jobs),
    ),
    (
        "the seed of ceilings and bootstrap",
        "ceilings, scores, tables and figures; no fit",
        change_seed,
        lambda jobs: (
            jobs.of("estimate_ceilings", "score_readout", "tabulate_training") | both(jobs)
        ),
    ),
    (
        "similarity is asked for",
        "its own steps, and the results page",
        ask_for_similarity,
        lambda jobs: jobs.of(
            "compute_similarity",
            "tabulate_similarity",
            "draw_similarity_along_layers",
            "make_results_page",
            "all",
        ),
    ),
    (
        "keys of settings in another order, `2` for `2.0`",
        "nothing",
        write_otherwise,
        lambda jobs: jobs.of("none"),
    ),
    (
        "`packages: rerun`",
        "everything but downloads, once; from then on each upgrade of a package that counts",
        count_versions,
        lambda jobs: jobs - jobs.of("fetch_file"),
    ),
    (
        "code of the Gram matrix",
        "`compute_gram` and what follows; no extraction",
        edit_gram,
        lambda jobs: fitted(jobs, "compute_gram", "fit_pca", *FITS) | both(jobs),
    ),
    (
        "code of the readouts",
        "fits, scores, tables and figures",
        edit_readout,
        lambda jobs: fitted(jobs, *FITS) | both(jobs),
    ),
    (
        "code of your own `module:function`",
        "that model's chain, then tables and figures",
        edit_own_network,
        lambda jobs: jobs.of(*CHAIN, model="other") | tail(jobs, "first"),
    ),
    (
        "code of your own that such a module imports",
        "that model's chain, then tables and figures",
        edit_what_the_network_imports,
        lambda jobs: jobs.of(*CHAIN, model="other") | tail(jobs, "first"),
    ),
    (
        "a comment or a docstring in such code",
        "nothing",
        reword_own_network,
        lambda jobs: jobs.of("none"),
    ),
    (
        "the script of a step",
        "that step and what follows",
        edit_script,
        lambda jobs: (
            jobs.of("assign_split", "estimate_ceilings", "fit_pca", *FITS)
            | retrained(jobs, *TRAINED)
            | both(jobs)
        ),
    ),
    (
        "code of one source of data",
        "the data sets of that source",
        edit_simulated,
        lambda jobs: jobs.of(dataset="first") | over_all(jobs),
    ),
    (
        "style of one figure",
        "that figure",
        edit_figure,
        lambda jobs: jobs.of("draw_score_along_layers") | jobs.of("all"),
    ),
    ("an activation store is deleted", "nothing", delete_activations, lambda jobs: jobs.of("none")),
    (
        "`keep_activations: false`",
        "the activation stores are removed, nothing is computed",
        prune_activations,
        lambda jobs: jobs.of("prune_activations") | jobs.of("all"),
    ),
    (
        "`spectra: true`",
        "the spectra of each layer, their tables and figures",
        add_spectra,
        lambda jobs: jobs.of(
            "compute_spectra",
            "tabulate_spectra",
            "draw_score_by_components",
            "make_results_page",
            "all",
        ),
    ),
    (
        "every store is deleted, the manifests stay",
        "nothing",
        delete_every_store,
        lambda jobs: jobs.of("none"),
    ),
    (
        "a job failed or was cancelled, over results of another config",
        "that job and what follows, until it succeeds",
        lose_a_failed_job,
        lambda jobs: (
            jobs.of(*FITS, dataset="first", model="net", taps="main") | tail(jobs, "first")
        ),
    ),
    (
        "the preparation of a data set failed, over results of another config",
        "that job and what follows, until it succeeds",
        lose_a_failed_preparation,
        lambda jobs: (
            jobs.of("prepare_responses", "estimate_ceilings", *FITS, dataset="first")
            | retrained(jobs, "tuned")
            | tail(jobs, "first")
        ),
    ),
    (
        "results of another config, without `.snakemake`",
        "what the config changes",
        fail_without_memory,
        lambda jobs: jobs.of(*FITS, readout="ridge_cv_pcs") | tail(jobs, "first"),
    ),
    (
        "the record of a job's lineage is deleted",
        "that job and what follows",
        lose_a_record,
        lambda jobs: (
            jobs.of(*CHAIN, dataset="first", model="net") - jobs.of("extract_activations")
            | tail(jobs, "first")
        ),
    ),
    (
        "a job of an older config outlives its run and replaces a store",
        "that job and what follows",
        put_another_fit_in_place,
        lambda jobs: jobs.of(*FITS, readout="ridge_cv_pcs") | tail(jobs, "first"),
    ),
    (
        "a store was made after what follows from it, by a clock that is behind",
        "what follows",
        set_the_clock_back,
        lambda jobs: jobs.of("score_readout", dataset="first", model="net") | tail(jobs, "first"),
    ),
    (
        "a figure is deleted",
        "that figure",
        delete_figure,
        lambda jobs: jobs.of("draw_score_along_layers", dataset="first") | jobs.of("all"),
    ),
]


@pytest.mark.parametrize(
    ("change", "expected"),
    [(line[2], line[3]) for line in CONTRACT],
    ids=[line[0] for line in CONTRACT],
)
def test_exactly_these_jobs_are_planned(project, change, expected):
    change(project)
    everything = project.plan(everything=True)
    wanted = expected(everything)
    planned = project.plan()
    missing = sorted(map(str, wanted - planned))
    surplus = sorted(map(str, planned - wanted))
    assert not missing and not surplus, f"missing {missing}; not expected {surplus}"


@pytest.mark.parametrize(
    "change",
    [add_model, edit_figure],
    ids=lambda change: change.__name__,
)
def test_after_the_run_nothing_is_left_to_do(project, change):
    change(project)
    assert project.plan()
    done = project.run()
    assert done.returncode == 0, done.stdout[-3000:]
    assert not project.plan()


def test_several_changes_at_once(project):
    change_components(project)
    add_tap_set(project)
    add_sites(project)
    done = project.run()
    assert done.returncode == 0, done.stdout[-3000:]
    assert not project.plan()


def test_a_deleted_store_comes_back_when_it_is_needed(project):
    delete_activations(project)
    edit_gram(project)
    everything = project.plan(everything=True)
    planned = project.plan()
    assert everything.of("extract_activations", dataset="first", model="net") <= planned
    assert not planned.of("extract_activations", model="other")


def test_a_deleted_fit_is_made_again_when_its_scores_are_needed(project):
    before = (project.folder / "results/first/scores.csv").read_bytes()
    delete_fit(project)
    scores = project.folder / "results/first/scores/net/main/linear_pcs.csv"
    scores.unlink()
    done = project.run()
    assert done.returncode == 0, done.stdout[-3000:]
    assert (project.folder / "results/first/scores.csv").read_bytes() == before


def test_extraction_in_two_phases_stops_at_equal_bytes(project):
    """A changed extractor that gives the same bytes: nothing below the manifests is stale."""
    edit(project, "src/ventral/activations/taps.py", "seen[layer] += 1", "seen[layer] += 1 * 1")
    assert project.plan().of("fit_readout")  # in one run all of it is planned
    done = project.run("--until", "extract_activations")
    assert done.returncode == 0, done.stdout[-3000:]
    assert not project.plan()


def test_a_moved_file_prepares_its_data_set_again_and_no_more_in_two_phases(project):
    name_a_path(project)
    done = project.run("--until", "prepare_responses")
    assert done.returncode == 0, done.stdout[-3000:]
    assert not project.plan()


def test_results_without_memory_are_judged_by_their_lineage(project):
    """Whatever their times: right ones are believed, and those of another config made again."""
    leave_the_memory_behind(project)
    touch_everything(project)
    assert not project.plan()
    change_components(project)
    everything = project.plan(everything=True)
    assert project.plan() == fitted(everything, "fit_pca", *FITS) | both(everything)


def test_two_models_that_share_a_stage(project):
    """Each later stage is its own model's alone; all models use the shared one."""
    tuned = project.config["models"]["tuned"]
    set_model(project, "retuned", **{**tuned, "training": {**tuned["training"], "seed": 1}})
    done = project.run("--until", "train_model")
    assert done.returncode == 0, done.stdout[-3000:]
    trainings = project.plan(everything=True).of("train_model")
    assert len(trainings) == 3
    assert not project.plan().of("train_model")
    change_training(project)
    assert project.plan().of("train_model") == trainings.of(model="tuned")
    change_training_of_a_start(project)
    assert project.plan().of("train_model") == trainings


def test_equal_weights_with_a_new_time_change_nothing(project):
    weights = project.folder / "weights.pth"
    shutil.copyfile(project.folder / "mirror/small.pth", weights)
    set_model(project, "other", weights={"path": "weights.pth"})
    done = project.run()
    assert done.returncode == 0, done.stdout[-3000:]
    content = weights.read_bytes()
    weights.unlink()
    weights.write_bytes(content)
    assert not project.plan()
    state = torch.load(weights, weights_only=True)
    torch.save({name: value + 1 for name, value in state.items()}, weights)
    os.utime(weights, (10**9, 10**9))  # as of a file that `cp -p` or `unzip` put there
    everything = project.plan(everything=True)
    assert project.plan() == everything.of(*CHAIN, model="other") | tail(everything, "first")
