"""What the rules share: the checked config, names in paths, and the inputs of a step."""

import os
import re
import sys
from pathlib import Path

ROOT = Path(workflow.current_basedir).parent.parent
sys.path.insert(0, str(ROOT / "src"))  # Snakemake hands its path on to every script

from snakemake.exceptions import WorkflowError

from ventral.activations.layer_check import check_layers_of_models
from ventral.config_check import check_config
from ventral.data.image_folders import images_in
from ventral.errors import VentralError
from ventral.source_digest import source_digest

try:
    check_config(config, ROOT / "workflow" / "schemas")
    if workflow.is_main_process:
        check_layers_of_models(config["models"], ROOT / "src")
except VentralError as error:
    raise WorkflowError(str(error)) from None


def any_of(names):
    """Return a pattern that matches these names alone: nothing else can become a path."""
    return "|".join(sorted(map(re.escape, set(names)))) or "(?!)"


wildcard_constraints:
    dataset=any_of(config["datasets"]),
    model=any_of(config["models"]),
    readout=any_of(config["readouts"]),
    taps=any_of(taps for model in config["models"].values() for taps in model["taps"]),
    layer=any_of(
        layer
        for model in config["models"].values()
        for layers in model["taps"].values()
        for layer in layers
    ),
    download="[0-9a-f]{16}/[A-Za-z0-9_.-]+",


def code(step, *modules):
    """Return the digest of the code behind a step, its script and what the script imports.

    modules: paths in src/ventral of what the script loads by name.
    """
    package = ROOT / "src" / "ventral"
    script = ROOT / "workflow" / "scripts" / f"{step}.py"
    return source_digest([script, *(package / module for module in modules)], package)


def code_with_source(step):
    """Return a function that gives the digest of a step and of the data set's own module."""

    def digest(wildcards):
        return code(step, f"data/{config['datasets'][wildcards.dataset]['source']}.py")

    return digest


# Files that a config names: in place, or in the folder of downloads under their sum.


def file_sum(specification):
    return specification.get("sha256", specification.get("sha1"))


def file_name(specification):
    return specification.get("name") or specification["url"].rsplit("/", 1)[-1]


def file_path(specification):
    """Return where a file of the config lies once it is there."""
    if "path" in specification:
        return specification["path"]
    return f"<resources>/downloads/{file_sum(specification)[:16]}/{file_name(specification)}"


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


def named_files():
    """Give the specification of every file that the config names."""
    for dataset in config["datasets"]:
        for section in ("stimuli", "responses"):
            yield from section_files(dataset, section).values()
    for model in config["models"].values():
        if isinstance(model["weights"], dict):
            yield model["weights"]


DOWNLOADS = {
    f"{file_sum(specification)[:16]}/{file_name(specification)}": specification
    for specification in named_files()
    if "path" not in specification
}


# Which models, layers and readouts a data set has.


def models_of(dataset):
    return config["datasets"][dataset].get("models", list(config["models"]))


def readouts_of(dataset, model):
    wanted = config["models"][model].get("readouts", list(config["readouts"]))
    allowed = config["datasets"][dataset].get("readouts", wanted)
    return [readout for readout in wanted if readout in allowed]


def layers_of(model):
    return [layer for layers in config["models"][model]["taps"].values() for layer in layers]


def tap_set_of(model, layer):
    return next(taps for taps, layers in config["models"][model]["taps"].items() if layer in layers)


def fits_of(dataset):
    """List (model, layer, readout) of every fit of a data set, in the order of the config."""
    return [
        (model, layer, readout)
        for model in models_of(dataset)
        for layer in layers_of(model)
        for readout in readouts_of(dataset, model)
    ]


# A step reads a store by its path, which `ancient` keeps out of the decision, and is made again
# when the store's manifest, a small file compared by content, has changed.


def activations_of(wildcards):
    taps = tap_set_of(wildcards.model, wildcards.layer)
    return f"<results>/{wildcards.dataset}/activations/{wildcards.model}/{taps}"


def features_of(wildcards):
    kind = "gram" if config["readouts"][wildcards.readout]["features"] == "raw" else "pca"
    return f"<results>/{wildcards.dataset}/{kind}/{wildcards.model}/{wildcards.layer}"


def weights_of(wildcards):
    """Return the weights file of a model, if it has one."""
    model = config["models"][wildcards.model]
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


def stimulus_file_specifications(wildcards):
    return section_files(wildcards.dataset, "stimuli")


def response_file_specifications(wildcards):
    return {
        **section_files(wildcards.dataset, "stimuli"),
        **section_files(wildcards.dataset, "responses"),
    }


def stimulus_files(wildcards):
    return [file_path(file) for file in stimulus_file_specifications(wildcards).values()]


def response_files(wildcards):
    return [file_path(file) for file in response_file_specifications(wildcards).values()]


# What an extraction is given.


def extraction_settings(wildcards):
    """Return what decides the bytes of an extraction, and nothing else of the model's entry."""
    model = config["models"][wildcards.model]
    keys = ("architecture", "arguments", "weights", "seed", "dtype", "preprocessing")
    return {
        **{key: model[key] for key in keys},
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


def scores_of(ending):
    """Return an input function: one file of every fit of a data set."""

    def files(wildcards):
        return [
            f"<results>/{wildcards.dataset}/scores/{model}/{layer}/{readout}{ending}"
            for model, layer, readout in fits_of(wildcards.dataset)
        ]

    return files


def names_of_fits(wildcards):
    return [[wildcards.dataset, *fit] for fit in fits_of(wildcards.dataset)]


def datasets_with_references():
    return [name for name, dataset in config["datasets"].items() if dataset["reference"]]


def display_settings(wildcards):
    """Return what tables and figures show of models and readouts, in the order of the config."""
    shown = ("label", "variant", "group", "architecture", "weights")
    return {
        "models": {
            name: {
                "label": name,
                **{
                    key: config["models"][name][key]
                    for key in shown
                    if key in config["models"][name]
                },
                "layers": layers_of(name),
            }
            for name in models_of(wildcards.dataset)
        },
        "readouts": {
            name: {
                "label": name,
                **entry,
                "n_components": entry.get("n_components", config["pca"]["n_components"]),
            }
            for name, entry in config["readouts"].items()
        },
    }


def figure_settings(wildcards):
    return {**display_settings(wildcards), "readout": config["figures"].get("readout")}
