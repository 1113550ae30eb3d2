"""What the rules share: the checked config, names in paths, and the inputs of a step."""

import os
import re
import sys
from pathlib import Path

ROOT = Path(workflow.current_basedir).parent.parent
sys.path.insert(0, str(ROOT / "src"))  # Snakemake hands its path on to every script

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from ventral.jobs.architecture_digest import architecture_digest
from ventral.jobs.preflight.check_layers import check_layers_of_models
from ventral.jobs.preflight.check_paths import check_paths
from ventral.study.check_config import check_config
from ventral.data.image_folders import images_in
from ventral.data.named_files import download_name, named_files
from ventral.errors import VentralError
from ventral.jobs.code_digest import folders_of_own_code, source_digest

# A user's own `module:function` lies beside the config or where the run is started. These come
# last: a file there cannot take the place of an installed package.
sys.path += [
    folder
    for folder in [*(str(Path(file).parent) for file in workflow.configfiles), str(Path.cwd())]
    if folder not in sys.path
]
OWN_CODE = folders_of_own_code(sys.path)

try:
    ORIGINS = check_config(config, ROOT / "workflow" / "schemas")
    if workflow.is_main_process:
        check_paths(config)  # first: it takes no time
        check_layers_of_models(config["models"], ROOT / "src", OWN_CODE)
except VentralError as error:
    raise WorkflowError(str(error)) from None


def any_of(names):
    """Return a pattern that matches these names alone: nothing else can become a path."""
    return "|".join(sorted(map(re.escape, set(names)))) or "(?!)"


def warn_of_lost_memory(results, memory):
    """Say that results without Snakemake's memory of them are believed, whatever made them."""
    if Path(results).is_dir() and not (Path(memory).is_dir() and any(Path(memory).iterdir())):
        logger.warning(
            f"{results}/ is here without .snakemake/, Snakemake's memory of it: results are believed"
            " to be of this config and this code. If they are of another, see README.md, What runs"
            " again when …"
        )


if workflow.is_main_process:
    warn_of_lost_memory(workflow.pathvars.get("results"), ".snakemake/metadata")

DOWNLOADS = list(dict.fromkeys(map(download_name, named_files(config))))


wildcard_constraints:
    dataset=any_of(config["datasets"]),
    model=any_of(config["models"]),
    readout=any_of(config["readouts"]),
    taps=any_of(["head", *(taps for model in config["models"].values() for taps in model["taps"])]),
    download=any_of(DOWNLOADS),


def code_digest(step, *modules):
    """Return the digest of the code behind a step: of its script and of what the script uses.

    modules: paths in src/ventral of what the script loads by name.
    """
    package = ROOT / "src" / "ventral"
    script = ROOT / "workflow" / "scripts" / f"{step}.py"
    return source_digest([script, *(package / module for module in modules)], package)


# All three return functions: a job's process, which reads every rule, digests only its own step.


def code(step):
    """Return a function that gives the digest of a step."""
    return lambda wildcards: code_digest(step)


def code_with_source(step):
    """Return a function that gives the digest of a step and of the data set's own module."""

    def digest(wildcards):
        source = config["datasets"][wildcards.dataset]["source"]
        return code_digest(step, f"data/sources/{source}/reader.py")

    return digest


def code_with_model(step):
    """Return a function that gives the digest of a step and of the model's `module:function`."""

    def digest(wildcards):
        architecture = config["models"][wildcards.model]["architecture"]
        builder = architecture_digest(architecture, ROOT / "src" / "ventral", OWN_CODE)
        return f"{code_digest(step)} {builder}".strip()

    return digest


# Files that a config names: in place, or in the folder of downloads under their sum. What a rule
# tracks of a file is its content: the sum where the config gives one, and what Snakemake sees of
# the input. Its address is not tracked.


def file_path(specification):
    """Return where a file of the config lies once it is there."""
    if "path" in specification:
        return specification["path"]
    return f"<resources>/downloads/{download_name(specification)}"


def sums(specification):
    """Return what is tracked of a file's entry in the config."""
    return {key: specification[key] for key in ("sha256", "sha1") if key in specification}


def section_files(dataset, section):
    """Return the files of a section by key; those of a folder of images one by one.

    Snakemake does not look into a folder that is an input, but sees each file's content.
    """
    entry = config["datasets"][dataset]
    files = dict(entry.get(section, {}).get("files", {}))
    folder = Path(files.get("images", {}).get("path", "."))
    if entry["source"] == "files" and "path" in files.get("images", {}) and folder.is_dir():
        del files["images"]
        paths = images_in(folder)
        if not paths:
            raise WorkflowError(f"datasets: {dataset}: images: folder {folder} holds no image")
        for path in paths:
            files[f"images/{path.relative_to(folder)}"] = {"path": str(path)}
    return files


def files_to_fetch():
    """Return every file and every weight of the config that a download or a mirror gives."""
    enums = [
        (model["architecture"], model["weights"])
        for model in config["models"].values()
        if isinstance(model["weights"], str)
    ]
    weights = [f"<resources>/weights/{model}-{enum}.pth" for model, enum in dict.fromkeys(enums)]
    return [f"<resources>/downloads/{download}" for download in DOWNLOADS] + weights


