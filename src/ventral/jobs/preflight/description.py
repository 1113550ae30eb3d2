"""What is known of models before they run, without importing torch.

Torch takes seconds to import, so one subprocess (`ventral.jobs.preflight.architecture`) answers all
questions whose answers are not known yet. An answer is kept in the user's cache folder, for each
version of an architecture's code and packages.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from platformdirs import user_cache_path

from ventral.activations.pooling import Pooling, Tokens
from ventral.errors import VentralError
from ventral.jobs.architecture_digest import architecture_digest
from ventral.jobs.preflight.ask import ask_architectures
from ventral.networks.named_models import manifest_of, named_model
from ventral.storage.provenance import builder_packages

CACHE_VERSION = 7
"""Of the answers; a change asks again."""

_found: dict[str, dict | None] = {}
"""What this process has read from the cache folder or asked, by question; None: no answer yet."""


def describe_model(
    entry: Mapping,
    source_folder: str | Path,
    folders: Sequence[Path] = (),
    ask: bool = True,
    models_folder: Path | None = None,
) -> dict | None:
    """Return what `ventral.jobs.preflight.architecture.describe` says of a model.

    Parameters
    ----------
    entry
        Of the config, complete.
    source_folder
        Folder that holds this package, for the subprocess.
    folders
        Where a ``module:function`` of the user's own is looked for.
    ask
        Whether to ask for what is not in the cache, which imports torch.
    models_folder
        Of what was fetched for named models.

    Returns
    -------
    dict or None
        None where nothing is known: torch is not installed here (its jobs run in environments of
        their own), the config of a named model has not been fetched, or the cache has no answer
        and `ask` is False.

    Raises
    ------
    VentralError
        Where an architecture cannot be built, with the reason.
    """
    (found,) = describe_models([entry], source_folder, folders, ask, models_folder)
    if isinstance(found, VentralError):
        raise found
    return found


def describe_models(
    entries: Sequence[Mapping],
    source_folder: str | Path,
    folders: Sequence[Path] = (),
    ask: bool = True,
    models_folder: Path | None = None,
) -> list[dict | VentralError | None]:
    """Describe many models at the cost of one import of torch; equal questions are asked once.

    Parameters
    ----------
    entries, source_folder, folders, ask, models_folder
        As in `describe_model`.

    Returns
    -------
    list
        For each entry what `describe_model` returns, or the error that it raises.
    """
    questions = [_question(entry, source_folder, folders, models_folder) for entry in entries]
    keys = [json.dumps(question, sort_keys=True) for question in questions]
    for key in dict.fromkeys(keys):
        if key not in _found:
            _found[key] = _read(_cached(key))
    missing = {
        key: question
        for key, question in zip(keys, questions, strict=True)
        if question is not None and _found[key] is None and ask
    }
    errors = {}
    if missing and find_spec("torch") is not None:
        asked = [question["asked"] for question in missing.values()]
        answers = ask_architectures(asked, [source_folder], folders)
        for key, answer in zip(missing, answers, strict=True):
            if isinstance(answer, VentralError):
                errors[key] = answer
            else:
                _found[key] = answer
                _keep(answer, _cached(key))
    return [errors.get(key, _found[key]) for key in keys]


def recorded_shapes(entry: Mapping, taps: str, description: Mapping) -> dict[str, Sequence[int]]:
    """Return the shape of each layer of a tap set for one stimulus as it is recorded: pooled.

    Parameters
    ----------
    entry
        Of the config, complete.
    taps
        Name of the tap set.
    description
        Of the model, as `describe_model` returns it.

    Returns
    -------
    dict
        {layer: shape}, without layers whose shape is not known.

    Raises
    ------
    VentralError
        Where a layer cannot be pooled so.
    """
    given = entry.get("pool", "none")
    pool = given if isinstance(given, str) else given.get(taps, "none")
    pooling = Pooling(pool, Tokens(**description["tokens"]))
    shapes = description["shapes"] or {}
    return {
        layer: pooling.shape(layer, shapes[layer])
        for layer in entry["taps"][taps]
        if layer in shapes
    }


def _question(
    entry: Mapping,
    source_folder: str | Path,
    folders: Sequence[Path],
    models_folder: Path | None,
) -> dict | None:
    """Return what is asked about a model, and all else that its answer depends on.

    None where it cannot be asked yet: a config must be fetched first.
    """
    architecture = entry["architecture"]
    named = named_model(architecture)
    weights = entry["weights"] if isinstance(entry["weights"], str) else None
    more: dict = {}
    if named is not None:
        more = {"preprocessing": dict(entry["preprocessing"])}
        weights = None
        if named.library == "huggingface":
            manifest = None if models_folder is None else manifest_of(entry, models_folder)
            if manifest is None or not manifest.is_file():
                return None
            more["files"] = str(manifest.absolute())
            more["digest"] = hashlib.sha256(manifest.read_bytes()).hexdigest()
    else:
        more = {"size": entry["preprocessing"]["size"]}
    return {
        "asked": {
            "architecture": architecture,
            "arguments": entry["arguments"],
            "weights": weights,
            **more,
            "trainable": (entry.get("training") or {}).get("trainable", ["*"]),
        },
        "code": architecture_digest(architecture, Path(source_folder, "ventral"), folders),
        "packages": builder_packages(architecture),
        "version": CACHE_VERSION,
    }


def _cached(key: str) -> Path:
    name = hashlib.sha256(key.encode()).hexdigest()[:24]
    return user_cache_path("ventral") / "architectures" / f"{name}.json"


def _read(cached: Path) -> dict | None:
    try:
        return json.loads(cached.read_text())
    except (OSError, ValueError):
        return None


def _keep(answer: Mapping, cached: Path) -> None:
    try:  # a cache: a home that cannot be written costs seconds and nothing else
        cached.parent.mkdir(parents=True, exist_ok=True)
        aside = cached.with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps(answer))
        aside.replace(cached)
    except OSError:
        pass
