"""Look for the files that a config names by their path."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from ventral.errors import VentralError

MAX_ERRORS = 12


def check_paths(config: Mapping) -> None:
    """Refuse a ``path`` that does not exist.

    A step whose input is absent is left out of the plan where its results exist, so that a mistyped
    path would show the results of another file.

    Parameters
    ----------
    config
        Checked and complete.

    Raises
    ------
    VentralError
        Naming the key, the path, and a file in its folder that may be meant.
    """
    complaints = []
    seen = set()
    for key, path in _paths(config):
        if path not in seen and not Path(path).exists():
            complaints.append(f"{key}: {path!r} does not exist{_suggested(Path(path))}")
        seen.add(path)
    if complaints:
        shown = complaints[:MAX_ERRORS]
        if len(complaints) > len(shown):
            shown.append(f"and {len(complaints) - len(shown)} more")
        lines = "\n".join(f"  {line}" for line in shown)
        raise VentralError(f"files are missing (seen from {Path.cwd()}):\n{lines}")


def _paths(config: Mapping) -> Iterator[tuple[str, str]]:
    """Give each path of a config with its key."""
    for name, dataset in config["datasets"].items():
        for section in ("stimuli", "responses"):
            for key, file in dataset.get(section, {}).get("files", {}).items():
                if "path" in file:
                    yield f"datasets: {name}: {section}: files: {key}: path", file["path"]
    for name, model in config["models"].items():
        if isinstance(model["weights"], Mapping) and "path" in model["weights"]:
            yield f"models: {name}: weights: path", model["weights"]["path"]


def _suggested(path: Path) -> str:
    if not path.parent.is_dir():
        return f"; the folder {str(path.parent)!r} does not exist either"
    others = [other.name for other in path.parent.iterdir()]
    close = difflib.get_close_matches(path.name, others, n=3)
    if not close:
        return ""
    return "; did you mean " + " or ".join(repr(str(path.with_name(name))) for name in close) + "?"
