"""Look for the files that a config names by their path, and compare them with the sums it gives."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ventral.data.image_folders import refused_name
from ventral.data.named_files import download_name, named_files
from ventral.errors import VentralError
from ventral.storage.file_digests import check_content
from ventral.study.study import Study

MAX_ERRORS = 12


class _Named(NamedTuple):
    """A file that a config names: the key, its entry, and whether it may be a folder of images."""

    key: str
    entry: Mapping[str, Any]
    may_be_folder: bool


def check_paths(study: Study) -> None:
    """Refuse a ``path`` that does not exist, or is not what the config says of it.

    A step whose input is absent is left out of the plan where its results exist, so that a mistyped
    path would show the results of another file.

    Parameters
    ----------
    study : Study
        Of a checked config.

    Raises
    ------
    VentralError
        Naming the key, the path, and a file in its folder that may be meant; or the sum that the
        file has, and that of the config.

    """
    complaints: dict[str, str] = {}
    for named in _named_files(study):
        path = named.entry["path"]
        if path not in complaints:
            complaint = _complaint(named, Path(path))
            if complaint:
                complaints[path] = complaint
    for file in named_files(study.config):
        name = download_name(file)
        refusal = refused_name(name)
        if refusal:
            complaints[name] = f"the download {name!r} {refusal}, or give it a `name`"
    if complaints:
        shown = list(complaints.values())[:MAX_ERRORS]
        if len(complaints) > len(shown):
            shown.append(f"and {len(complaints) - len(shown)} more")
        lines = "\n".join(f"  {line}" for line in shown)
        raise VentralError(f"files cannot be used (seen from {Path.cwd()}):\n{lines}")


def _complaint(named: _Named, path: Path) -> str | None:
    refusal = refused_name(path)
    if refusal:
        return f"{named.key}: {str(path)!r} {refusal}"
    if not path.exists():
        return f"{named.key}: path: {str(path)!r} does not exist{_suggested(path)}"
    if path.is_dir():
        if named.may_be_folder:
            sums = [name for name in ("sha256", "sha1", "size") if name in named.entry]
            return f"{named.key}: {sums[0]}: a folder has none; remove the key" if sums else None
        return f"{named.key}: path: {str(path)!r} is a folder; name a file"
    if not path.is_file():
        return f"{named.key}: path: {str(path)!r} is not a file; name a file"
    try:
        check_content(path, named.entry, where=named.key)
        with path.open("rb"):
            return None
    except VentralError as error:
        return str(error)
    except OSError as error:
        return f"{named.key}: path: {str(path)!r} cannot be read: {error.strerror or error}"


def _named_files(study: Study) -> Iterator[_Named]:
    """Give each file of a config that has a path."""
    for name, dataset in study.datasets.items():
        for section in ("stimuli", "responses"):
            for key, entry in dataset.config.get(section, {}).get("files", {}).items():
                if "path" in entry:
                    here = f"datasets: {name}: {section}: files: {key}"
                    yield _Named(here, entry, key in dataset.source.image_folders)
    for name, model in study.models.items():
        if isinstance(model.weights, Mapping) and "path" in model.weights:
            yield _Named(f"models: {name}: weights", model.weights, may_be_folder=False)


def _suggested(path: Path) -> str:
    if not path.parent.is_dir():
        return f"; the folder {str(path.parent)!r} does not exist either"
    others = [other.name for other in path.parent.iterdir()]
    close = difflib.get_close_matches(path.name, others, n=3)
    if not close:
        return ""
    return "; did you mean " + " or ".join(repr(str(path.with_name(name))) for name in close) + "?"
