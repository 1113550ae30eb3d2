"""Sweeps: an entry of the config that lists values for some settings becomes one entry for each.

``sweep: {learning_rate: [0.001, 0.01], head.dropout: [0, 0.5]}`` in a model's entry means four
models, each with its own jobs. A variant's name says its values and nothing of the others, so that
a value added later leaves the variants before as they were.
"""

import copy
import hashlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ventral.errors import VentralError, suggest

SWEPT_SECTION = {"models": "training", "readouts": None}
"""The section of an entry with the swept settings: a model's sweep is over its training."""

PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
MOST_AS_INTEGER = 1e15
"""Below this a number without a fraction is named as one: 20 and not 20.0."""


def expand_sweeps(config: dict) -> dict[str, dict[str, dict]]:
    """Replace swept models and readouts by their variants, in place, wherever they are listed.

    Parameters
    ----------
    config : dict
        Complete, as `ventral.study.check_config.check_config` leaves it. ``figures: readout`` and
        ``reference`` keep the names of the entries: they mean the committed variant, the one that
        scores best on the validation stimuli.

    Returns
    -------
    dict
        ``{"models": {name: {"entry": name in the config, "settings": {key: value}}},
        "readouts": …}`` of every model and readout, swept or not.

    Raises
    ------
    VentralError
        Where the name of a variant is taken.

    """
    origins: dict[str, dict[str, dict]] = {}
    for kind, section in SWEPT_SECTION.items():
        origins[kind], expanded = {}, {}
        for name, entry in config[kind].items():
            for variant, settings in _variants(name, entry):
                if variant in expanded or (variant != name and variant in config[kind]):
                    raise VentralError(
                        f"{kind}: {name}: sweep: the name {variant!r} of a variant is taken;"
                        " rename the other one"
                    )
                expanded[variant] = _with_settings(entry, section, settings)
                origins[kind][variant] = {"entry": name, "settings": settings}
        config[kind] = expanded
    for holder in (*config["datasets"].values(), *config["models"].values()):
        for kind in SWEPT_SECTION:
            if isinstance(holder.get(kind), list):
                holder[kind] = [
                    name
                    for name, origin in origins[kind].items()
                    if origin["entry"] in holder[kind]
                ]
    return origins


def check_sweeps(config: Mapping) -> Iterator[str]:
    """Give a complaint for every sweep over something that its entry cannot set.

    Parameters
    ----------
    config : Mapping
        Complete, its sweeps not yet expanded.

    Yields
    ------
    str
        The key, what is wrong and the remedy.

    """
    for kind, section in SWEPT_SECTION.items():
        for name, entry in config[kind].items():
            here = f"{kind}: {name}: sweep"
            if "sweep" not in entry:
                continue
            if section is not None and section not in entry:
                yield f"{here}: a model's sweep is over its training; the model has none"
                continue
            known = entry if section is None else entry[section]
            for key, values in entry["sweep"].items():
                first = key.split(".")[0]
                if first not in known and not _optional(kind, first):
                    yield f"{here}: {key}: no such setting; {suggest(key, known)}"
                if kind == "readouts" and first in ("method", "label", "sweep"):
                    yield f"{here}: {key}: write a readout of its own for each {first}"
                slugs = [_slug(value) for value in values]
                for value, slug in zip(values, slugs, strict=True):
                    if slugs.count(slug) > 1:
                        yield f"{here}: {key}: {value!r} is duplicated"
                        break
    for name, model in config["models"].items():
        if "sweep" in config["models"].get(model.get("start"), {}):
            yield (
                f"models: {name}: start: {model['start']!r} is swept, so it is several models;"
                " write the one to start from as an entry of its own"
            )


def _optional(kind: str, key: str) -> bool:
    """Tell whether a readout's setting may be swept although its entry does not give it."""
    return kind == "readouts" and key in (
        "n_components",
        "alpha",
        "alphas",
        "alpha_for",
        "choose_alpha",
    )


def _variants(name: str, entry: Mapping) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give (name, settings) of each combination of an entry's values, in the order written."""
    sweep = entry.get("sweep")
    if not sweep:
        yield name, {}
        return
    for values in itertools.product(*sweep.values()):
        settings = dict(zip(sweep, values, strict=True))
        parts = (f"{key}-{_slug(value)}" for key, value in settings.items())
        yield ".".join([name, *parts]), settings


def _slug(value: Any) -> str:
    """Return a value as a part of a name; a digest stands for what a path cannot hold."""
    if isinstance(value, float) and value.is_integer() and abs(value) < MOST_AS_INTEGER:
        value = int(value)
    text = "_".join(map(str, value)) if isinstance(value, list) else str(value)
    if not isinstance(value, list | dict) and PLAIN.fullmatch(text):
        return text
    digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:6]
    return "-".join(filter(None, ["_".join(PLAIN.findall(text))[:40].strip("._"), digest]))


def _with_settings(entry: Mapping, section: str | None, settings: Mapping[str, Any]) -> dict:
    """Return a copy of an entry, without its sweep, with some settings of its section changed."""
    changed = copy.deepcopy({key: value for key, value in entry.items() if key != "sweep"})
    for key, value in settings.items():
        *path, last = key.split(".")
        target = changed if section is None else changed[section]
        for step in path:
            target = target.setdefault(step, {})
        target[last] = copy.deepcopy(value)
    return changed