# Which models, layers and readouts a data set has.

HEADS = {name for name, entry in config["readouts"].items() if entry["method"] == "head"}


def models_of(dataset):
    return config["datasets"][dataset].get("models", list(config["models"]))


def readouts_of(dataset, model):
    wanted = config["models"][model].get("readouts", list(config["readouts"]))
    allowed = config["datasets"][dataset].get("readouts", wanted)
    return [readout for readout in wanted if readout in allowed]


def layers_of(model):
    return [layer for layers in config["models"][model]["taps"].values() for layer in layers]


def task_of(model):
    """Return what a model is trained on, or None."""
    return config["models"][model].get("training", {}).get("task")


def fits_of(dataset):
    """List (model, tap set, readout) of every fit of a data set, in the order of the config.

    The network's own head is a readout of no layer: `head` stands in the tap set's place.
    """
    return [
        (model, taps, readout)
        for model in models_of(dataset)
        for taps in [*config["models"][model]["taps"], "head"]
        for readout in readouts_of(dataset, model)
        if is_fitted(model, taps, readout)
    ]


def is_fitted(model, taps, readout):
    """Tell whether a readout belongs to a tap set: a head to models trained on responses alone."""
    if readout in HEADS:
        return taps == "head" and task_of(model) == "responses"
    return taps != "head"


# A step reads a store by its path, which `ancient` keeps out of the decision, and is made again
# when the store's manifest, a small file compared by content, has changed.


def pruned_stores():
    """Return a receipt for each activation store, where they are not to be kept."""
    return [
        f"<results>/{dataset}/pruned/{model}/{taps}.json"
        for dataset in config["datasets"]
        for model in models_of(dataset)
        for taps in config["models"][model]["taps"]
        if not config["keep_activations"]
    ]


def component_settings(wildcards):
    """Return the settings of the components; a model whose readouts are all raw asks for no number."""
    readouts = (
        config["readouts"][name] for name in readouts_of(wildcards.dataset, wildcards.model)
    )
    if any(readout.get("features") == "pcs" for readout in readouts):
        return config["pca"]
    return {**config["pca"], "n_components": None}


def checkpoint_of(dataset, model):
    return f"<results>/{dataset}/checkpoints/{model}.pt"


def weights_of(wildcards):
    """Return the file of a model's final weights, if it has one: trained, fetched or given."""
    if task_of(wildcards.model):
        return checkpoint_of(wildcards.dataset, wildcards.model)
    return start_of(wildcards)


def start_of(wildcards):
    """Return the file of the weights that a model has before its training, if it has one."""
    model = config["models"][wildcards.model]
    if "start" in model:
        return checkpoint_of(wildcards.dataset, model["start"])
    if model["weights"] is None:
        return []
    if isinstance(model["weights"], dict):
        return file_path(model["weights"])
    return f"<resources>/weights/{model['architecture']}-{model['weights']}.pth"


# What data rules are given.


def without_files(settings):
    return {key: value for key, value in settings.items() if key != "files"}


def stimulus_settings(wildcards):
    entry = config["datasets"][wildcards.dataset]
    return {"source": entry["source"], **without_files(entry["stimuli"])}


def response_settings(wildcards):
    entry = config["datasets"][wildcards.dataset]
    return {**stimulus_settings(wildcards), **without_files(entry["responses"])}


def files_of(*sections):
    """Return two input functions: where the files of sections lie, and by key what is tracked."""

    def files(wildcards):
        every = {}
        for section in sections:
            every |= section_files(wildcards.dataset, section)
        return every

    def paths(wildcards):
        return [file_path(file) for file in files(wildcards).values()]

    def tracked(wildcards):
        return {key: sums(file) for key, file in files(wildcards).items()}

    return paths, tracked


stimulus_files, stimulus_file_sums = files_of("stimuli")
response_files, response_file_sums = files_of("stimuli", "responses")


# What training is given.


def network_settings(wildcards):
    """Return what builds a network, and nothing else of the model's entry."""
    model = config["models"][wildcards.model]
    keys = ("architecture", "arguments", "seed", "preprocessing")
    return {**{key: model[key] for key in keys}, "weights": tracked_weights(wildcards.model)}


def tracked_weights(model):
    """Return a model's weights as they are tracked: of a file the sum, and not where it lies."""
    weights = config["models"][model]["weights"]
    return sums(weights) if isinstance(weights, dict) else weights


def training_settings(wildcards):
    """Return the network and its stage; the head reads the last tapped layer unless told."""
    training = config["models"][wildcards.model]["training"]
    layer = training["head"].get("layer") or layers_of(wildcards.model)[-1]
    return {
        **network_settings(wildcards),
        "training": {**training, "head": {**training["head"], "layer": layer}},
    }


