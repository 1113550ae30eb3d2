"""Check a config against its schema, complete it, and say in plain words what is wrong."""

import copy
import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from ventral.data.folds import complaints_of_split, has_clusters
from ventral.data.sources.find import BUILT_IN, FACTS, Source, find_source
from ventral.errors import VentralError, suggest
from ventral.networks.named_models import named_model
from ventral.study.canonical import Follow, canonical, check_values, schema_of_key
from ventral.study.check_names import check_names
from ventral.study.check_scores import check_scores
from ventral.study.check_training import check_training
from ventral.study.layer_patterns import is_pattern
from ventral.study.preprocessing import (
    check_named_models,
    complete_preprocessing,
    complete_weights,
)
from ventral.study.study import Study
from ventral.study.sweeps import SWEPT_SECTION, check_sweeps, expand_sweeps

MAX_ERRORS = 12
SHARED_SCHEMAS = ("file.schema.yaml", "time.schema.yaml")
"""Schemas in the folder of the sources to which every schema can refer by name."""
SITES = "sites"
"""The key of responses that the schema of the config knows, and no source."""
NAME = "^[A-Za-z0-9_][A-Za-z0-9_.-]*$"
LAYER = "^[A-Za-z0-9_*?{][A-Za-z0-9_.@*?{},-]*$"
TYPE_NAMES = {
    "object": "a mapping of keys",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def check_config(config: dict, schemas: str | Path, folders: Iterable[str | Path] = ()) -> Study:
    """Check a config, complete it, and return the study that it describes.

    Parameters
    ----------
    config : dict
        As it was read. Defaults are filled in, the variants of sweeps take the place of their
        entries, and of all ways to write a setting the one of `ventral.study.canonical` is left.
    schemas : str or Path
        Folder with ``config.schema.yaml``.
    folders : iterable of path
        Folders of the user's own code, in which a source of theirs may lie.

    Returns
    -------
    Study

    Raises
    ------
    VentralError
        Lists every complaint with the path of its key and the nearest right name.

    """
    folders = list(folders)
    schema = _read(Path(schemas) / "config.schema.yaml")
    sources: dict[str, Source] = {}
    try:
        complaints = list(check_values(config))
        if not complaints and isinstance(config.get("models"), dict):
            complete_weights(config["models"])
        complaints = complaints or list(_check(config, schema, ()))
    except RecursionError:
        complaints = ["the config: an alias leads to what holds it; write the value out"]
    if not complaints:
        keys_of_all = schema["properties"]["datasets"]["additionalProperties"]["properties"]
        for name, dataset in config["datasets"].items():
            here = ("datasets", name)
            try:
                sources[name] = find_source(dataset["source"], folders)
                complaints += _check_settings(dataset, sources[name], keys_of_all, here)
            except VentralError as error:
                complaints.append(f"{': '.join(here)}: source: {error}")
    if not complaints:
        complaints = list(check_named_models(config["models"]))
    notes: list[str] = []
    if not complaints:
        notes = list(complete_preprocessing(config["models"]))
        _write_in_one_form(config, schema, sources)
        complaints = list(_check_mentions(config)) + list(check_sweeps(config))
    if not complaints:
        origins = expand_sweeps(config)
        complaints = list(_check(config, schema, ()))
    if not complaints:
        _write_in_one_form(config, schema, sources)
        study = replace(Study.from_config(config, origins, folders), notes=tuple(notes))
        complaints = [
            *check_names(study),
            *_check_models(study),
            *check_training(study),
            *_check_folds(study),
            *check_scores(study),
            *_check_pools(study),
            *_check_dissimilarities(study),
            *_check_readouts(study),
        ]
    if complaints:
        shown = complaints[:MAX_ERRORS]
        if len(complaints) > len(shown):
            shown.append(f"and {len(complaints) - len(shown)} more")
        raise VentralError("invalid config:\n" + "\n".join(f"  {line}" for line in shown))
    return study


def _check_settings(
    dataset: dict, source: Source, keys_of_all: Iterable[str], where: Sequence[str]
) -> Iterator[str]:
    """Check a data set against the schema of its source, and first that schema itself.

    keys_of_all: those of every data set, which the config's schema has checked.
    """
    file = source.schema_file
    try:
        Draft202012Validator.check_schema(source.schema)
    except SchemaError as error:
        path = ": ".join(map(str, error.absolute_path)) or "the schema"
        yield f"{file}: {path}: not a valid JSON schema: {error.message}"
        return
    wrong = list(_check(source.facts, _read(BUILT_IN / "facts.schema.yaml"), (str(file), FACTS)))
    if wrong:
        yield from wrong
        return
    others: dict[str, Any] = {key: {} for key in keys_of_all}
    own = source.schema.get("properties", {})
    of_responses = own.get("responses", {})
    if isinstance(of_responses, Mapping) and SITES in of_responses.get("properties", {}):
        yield (
            f"{file}: responses: {SITES}: every data set has this key, to leave sites out; give"
            " the source's own setting another name"
        )
        return
    schema = {**source.schema, "properties": {**others, **own}}
    responses = dataset.get("responses", {})
    sites = {key: responses.pop(key) for key in (SITES,) if key in responses}
    try:
        yield from _check(dataset, schema, where)
    except Unresolvable as error:
        yield (
            f"{file}: $ref: {error.ref!r} does not exist; a schema can refer to its own $defs and"
            f" to {', '.join(SHARED_SCHEMAS)}"
        )
    finally:
        responses.update(sites)


def _read(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@functools.cache
def _shared_schemas() -> Registry:
    """Return the schemas to which every schema can refer, by the names of their files."""
    named = ((name, _read(BUILT_IN / name)) for name in SHARED_SCHEMAS)
    return Registry().with_resources(
        (name, Resource.from_contents(schema, default_specification=DRAFT202012))
        for name, schema in named
    )


def _check(value: Any, schema: Mapping, where: Sequence[str]) -> Iterator[str]:
    """Fill in the defaults of a schema, and give a complaint for all that it refuses."""
    registry = _shared_schemas()
    root = Resource.from_contents(schema, default_specification=DRAFT202012)
    _fill_defaults(value, schema, registry.resolver_with_root(root))
    for error in Draft202012Validator(schema, registry=registry).iter_errors(value):
        yield from _complaints(error, where)


def _fill_defaults(value: Any, schema: object, resolver: Any) -> None:
    """Put defaults into a value and into all that it holds, following each ``$ref``."""
    if not isinstance(value, dict) or not isinstance(schema, Mapping):
        return
    if "$ref" in schema:
        referred = resolver.lookup(schema["$ref"])
        _fill_defaults(value, referred.contents, referred.resolver)
    properties = schema.get("properties", {})
    for key, part in properties.items():
        if isinstance(part, Mapping) and "default" in part and key not in value:
            value[key] = copy.deepcopy(part["default"])
        if key in value:
            _fill_defaults(value[key], part, resolver)
    others = schema.get("additionalProperties")
    for key in value.keys() - properties.keys():
        _fill_defaults(value[key], others, resolver)


def _write_in_one_form(config: dict, schema: Mapping, sources: Mapping[str, Source]) -> None:
    """Put every setting into its one form, in place; entries and tap sets keep their order."""
    sections = schema["properties"]
    follow = _following(schema)
    for key in config.keys() & sections.keys():
        if key not in ("datasets", "models", "readouts"):
            config[key] = canonical(config[key], sections[key], follow)
            continue
        of_entry: Mapping[str, Any] = sections[key]["additionalProperties"]
        for name, entry in config[key].items():
            written = canonical(entry, of_entry, follow)
            if "taps" in entry:
                written["taps"] = {taps: written["taps"][taps] for taps in entry["taps"]}
            if "sweep" in entry:
                written["sweep"] = _sweep_in_one_form(key, written["sweep"], of_entry, follow)
            config[key][name] = written
    for name, source in sources.items():
        own = _following(source.schema)
        config["datasets"][name] = canonical(config["datasets"][name], source.schema, own)


def _sweep_in_one_form(
    kind: str, sweep: Mapping[str, list], of_entry: Mapping, follow: Follow
) -> dict[str, list]:
    """Return a sweep whose values are written as those of the settings that they stand for."""
    section = SWEPT_SECTION[kind]
    swept = schema_of_key(of_entry, [section] if section else [], follow)
    written = {}
    for setting, values in sweep.items():
        of_value = schema_of_key(swept, setting.split("."), follow)
        written[setting] = [canonical(value, of_value, follow) for value in values]
    return written


def _following(schema: Mapping) -> Follow:
    """Return what resolves a ``$ref`` of a schema."""
    root = Resource.from_contents(schema, default_specification=DRAFT202012)
    resolver = _shared_schemas().resolver_with_root(root)
    return lambda part: resolver.lookup(part["$ref"]).contents


def _complaints(error: ValidationError, where: Sequence[str]) -> Iterator[str]:
    """Put one finding of the validator into words that name the key."""
    path = [*where, *(str(part) for part in error.absolute_path)]
    key = ": ".join(path) or "the config"
    schema: Any = error.schema
    if error.validator == "additionalProperties":
        known = schema.get("properties", {})
        entry: Any = error.instance
        for unknown in entry.keys() - known.keys():
            yield f"{': '.join([*path, str(unknown)])}: unknown key; {suggest(unknown, known)}"
    elif error.validator == "pattern" and error.validator_value == NAME:
        yield f"{key}: {error.instance!r} is not a name of letters, digits, '_', '-' and '.' alone"
    elif error.validator == "pattern" and error.validator_value == LAYER:
        yield f"{key}: {error.instance!r} is not a name of a layer, nor a pattern of such names"
    elif error.validator == "required":
        yield f"{key}: {error.message.replace(' is a required property', ' is missing')}"
    elif error.validator == "type":
        types: Any = error.validator_value
        wanted = [types] if isinstance(types, str) else types
        names = " or ".join(TYPE_NAMES[name] for name in wanted)
        yield f"{key}: must be {names}, not {error.instance!r}"
    elif error.validator in ("enum", "const"):
        choices = schema.get("enum", [schema.get("const")])
        yield f"{key}: {error.instance!r} is unknown; {suggest(error.instance, choices)}"
    elif error.validator in ("anyOf", "oneOf") and "description" in schema:
        yield f"{key}: {error.instance!r} is none of: {schema['description']}"
    else:
        yield f"{key}: {error.message}"


def _check_references(dataset: Mapping, models: Mapping, readouts: Mapping) -> Iterator[str]:
    for reference in dataset["reference"]:
        known: dict[str, Iterable[str]] = {"model": models, "readout": readouts}
        if reference["model"] in models:
            taps = models[reference["model"]]["taps"].values()
            layers = [layer for layers in taps for layer in layers]
            if not any(map(is_pattern, layers)):  # what they stand for is not known yet
                known["layer"] = layers
        for key, names in known.items():
            if key in reference and reference[key] not in names:
                yield f"{key} {reference[key]!r} is unknown; {suggest(reference[key], names)}"


def _check_folds(study: Study) -> Iterator[str]:
    """Refuse what a split does not give: training on folds, a published split, groups."""
    for name, dataset in study.datasets.items():
        method = dataset.config["split"]["method"]
        trained = [model for model in dataset.models if study.models[model].training]
        if dataset.has_folds and trained:
            yield (
                f"datasets: {name}: split: method: {method!r} has folds, and model {trained[0]!r}"
                " is trained, which needs one train and one validation part: choose given, random"
                " or stratified, or leave the model out of the data set's `models`"
            )
        by_group = [
            readout
            for readout in dataset.config.get("readouts", study.readouts)
            if readout in study.readouts
            and study.readouts[readout].config.get("choose_alpha") == "groups"
        ]
        split = dataset.config["split"]
        for complaint in complaints_of_split(split):
            yield f"datasets: {name}: split: {complaint}"
        if by_group and "group" not in split and not has_clusters(split):
            yield (
                f"datasets: {name}: split: readout {by_group[0]!r} chooses alpha by leaving out"
                " groups, and the split has none; give split: group, or another choose_alpha"
            )
        for reference in dataset.references:
            if dataset.has_folds != (reference["split"] == "folds"):
                has = "folds" if dataset.has_folds else "train, validation, test"
                yield (
                    f"datasets: {name}: reference: split {reference['split']!r} is not what"
                    f" {method!r} gives; it has {has}"
                )


def _check_pools(study: Study) -> Iterator[str]:
    """Refuse pools of data sets that have no fit in common, or different kinds of splits."""
    for name, pool in study.pools.items():
        if not study.fits_of(name):
            yield (
                f"pools: {name}: its data sets ({', '.join(pool.members)}) have no model and"
                " readout in common"
            )
        folded = [member for member in pool.members if study.datasets[member].has_folds]
        if folded and len(folded) < len(pool.members):
            other = next(member for member in pool.members if member not in folded)
            yield f"pools: {name}: {folded[0]!r} has folds, and {other!r} has none"


def _check_dissimilarities(study: Study) -> Iterator[str]:
    """Refuse what needs responses where there are dissimilarities alone."""
    for name in study.datasets_with_dissimilarities:
        dataset, here = study.datasets[name], f"datasets: {name}"
        trained = [model for model in dataset.models if study.models[model].task]
        if trained:
            yield (
                f"{here}: models: {trained[0]!r} is trained, and source {dataset.source.name!r} has"
                " nothing to train on; list the other models under the data set's `models`"
            )
        if dataset.references:
            yield f"{here}: reference: there are no scores to compare; remove the key"
        if dataset.config.get("between_animals"):
            yield f"{here}: between_animals: dissimilarities have no sites; remove the key"
        if SITES in dataset.config["responses"]:
            yield f"{here}: responses: {SITES}: dissimilarities have no sites; remove the key"
    if study.datasets_with_responses and not study.readouts:
        yield "readouts: 'readouts' is missing; name one, such as {method: ridge_cv, features: raw}"


def _check_mentions(config: Mapping) -> Iterator[str]:
    """Check the names that must be defined elsewhere in the config."""
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
    for name, members in config["pools"].items():
        if name in config["datasets"]:
            yield f"pools: {name}: a data set has this name; choose another"
        for wanted in members:
            if wanted not in config["datasets"]:
                yield f"pools: {name}: {wanted!r} is unknown; {suggest(wanted, config['datasets'])}"
    for name, model in models.items():
        for wanted in model.get("readouts", ()):
            if wanted not in readouts:
                yield (
                    f"models: {name}: readouts: {wanted!r} is unknown; {suggest(wanted, readouts)}"
                )
    shown = config["figures"].get("readout")
    if shown is not None and shown not in readouts:
        yield f"figures: readout: {shown!r} is unknown; {suggest(shown, readouts)}"


def _check_models(study: Study) -> Iterator[str]:
    for name, model in study.models.items():
        repeated = sorted(layer for layer, count in Counter(model.layers).items() if count > 1)
        for layer in repeated:
            yield (
                f"models: {name}: taps: layer {layer!r} is duplicated; keep it in one tap set alone"
            )
        pool = model.config["pool"]
        for taps in pool if isinstance(pool, Mapping) else ():
            if taps not in model.taps:
                yield f"models: {name}: pool: {taps!r} is unknown; {suggest(taps, model.taps)}"
        if model.architecture == "pixels" and model.weights is not None:
            yield f"models: {name}: weights: `pixels` has none; remove the key"
        images = model.config["preprocessing"]
        if named_model(model.architecture) is not None:
            continue  # what is not given is the model's own, which is read with its files
        if images["resize"] == "crop" and images.get("resize_side", 0) < images["size"]:
            yield (
                f"models: {name}: preprocessing: resize: crop needs a resize_side of at least"
                f" size, {images['size']}"
            )


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
            yield f"readouts: {name}: n_components is missing; pls needs a number of components"
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
