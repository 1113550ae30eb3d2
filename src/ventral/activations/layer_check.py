"""Ask every configured model for its layer names before any job starts.

Building an architecture needs torch, whose import takes seconds, so names are asked for in a
subprocess and kept in the user's cache folder for each architecture, version of its code and of
the packages.
"""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pooch

from ventral.activations.architecture_code import architecture_digest
from ventral.errors import VentralError, nearest


def check_layers_of_models(
    models: Mapping[str, Mapping], source_folder: str | Path, folders: Sequence[Path] = ()
) -> None:
    """Refuse layers that a model does not have.

    models: the config's entries. source_folder: holds this package, for the subprocess.
    folders: where a ``module:function`` of the user's own is looked for.

    Raises `VentralError` naming the model, the layer and the nearest names, or the reason why an
    architecture cannot be built. Where torch is not installed (its jobs run in environments of
    their own) nothing is checked here; extraction checks again.
    """
    if importlib.util.find_spec("torch") is None:
        return
    complaints = []
    for model, entry in models.items():
        try:
            known = _layer_names(
                entry["architecture"], entry["arguments"], Path(source_folder), folders
            )
        except VentralError as error:
            complaints.append(f"models: {model}: {error}")
            continue
        for taps, layers in entry["taps"].items():
            complaints += [
                f"models: {model}: taps: {taps}: layer {layer!r} is unknown;"
                f" {nearest(layer, known)}"
                for layer in layers
                if layer not in known
            ]
        head = entry.get("training", {}).get("head", {}).get("layer")
        if head is not None and head not in known:
            complaints.append(
                f"models: {model}: training: head: layer {head!r} is unknown;"
                f" {nearest(head, known)}"
            )
    if complaints:
        raise VentralError(
            "the config is not right:\n" + "\n".join(f"  {line}" for line in complaints)
        )


def _layer_names(
    architecture: str, arguments: Mapping, source_folder: Path, folders: Sequence[Path]
) -> list[str]:
    if architecture == "pixels":
        return ["pixels"]
    code = architecture_digest(architecture, source_folder / "ventral", folders)
    question = json.dumps([architecture, arguments, code, _versions()], sort_keys=True)
    cache = Path(pooch.os_cache("ventral")) / "layers"
    cached = cache / f"{hashlib.sha256(question.encode()).hexdigest()[:24]}.json"
    try:
        return json.loads(cached.read_text())
    except (OSError, ValueError):
        names = _ask(architecture, arguments, source_folder, folders)
    try:  # a cache: a home that cannot be written costs seconds and nothing else
        cache.mkdir(parents=True, exist_ok=True)
        aside = cached.with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps(names))
        aside.replace(cached)
    except OSError:
        pass
    return names


def _versions() -> dict[str, str]:
    found = {}
    for package in ("torch", "torchvision", "timm"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _ask(
    architecture: str, arguments: Mapping, source_folder: Path, folders: Sequence[Path]
) -> list[str]:
    given = os.environ.get("PYTHONPATH")
    path = os.pathsep.join(map(str, [source_folder, *filter(None, [given]), *folders]))
    answer = subprocess.run(
        [
            sys.executable,
            "-m",
            "ventral.activations.layer_names",
            architecture,
            "--arguments",
            json.dumps(arguments),
        ],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    if answer.returncode:
        lines = answer.stderr.strip().splitlines()
        raise VentralError(lines[-1] if lines else f"{architecture!r} cannot be built")
    return json.loads(answer.stdout)
