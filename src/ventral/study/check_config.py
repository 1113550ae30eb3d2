"""Check a config against its schema, complete it, and say in plain words what is wrong."""

import copy
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from ventral.errors import VentralError, suggest
from ventral.study.check_training import check_training
from ventral.study.entries import HEAD
from ventral.study.study import Study
from ventral.study.sweeps import check_sweeps, expand_sweeps

MAX_ERRORS = 12
JOINT_TABLE = "summary_by_region"
UNFINISHED = ".resume"
"""Ending of the name of an unfinished training beside its checkpoint."""
SOURCES = Path(__file__).parents[1] / "data" / "sources"
NAME = "^[A-Za-z0-9_][A-Za-z0-9_.-]*$"
TYPE_NAMES = {
    "object": "a mapping of keys",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def check_config(config: dict, schemas: str | Path) -> Study:
    """Check a config, complete it, and return the study that it describes.

    Parameters
    ----------
    config : dict
        As it was read. Defaults are filled in, and the variants of sweeps take the place of their
        entries.
    schemas : str or Path
        Folder with ``config.schema.yaml``.

    Returns
    -------
    Study

    Raises
    ------
    VentralError
        Lists every complaint with the path of its key and the nearest right name.
    """
    schemas = Path(schemas)
    schema = yaml.safe_load((schemas / "config.schema.yaml").read_text())
    complaints = list(_check(config, schema, ()))
    if not complaints:
        for name, dataset in config["datasets"].items():
            of_source = SOURCES / dataset["source"] / "schema.yaml"
            complaints += _check(dataset, yaml.safe_load(of_source.read_text()), ("datasets", name))
    if not complaints:
        complaints = list(_check_mentions(config)) + list(check_sweeps(config))
    if not complaints:
        origins = expand_sweeps(config)
        complaints = list(_check(config, schema, ()))
    if not complaints:
        study = Study.from_config(config, origins)
        complaints = [
            *_check_names(study),
            *_check_models(study),
            *check_training(study),
            *_check_folds(study),
            *_check_readouts(study),
        ]
    if complaints:
        shown = complaints[:MAX_ERRORS]
        if len(complaints) > len(shown):
            shown.append(f"and {len(complaints) - len(shown)} more")
        raise VentralError("invalid config:\n" + "\n".join(f"  {line}" for line in shown))
    return study


def _check(config: Any, schema: Mapping, where: Sequence[str]) -> Iterator[str]:
    _fill_defaults(config, schema, schema)
    for error in Draft202012Validator(schema).iter_errors(config):
        yield from _complaints(error, where)


def _fill_defaults(value: Any, schema: Mapping, root: Mapping) -> None:
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    if not isinstance(value, dict):
        return
    for key, part in schema.get("properties", {}).items():
        if "default" in part and key not in value:
            default = part["default"]
            value[key] = copy.copy(default)
        if key in value:
            _fill_defaults(value[key], part, root)
    others = schema.get("additionalProperties")
    if isinstance(others, Mapping):
        for key in value.keys() - schema.get("properties", {}).keys():
            _fill_defaults(value[key], others, root)


def _complaints(error: ValidationError, where: Sequence[str]) -> Iterator[str]:
    """Put one finding of the validator into words that name the key."""
    path = [*where, *(str(part) for part in error.absolute_path)]
    key = ": ".join(path) or "the config"
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        for unknown in error.instance.keys() - known.keys():
            yield f"{': '.join([*path, str(unknown)])}: unknown key; {suggest(unknown, known)}"
    elif error.validator == "pattern" and error.validator_value == NAME:
        yield f"{key}: {error.instance!r} is no name: use letters, digits, '_', '-' and '.'"
    elif error.validator == "required":
        yield f"{key}: {error.message.replace(' is a required property', ' is missing')}"
    elif error.validator == "type":
        wanted = error.validator_value
        wanted = [wanted] if isinstance(wanted, str) else wanted
        names = " or ".join(TYPE_NAMES[name] for name in wanted)
        yield f"{key}: must be {names}, not {error.instance!r}"
    elif error.validator in ("enum", "const"):
        choices = error.schema.get("enum", [error.schema.get("const")])
        yield f"{key}: {error.instance!r} is unknown; {suggest(error.instance, choices)}"
    elif error.validator in ("anyOf", "oneOf") and "description" in error.schema:
        yield f"{key}: {error.instance!r} is none of: {error.schema['description']}"
    else:
        yield f"{key}: {error.message}"


def _check_references(dataset: Mapping, models: Mapping, readouts: Mapping) -> Iterator[str]:
    for reference in dataset["reference"]:
        known = {"model": models, "readout": readouts}
        if reference["model"] in models:
            taps = models[reference["model"]]["taps"].values()
            known["layer"] = [layer for layers in taps for layer in layers]
        for key, names in known.items():
            if key in reference and reference[key] not in names:
                yield f"{key} {reference[key]!r} is unknown; {suggest(reference[key], names)}"


def _check_folds(study: Study) -> Iterator[str]:
    """Refuse training where there are only folds, and published numbers of a split that is not."""
    for name, dataset in study.datasets.items():
        method = dataset.config["split"]["method"]
        trained = [model for model in dataset.models if study.models[model].training]
        if dataset.has_folds and trained:
            yield (
                f"datasets: {name}: split: method: {method!r} has folds, and model {trained[0]!r}"
                " is trained, which needs one train and one validation part: choose given, random"
                " or stratified, or leave the model out of the data set's `models`"
            )
        for reference in dataset.references:
            if dataset.has_folds != (reference["split"] == "folds"):
                has = "folds" if dataset.has_folds else "train, validation, test"
                yield (
                    f"datasets: {name}: reference: split {reference['split']!r} is not what"
                    f" {method!r} gives; it has {has}"
                )


def _check_mentions(config: Mapping) -> Iterator[str]:
    """Check the names that must stand elsewhere in the config."""
    models, readouts = config["models"], config["readouts"]
    for name, dataset in config["datasets"].items():
        for complaint in _check_references(dataset, models, readouts):
            yield f"datasets: {name}: reference: {complaint}"
        for kind, known in (("models", models), ("readouts", readouts)):
            for wanted in dataset.get(kind, ()):
                if wanted not in known:
                    yield (
                        f"datasets: {name}: {kind}: {wanted!r} is unknown; {suggest(wanted, known)}"
                    )
    for name, model in models.items():
        for wanted in model.get("readouts", ()):
            if wanted not in readouts:
                yield (
                    f"models: {name}: readouts: {wanted!r} is unknown; {suggest(wanted, readouts)}"
                )
    shown = config["figures"].get("readout")
    if shown is not None and shown not in readouts:
        yield f"figures: readout: {shown!r} is unknown; {suggest(shown, readouts)}"


def _check_names(study: Study) -> Iterator[str]:
    """Refuse names under which the workflow keeps files of its own."""
    for name, model in study.models.items():
        if HEAD in model.taps:
            yield (
                f"models: {name}: taps: {HEAD!r} is reserved: scores of a network's own head have"
                " this name in the place of a tap set; give the tap set another name"
            )
        if name.endswith(UNFINISHED):
            yield f"models: {name}: a name cannot end in {UNFINISHED!r}: unfinished trainings do"
    for name in study.datasets:
        if name.startswith(JOINT_TABLE):
            yield f"datasets: {name}: {JOINT_TABLE!r} is reserved: the table over all data sets"


def _check_models(study: Study) -> Iterator[str]:
    for name, model in study.models.items():
        repeated = sorted(layer for layer, count in Counter(model.layers).items() if count > 1)
        for layer in repeated:
            yield (
                f"models: {name}: taps: layer {layer!r} is duplicated; keep it in one tap set alone"
            )
        if model.architecture == "pixels" and model.weights is not None:
            yield f"models: {name}: weights: pixels have none"


def _check_readouts(study: Study) -> Iterator[str]:
    """Check that the settings of each readout go together, each variant of a sweep."""
    most = study.config["pca"]["n_components"]
    for name, readout in study.readouts.items():
        settings = readout.config
        wanted = settings.get("n_components")
        if readout.is_head and ("features" in settings or wanted):
            yield f"readouts: {name}: a head reads no features; remove features and n_components"
        if not readout.is_head and "features" not in settings:
            yield f"readouts: {name}: 'features' is missing; give raw or pcs"
            continue
        is_pls = readout.method == "pls"
        if is_pls and not wanted:
            yield f"readouts: {name}: n_components is missing; pls has so many latent components"
        if wanted and readout.features == "raw" and not is_pls:
            yield f"readouts: {name}: n_components: raw features have no components; remove the key"
        elif wanted and wanted > most and readout.features == "pcs":
            yield (
                f"readouts: {name}: n_components: {wanted} is more than pca: n_components, {most}"
            )
        if readout.method == "ridge" and "alpha" not in settings:
            yield f"readouts: {name}: alpha is missing; ridge has a fixed penalty"
        if readout.method != "ridge" and "alpha" in settings:
            yield f"readouts: {name}: alpha: only ridge has one fixed alpha; remove the key"
        if readout.method != "ridge_cv" and "alphas" in settings:
            yield f"readouts: {name}: alphas: only ridge_cv chooses among alphas; remove the key"