def trained_responses(ending):
    """Return an input function: the responses, where a model is trained on them."""

    def files(wildcards):
        learns = task_of(wildcards.model) == "responses"
        return f"<results>/{wildcards.dataset}/responses{ending}" if learns else []

    return files


def trained_models(wildcards):
    """Describe the trained models of a data set, those that others start from included."""
    described, pending = {}, list(models_of(wildcards.dataset))
    for name in pending:
        model = config["models"][name]
        if "start" in model and model["start"] not in pending:
            pending.append(model["start"])
        if task_of(name):
            weights = model["weights"]
            given = "file" if isinstance(weights, dict) else weights or "random"
            described[name] = {
                "task": task_of(name),
                "target": model["training"]["target"],
                "start": model.get("start", given),
            }
    return described


def datasets_with_training():
    return [
        dataset
        for dataset in config["datasets"]
        if any(task_of(model) for model in models_of(dataset))
    ]


def training_table(wildcards):
    """Return the table of trained models of a data set, where there are any."""
    dataset = wildcards.dataset
    if dataset not in datasets_with_training():
        return []
    return f"<results>/{dataset}/tables/training.csv"


def training_tables(wildcards):
    return [
        f"<results>/{wildcards.dataset}/checkpoints/{model}.training.csv"
        for model in trained_models(wildcards)
    ]


def classifiers(ending):
    """Return an input function: the outputs of every classification head."""

    def files(wildcards):
        return [
            f"<results>/{wildcards.dataset}/heads/{model}{ending}"
            for model in trained_models(wildcards)
            if task_of(model) == "classification"
        ]

    return files


# What an extraction is given.


def extraction_settings(wildcards):
    """Return what decides the bytes of an extraction, and nothing else of the model's entry."""
    model = config["models"][wildcards.model]
    return {
        **network_settings(wildcards),
        "dtype": model["dtype"],
        "layers": model["taps"][wildcards.taps],
    }


# What a readout is given.


def readout_settings(wildcards):
    """Return a readout's entry without the label that tables show."""
    readout = config["readouts"][wildcards.readout]
    return {key: value for key, value in readout.items() if key != "label"}


# What scores, tables and figures are given.


def score_settings():
    return {**config["scores"], "seed": config["seed"]}


def tables_of_fits(kind):
    """Return an input function: one table of every fit of a data set, `scores` or `population`."""

    def files(wildcards):
        return [
            f"<results>/{wildcards.dataset}/{kind}/{model}/{taps}/{readout}.csv"
            for model, taps, readout in fits_of(wildcards.dataset)
        ]

    return files


def names_of_fits(wildcards):
    """Return data set, model and readout of each table of `tables_of_fits`."""
    return [[wildcards.dataset, model, readout] for model, _, readout in fits_of(wildcards.dataset)]


def origins_of_fits(wildcards):
    """Return where the models and readouts of a data set's fits come from."""
    fits = fits_of(wildcards.dataset)
    return {
        "models": {model: ORIGINS["models"][model] for model, _, _ in fits},
        "readouts": {readout: ORIGINS["readouts"][readout] for _, _, readout in fits},
    }


def datasets_with_sweeps():
    return [
        dataset
        for dataset in config["datasets"]
        if any(
            ORIGINS["models"][model]["settings"] or ORIGINS["readouts"][readout]["settings"]
            for model, _, readout in fits_of(dataset)
        )
    ]


def datasets_with_references():
    return [name for name, dataset in config["datasets"].items() if dataset["reference"]]


def components_read(readout):
    """Return how many principal components a readout is given; the n_components of pls are latent."""
    most = config["pca"]["n_components"]
    return most if readout["method"] == "pls" else readout.get("n_components", most)


def display_settings(wildcards):
    """Return what tables and figures show of models and readouts, in the order of the config."""
    return describe(models_of(wildcards.dataset))


def describe(models):
    """Describe some models, and all readouts, under the names of their entries.

    Of a sweep, tables and figures show one variant.
    """
    shown = ("label", "variant", "group", "architecture")
    described = {"models": {}, "readouts": {}}
    for name in models:
        model = config["models"][name]
        entry = ORIGINS["models"][name]["entry"]
        described["models"][entry] = {
            "label": entry,
            **{key: model[key] for key in shown if key in model},
            "weights": "trained here" if task_of(name) else tracked_weights(name),
            "layers": [*layers_of(name), "head"] if HEADS else layers_of(name),
        }
    for name, readout in config["readouts"].items():
        entry = ORIGINS["readouts"][name]["entry"]
        described["readouts"][entry] = {
            "label": readout.get("label", entry),
            "method": readout["method"],
            "features": readout.get("features"),
            "n_components": components_read(readout),
        }
    return described


def figure_settings(wildcards):
    return {**display_settings(wildcards), "readout": config["figures"].get("readout")}


# What the table and the figure over all data sets are given.


def display_of_all_datasets():
    used = [model for dataset in config["datasets"] for model in models_of(dataset)]
    display = describe([name for name in config["models"] if name in used])
    return {**display, "readout": config["figures"].get("readout")}
