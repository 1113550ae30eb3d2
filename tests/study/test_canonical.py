"""However the same settings are written, each step is given the same text."""

import copy
import json
from collections import OrderedDict
from pathlib import Path

import pytest
import yaml

from ventral.study.check_config import check_config
from ventral.study.settings import StepSettings
from ventral.study.study import Study

SCHEMAS = Path(__file__).parents[2] / "workflow" / "schemas"
CONFIG = yaml.safe_load("""
seed: 3
datasets:
  simulated:
    source: simulated
    stimuli: {seed: 1, image_size: 32}
    split: {method: random, fractions: {train: 2, validation: 1, test: 1}}
    reference: [{model: net, readout: cv, split: test, measure: alpha, value: 3, source: a paper}]
models:
  start:
    architecture: alexnet
    arguments: {dropout: 0, num_classes: 10, more: {b: [1, {d: 1, c: -2}], a: 0.5}}
    training: {task: responses, epochs: 4, momentum: 0, head: {dropout: 0, layer: features.1}}
  net:
    architecture: alexnet
    arguments: {dropout: 0, num_classes: 10, more: {b: [1, {d: 1, c: -2}], a: 0.5}}
    preprocessing: {size: 64, mean: [0, 0, 0], std: [1, 1, 1]}
    start: start
    training: {task: responses, learning_rate: 1, weight_decay: 0, head: {layer: features.1}}
    sweep: {head.dropout: [0], epochs: [2], head.learning_rate: [null, 1]}
    taps: {main: [features.1], after: [features.2]}
readouts:
  ridge: {method: ridge, features: raw, alpha: 1}
  cv: {method: ridge_cv, features: pcs, alphas: {low: -2, high: 2, count: 5}, n_components: 3}
  swept: {method: ridge, features: raw, alpha: 1, sweep: {alpha: [1, 20]}}
scores: {ceiling_floor: 0, n_bootstrap: 20}
""")
ENTRIES = ("datasets", "models", "readouts")


def backwards(value, entries=False):
    """Return a config with its keys in the other order, but for entries and tap sets."""
    if isinstance(value, list):
        return [backwards(item) for item in value]
    if not isinstance(value, dict):
        return value
    keys = list(value) if entries else list(reversed(value))
    return {key: backwards(value[key], key in (*ENTRIES, "taps")) for key in keys}


def as_floats(value):
    """Return a config in which every whole number is written with a point."""
    if isinstance(value, dict):
        return {key: as_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_floats(item) for item in value]
    return float(value) if type(value) is int else value


def negative_zeros(value):
    if isinstance(value, dict):
        return {key: negative_zeros(item) for key, item in value.items()}
    if isinstance(value, list):
        return [negative_zeros(item) for item in value]
    return -0.0 if type(value) is int and value == 0 else value


def of_json(value):
    return json.loads(json.dumps(value), object_pairs_hook=OrderedDict)


def texts(config) -> dict[str, str]:
    """Return the text of what each step is given, as it is compared."""
    study: Study = check_config(copy.deepcopy(config), SCHEMAS)
    settings = StepSettings(study)
    given = {"scores": settings.scores()}
    for name in study.datasets:
        given |= {
            f"stimuli {name}": settings.stimuli(name),
            f"responses {name}": settings.responses(name),
            f"split {name}": settings.split(name),
            f"references {name}": settings.references(name),
        }
    for name, model in study.models.items():
        given[f"network {name}"] = settings.network(name)
        given[f"training {name}"] = settings.training(name)
        given[f"components {name}"] = settings.components("simulated", name)
        given |= {f"{name} {taps}": settings.extraction(name, taps) for taps in model.taps}
    given |= {f"readout {name}": settings.readout(name) for name in study.readouts}
    return {name: repr(value) for name, value in given.items()}


@pytest.mark.parametrize("write", [backwards, as_floats, negative_zeros, of_json])
def test_another_way_to_write_it_changes_no_step(write):
    written = write(CONFIG)
    assert repr(written) != repr(CONFIG)
    assert texts(written) == texts(CONFIG)


def test_numbers_are_of_the_type_that_the_schema_gives_them():
    config = as_floats(CONFIG)
    study = check_config(config, SCHEMAS)
    net = study.models["net.epochs-2.head.dropout-0.head.learning_rate-1"].config
    assert repr(net["training"]["epochs"]) == "2"
    assert repr(net["training"]["learning_rate"]) == "1.0"
    assert repr(net["training"]["head"]["learning_rate"]) == "1.0"
    assert repr(net["arguments"]) == (
        "{'dropout': 0, 'more': {'a': 0.5, 'b': [1, {'c': -2, 'd': 1}]}, 'num_classes': 10}"
    )
    assert repr(study.datasets["simulated"].config["stimuli"]["image_size"]) == "32"
    assert list(study.models["start"].config["taps"]) == []
    assert list(net["taps"]) == ["main", "after"]
    assert next(iter(config["models"])) == "start"


def test_another_value_changes_its_steps():
    changed = copy.deepcopy(CONFIG)
    changed["models"]["net"]["arguments"]["more"]["b"][1]["c"] = -3
    changed["models"]["start"]["arguments"]["more"]["b"][1]["c"] = -3
    before, after = texts(CONFIG), texts(changed)
    differing = {name for name in before if before[name] != after[name]}
    assert differing and all("net" in name or "start" in name for name in differing)
