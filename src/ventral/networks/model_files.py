"""The files of a named model: from a mirror, a cache or the Hugging Face hub, and their manifest.

What is fetched is a folder of a few files, and beside it ``{name}.json``: the repository, its
commit, and the sha256 of each file. huggingface_hub downloads, resumes and keeps the cache.
"""

import json
import logging
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from ventral.addresses import without_secrets
from ventral.errors import VentralError
from ventral.networks.named_models import NamedModel, named_model
from ventral.storage.atomic import write_aside
from ventral.storage.file_digests import check_content, read_digest

logger = logging.getLogger(__name__)

CONFIGS = {
    "timm": ["config.json"],
    "huggingface": ["config.json", "preprocessor_config.json", "processor_config.json"],
    "open_clip": ["open_clip_config.json"],
}
WEIGHTS = {
    "timm": [["model.safetensors"], ["pytorch_model.bin"]],
    "huggingface": [
        ["model.safetensors", "model.safetensors.index.json", "model-*.safetensors"],
        ["pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-*.bin"],
    ],
    "open_clip": [["open_clip_model.safetensors"], ["open_clip_pytorch_model.bin"]],
}
"""Patterns of the files with weights, the preferred ones first: safetensors hold no code."""

COMMIT = re.compile(r"[0-9a-f]{40}")


def fetch_model(
    architecture: str,
    revision: str | None,
    needed: str,
    manifest: str | Path,
    mirrors: Sequence[Path],
    cache: Path | None = None,
) -> None:
    """Put the files of a named model into a folder, and write their manifest beside it.

    Parameters
    ----------
    architecture : str
        Such as ``huggingface:facebook/dinov2-base``.
    revision : str or None
        A commit, a tag or a branch of the repository; None: its newest state.
    needed : str
        ``weights``, or ``config`` alone.
    manifest : str or Path
        Where the manifest is written; the folder has its name without the ending.
    mirrors : sequence of Path
        Searched first: for a repository as Hugging Face's cache keeps it
        (``models--{org}--{name}``), and for a plain folder ``{org}/{name}``.
    cache : Path, optional
        Folder that keeps downloads for several projects; by default Hugging Face's own.

    Raises
    ------
    VentralError
        Where no mirror, no cache and no hub gives the files, or a revision cannot be verified.

    """
    named = named_model(architecture)
    if named is None:
        raise VentralError(f"architecture {architecture!r} is not one that is fetched by name")
    repository, own_revision, own_files = repository_of(named)
    revision = revision or own_revision
    wanted = _Wanted(named.library, needed, own_files)
    folder, commit = _find(repository, revision, wanted, mirrors, cache)
    configs, weights = wanted.of(path.name for path in folder.iterdir())
    destination = _folder_of(Path(manifest))
    shutil.rmtree(destination, ignore_errors=True)
    destination.mkdir(parents=True)
    files = {}
    for name in [*configs, *weights]:
        with write_aside(destination / name) as aside:
            shutil.copyfile(folder / name, aside)
        copied = destination / name
        files[name] = {"sha256": read_digest(copied), "size": copied.stat().st_size}
    if revision is None or not COMMIT.fullmatch(revision):
        logger.info(
            "%s: fetched commit %s. Give `revision: %s` in the model's entry to have the same"
            " files on other machines",
            architecture,
            commit or "unknown",
            commit or "(a commit)",
        )
    facts = {
        "architecture": architecture,
        "repository": repository,
        "revision": commit,
        "files": files,
        "weights": [name for name in weights if not name.endswith(".json")],
    }
    with write_aside(manifest) as aside:
        aside.write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")


