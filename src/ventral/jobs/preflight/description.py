"""What is known of a model before it runs, without importing torch.

Torch takes seconds to import, so an architecture is described in a subprocess
(`ventral.jobs.preflight.architecture`), once for each version of its code and of the packages; the
answer is kept in the user's cache folder.
"""

import functools
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import pooch

from ventral.errors import VentralError
from ventral.jobs.architecture_digest import architecture_digest

CACHE_VERSION = 2
"""Of the answers; a change asks again."""


def describe_model(
    entry: Mapping, source_folder: str | Path, folders: Sequence[Path] = (), ask: bool = True
) -> dict | None:
    """Return what `ventral.jobs.preflight.architecture.describe` says of a model.

    entry: of the config. source_folder: holds this package, for the subprocess. folders: where a
    ``module:function`` of the user's own is looked for. ask: False looks into the cache alone,
    which takes no time.

    Returns None where nothing is known: torch is not installed here (its jobs run in environments
    of their own), or nobody has asked yet. Raises `VentralError` with the reason why an
    architecture cannot be built.
    """
    weights = entry["weights"] if isinstance(entry["weights"], str) else None
    question = {
        "architecture": entry["architecture"],
        "arguments": entry["arguments"],
        "weights": weights,
        "size": entry["preprocessing"]["size"],
        "trainable": (entry.get("training") or {}).get("trainable", ["*"]),
        "code": architecture_digest(entry["architecture"], Path(source_folder, "ventral"), folders),
    }
    path = tuple(map(str, [source_folder, *folders]))
    return _describe(json.dumps(question, sort_keys=True), path, ask)


@functools.cache
def _describe(question: str, path: tuple[str, ...], ask: bool) -> dict | None:
    about = json.dumps([question, CACHE_VERSION, _versions()])
    cache = Path(pooch.os_cache("ventral")) / "architectures"
    cached = cache / f"{hashlib.sha256(about.encode()).hexdigest()[:24]}.json"
    try:
        return json.loads(cached.read_text())
    except (OSError, ValueError):
        if not ask or find_spec("torch") is None:
            return None
    answer = _ask(json.loads(question), path)
    try:  # a cache: a home that cannot be written costs seconds and nothing else
        cache.mkdir(parents=True, exist_ok=True)
        aside = cached.with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps(answer))
        aside.replace(cached)
    except OSError:
        pass
    return answer


def _versions() -> dict[str, str]:
    found = {}
    for package in ("torch", "torchvision", "timm"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _ask(question: Mapping, path: tuple[str, ...]) -> dict:
    ours, *own = path
    given = os.environ.get("PYTHONPATH")
    searched = os.pathsep.join([ours, *filter(None, [given]), *own])
    options = ["--arguments", json.dumps(question["arguments"]), "--size", str(question["size"])]
    options += ["--trainable", json.dumps(question["trainable"])]
    if question["weights"]:
        options += ["--weights", question["weights"]]
    program = [sys.executable, "-m", "ventral.jobs.preflight.architecture"]
    answer = subprocess.run(
        [*program, question["architecture"], *options],
        env={**os.environ, "PYTHONPATH": searched},
        capture_output=True,
        text=True,
    )
    if answer.returncode:
        lines = answer.stderr.strip().splitlines()
        raise VentralError(lines[-1] if lines else f"{question['architecture']!r} cannot be built")
    return json.loads(answer.stdout)
