"""Config files as text: what is wrong with them before anything is made of their keys.

``python -m ventral.study.config_files FILE…`` checks files by hand. A YAML library keeps the last
of two equal keys in silence, and whoever reads its result cannot see that there were two.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from ventral.errors import VentralError

MERGE = "tag:yaml.org,2002:merge"
"""The key ``<<``, which may be repeated: it takes over what several other mappings have."""
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The compiled one is ten times as fast, which a config of hundreds of models needs."""


def check_config_files(paths: Iterable[str | Path]) -> None:
    """Refuse files that are not YAML or JSON, or that give a key twice.

    Parameters
    ----------
    paths : iterable of path
        Config files, as a run is given them.

    Raises
    ------
    VentralError
        Naming for each complaint the file, the line and the key.

    """
    complaints = [complaint for path in paths for complaint in _complaints(Path(path))]
    if complaints:
        lines = "\n".join(f"  {line}" for line in complaints)
        raise VentralError(f"config files cannot be read:\n{lines}")


def _complaints(path: Path) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        yield f"{path}: cannot be read as UTF-8 text: {error}"
        return
    repeated: list[str] = []
    try:
        json.loads(text, object_pairs_hook=lambda pairs: _note_repeated(pairs, repeated))
    except (ValueError, RecursionError):  # not JSON, or too deep to tell
        yield from _complaints_of_yaml(path, text)
    else:
        yield from (f"{path}: the key {key!r} is given twice; remove one" for key in repeated)


def _note_repeated(pairs: list[tuple[str, Any]], repeated: list[str]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    repeated += dict.fromkeys(key for key in keys if keys.count(key) > 1)
    return dict(pairs)


def _complaints_of_yaml(path: Path, text: str) -> Iterator[str]:
    try:
        root = _compose(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        context = f"{error.context}, " if error.context else ""
        hint = "; indent with spaces" if "'\\t'" in str(error.problem) else ""
        yield f"{path}{line}: not valid YAML: {context}{error.problem}{hint}"
        return
    except (yaml.YAMLError, RecursionError) as error:
        yield f"{path}: not valid YAML: {error}"
        return
    pending, seen = [(root, "")], set()
    while pending:
        node, where = pending.pop()
        if node is None or id(node) in seen:  # an alias leads to a node that has been looked at
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            pending += [(item, f"{where}{i}: ") for i, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            first: dict[tuple[str, str], yaml.Node] = {}
            for key, value in node.value:
                pending.append((value, f"{where}{key.value}: "))
                if not isinstance(key, yaml.ScalarNode) or key.tag == MERGE:
                    continue
                other = first.setdefault((key.tag, key.value), key)
                if other is not key:
                    yield (
                        f"{path}, line {key.start_mark.line + 1}: the key '{where}{key.value}' is"
                        f" given twice, first in line {other.start_mark.line + 1}; remove one"
                    )


def _compose(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=LOADER)
    except yaml.YAMLError:
        return yaml.compose(text, Loader=yaml.SafeLoader)  # which says more of what is wrong


if __name__ == "__main__":
    try:
        check_config_files(sys.argv[1:])
    except VentralError as error:
        sys.exit(str(error))