class ModelFiles:
    """The fetched files of a named model, each checked against the manifest when it is read.

    Parameters
    ----------
    manifest : str or Path
        Written by `fetch_model`.

    Raises
    ------
    VentralError
        If it cannot be read.

    """

    def __init__(self, manifest: str | Path) -> None:
        self.manifest = Path(manifest)
        self.folder = _folder_of(self.manifest)
        try:
            self.facts: dict[str, Any] = json.loads(self.manifest.read_text(encoding="utf-8"))
            self.names: list[str] = sorted(self.facts["files"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise VentralError(
                f"{manifest} cannot be read ({error}). Fetch the model again: rm {manifest}"
            ) from error

    def check(self) -> Path:
        """Return the folder, after every file in it was compared with its checksum.

        Raises
        ------
        VentralError
            Naming the file that is missing or has changed.

        """
        for name, expected in self.facts["files"].items():
            path = self.folder / name
            if not path.is_file():
                raise VentralError(
                    f"{path} does not exist. Fetch the model again: rm {self.manifest}"
                )
            check_content(path, expected)
        return self.folder

    @property
    def weights(self) -> Path:
        """The file with the weights.

        Raises
        ------
        VentralError
            Where there is none, or several.

        """
        names = self.facts.get("weights", [])
        if len(names) != 1:
            raise VentralError(
                f"{self.manifest}: one file of weights is expected, not"
                f" {', '.join(names) or 'none'}"
            )
        return self.folder / names[0]


def _folder_of(manifest: Path) -> Path:
    return manifest.with_name(manifest.name.removesuffix(".json"))


class _Wanted:
    """Which files of a repository are wanted."""

    def __init__(self, library: str, needed: str, own_files: Sequence[str]) -> None:
        self.library = library
        self.configs = CONFIGS[library]
        groups = [list(own_files)] if own_files else WEIGHTS[library]
        self.groups: list[list[str]] = groups if needed == "weights" else [[]]

    def of(self, names: Iterable[str]) -> tuple[list[str], list[str]]:
        """Return which of some names are configs, and which are weights of the preferred form."""
        names = sorted(names)
        configs = [name for name in names if name in self.configs]
        groups = (
            [name for name in names if any(fnmatch(name, each) for each in group)]
            for group in self.groups
        )
        return configs, next(filter(None, groups), [])

    def lacking(self, folder: Path) -> str | None:
        """Return what a folder lacks, in words, or None if it has all."""
        names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        if self.library == "huggingface" and "config.json" not in names:
            return "config.json"
        for group in self.groups:
            found = [name for name in names if any(fnmatch(name, each) for each in group)]
            if not group:
                return None
            for index in (name for name in found if name.endswith(".index.json")):
                listed = json.loads((folder / index).read_text())["weight_map"].values()
                absent = sorted(set(listed) - names)
                if absent:
                    return absent[0]
            if found:
                return None
        return " or ".join(group[0] for group in self.groups)


def repository_of(named: NamedModel) -> tuple[str, str | None, list[str]]:
    """Return the repository of a model on the hub, its revision, and its file of weights.

    Parameters
    ----------
    named : NamedModel

    Returns
    -------
    repository : str
    revision : str or None
        That its library names, if it names one.
    files : list of str
        The file with the weights, where it has a name of its own.

    Raises
    ------
    VentralError
        Where its library does not know it, or has no address on the hub for its weights.

    """
    if named.library == "huggingface":
        return named.name, None, []
    # Imported here: the libraries take seconds.
    from ventral.networks.named_builders import address_on_hub

    address, file = address_on_hub(named)
    repository, _, revision = address.partition("@")
    return repository, revision or None, [file] if file else []


def _find(
    repository: str,
    revision: str | None,
    wanted: _Wanted,
    mirrors: Sequence[Path],
    cache: Path | None,
) -> tuple[Path, str | None]:
    """Return a folder that has the files, and its commit."""
    said = []
    for mirror in mirrors:
        for found, commit in _in_mirror(Path(mirror), repository, revision):
            reason = wanted.lacking(found)
            if reason is None and revision and commit is None:
                reason = f"its revision, wanted is {revision}"
            if reason is None:
                return found, commit
            said.append(f"{found} lacks {reason}")
    looked = f"searched: {', '.join(map(str, mirrors)) or 'no mirrors'}"
    if said:
        looked += f"; {'; '.join(said)}"
    folder = _from_hub(repository, revision, wanted, cache, looked)
    lacking = wanted.lacking(folder)
    if lacking is not None:
        raise VentralError(
            f"{repository}: its repository has no {lacking} at revision {revision or 'main'}"
            f" ({looked})"
        )
    return folder, folder.name if COMMIT.fullmatch(folder.name) else None


def _in_mirror(
    mirror: Path, repository: str, revision: str | None
) -> list[tuple[Path, str | None]]:
    """Return folders of a mirror that hold a repository, and the commit of each where known."""
    found: list[tuple[Path, str | None]] = []
    for top in (mirror, mirror / "hub", mirror / "huggingface"):
        kept = top / f"models--{repository.replace('/', '--')}"
        named = revision or "main"
        reference = kept / "refs" / named
        commit = reference.read_text().strip() if reference.is_file() else named
        if (kept / "snapshots" / commit).is_dir():
            found.append((kept / "snapshots" / commit, commit))
    plain = mirror / repository
    if plain.is_dir():
        commits = _downloaded_commits(plain)
        alone = commits.pop() if len(commits) == 1 else None
        if revision is None or not COMMIT.fullmatch(revision) or alone in (None, revision):
            found.append((plain, alone))
    return found


def _downloaded_commits(folder: Path) -> set[str]:
    """Return the commits that ``hf download --local-dir`` has noted beside its files."""
    noted = (folder / ".cache" / "huggingface" / "download").glob("*.metadata")
    return {(path.read_text().splitlines() or [""])[0] for path in noted}


def _from_hub(
    repository: str, revision: str | None, wanted: _Wanted, cache: Path | None, looked: str
) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    folder = None
    try:
        for group in wanted.groups:
            folder = Path(
                snapshot_download(
                    repository,
                    revision=revision,
                    allow_patterns=[*wanted.configs, *group],
                    cache_dir=None if cache is None else cache / "huggingface",
                    token=os.environ.get("HF_TOKEN"),
                )
            )
            if wanted.lacking(folder) is None:
                return folder
    except (OSError, ValueError, RuntimeError, HfHubHTTPError) as error:
        reason = without_secrets(" ".join(str(error).split()).split(" (Request ID")[0])
        raise VentralError(
            f"{repository} at revision {revision or 'main'} cannot be fetched from the Hugging Face"
            f" hub: {reason} ({looked}). On a machine without network, name a folder with"
            f" {repository}, or a copy of Hugging Face's cache, under mirrors: or in"
            " VENTRAL_MIRRORS"
        ) from None
    assert folder is not None
    return folder
