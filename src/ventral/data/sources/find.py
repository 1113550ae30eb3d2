"""Find a source by its name, and read what its schema file declares, without importing it.

The workflow does this whenever it is parsed, so nothing heavy is imported here either.
"""

import functools
import importlib.metadata
import importlib.util
import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ventral.errors import VentralError, suggest

BUILT_IN = Path(__file__).parent
BUILT_IN_PACKAGE = __package__
ENTRY_POINTS = "ventral.sources"
READER, SCHEMA = "reader.py", "schema.yaml"
FACTS = "x-source"
"""The key of a schema under which a source says what the workflow has to know of it."""


@dataclass(frozen=True)
class Source:
    """Where a source lies and what it declares.

    Parameters
    ----------
    name : str
        What a config calls it.
    module : str
        Full name of the module that has the two functions of a reader.
    reader_file, schema_file : Path
        The file of that module, and the schema of a data set's settings.
    folder : Path or None
        The folder of the search path from which `module` is imported; None for ventral's own.
    installed_as : str or None
        Name and version of the distribution whose entry point it is, else None.

    """

    name: str
    module: str
    reader_file: Path
    schema_file: Path
    folder: Path | None
    installed_as: str | None = None

    @property
    def schema(self) -> Mapping[str, Any]:
        """Content of `schema_file`; raises `VentralError` where it cannot be read."""
        return _read_schema(self.schema_file)

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the schema says under ``x-source``."""
        return self.schema.get(FACTS, {})

    @property
    def labels(self) -> tuple[str, ...]:
        """Label columns that the stimulus table can have: of ``object`` and ``category``."""
        return tuple(self.facts.get("labels", ("object", "category")))

    @property
    def simulated(self) -> bool:
        """Whether responses are computed from the images instead of read from a file."""
        return self.facts.get("simulated", False)

    @property
    def target(self) -> str:
        """What models are compared with: ``responses`` or ``dissimilarities``."""
        return self.facts.get("target", "responses")

    @property
    def image_folders(self) -> tuple[str, ...]:
        """Keys of the stimulus files that may be a folder of images."""
        return tuple(self.facts.get("image_folders", ()))

    def has_several_animals(self, entry: Mapping) -> bool:
        """Tell whether a data set of these settings may have sites of several animals."""
        declared = self.facts.get("several_animals", True)
        if isinstance(declared, bool):
            return declared
        found: Any = entry
        for key in declared.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        return found is not None

    def counts(self, entry: Mapping) -> dict[str, int]:
        """Return what the settings of a data set say about its size.

        Parameters
        ----------
        entry : Mapping
            The data set's entry in the config, defaults filled in.

        Returns
        -------
        dict of str to int
            Any of ``stimuli``, ``sites``, ``repetitions`` and ``image_size`` (pixels a side). A
            count that the source does not declare, or that rests on a setting without a value, is
            left out.

        """
        declared = self.facts.get("counts", {}).items()
        counts = {name: _evaluate(count, entry) for name, count in declared}
        return {name: count for name, count in counts.items() if count is not None}


def find_source(name: str, folders: Iterable[str | Path] = ()) -> Source:
    """Return the source of a name: ventral's own, a user's own, or an installed one, in this order.

    Parameters
    ----------
    name : str
        The value of ``source`` in a data set's entry.
    folders : iterable of path
        Folders of the search path in which a user's own source may lie, searched in order.

    Returns
    -------
    Source

    Raises
    ------
    VentralError
        Where there is no such source, naming the nearest one and where it was searched.

    """
    searched = list(dict.fromkeys(Path(folder) for folder in folders))
    found = None
    if name.isidentifier():
        found = _source_in(BUILT_IN, name, built_in=True)
    if not found and all(part.isidentifier() for part in name.split(".")):
        found = next(filter(None, (_source_in(folder, name) for folder in searched)), None)
    if not found:
        found = _installed_source(name)
    if not found:
        raise VentralError(f"{name!r} is unknown; {_help(name, searched)}")
    return found


def known_sources(folders: Iterable[str | Path] = ()) -> list[str]:
    """Return the names of all sources: ventral's own, those in `folders`, and installed ones."""
    names = sorted(path.parent.name for path in BUILT_IN.glob(f"*/{SCHEMA}"))
    for folder in map(Path, folders):
        candidates = [path.parent.name for path in folder.glob(f"*/{SCHEMA}")]
        candidates += [path.name.removesuffix(f".{SCHEMA}") for path in folder.glob(f"*.{SCHEMA}")]
        names += sorted(name for name in candidates if _files_of(folder, name))
    return list(dict.fromkeys([*names, *sorted(_entry_points(tuple(sys.path)))]))


def _source_in(folder: Path, name: str, built_in: bool = False) -> Source | None:
    files = _files_of(folder, name)
    if not files:
        return None
    reader, schema = files
    module = f"{name}.{reader.stem}" if reader.name == READER else name
    return Source(
        name=name,
        module=f"{BUILT_IN_PACKAGE}.{module}" if built_in else module,
        reader_file=reader,
        schema_file=schema,
        folder=None if built_in else folder,
    )


def _files_of(folder: Path, name: str) -> tuple[Path, Path] | None:
    """Return the reader and the schema of a source in a folder, if both exist."""
    stem = folder.joinpath(*name.split("."))
    pairs = [
        (stem / READER, stem / SCHEMA),
        (stem.parent / f"{stem.name}.py", stem.parent / f"{stem.name}.{SCHEMA}"),
    ]
    return next((pair for pair in pairs if all(path.is_file() for path in pair)), None)


def _installed_source(name: str) -> Source | None:
    """Return the source of an entry point, found without importing the package that has it."""
    entry_point = _entry_points(tuple(sys.path)).get(name)
    if entry_point is None:
        return None
    module, distribution = entry_point
    top = module.split(".")[0]
    spec = importlib.util.find_spec(top)
    places = [Path(place).parent for place in (spec and spec.submodule_search_locations) or ()]
    if spec and spec.origin and not places:
        places = [Path(spec.origin).parent]
    for folder in places:
        files = _files_of(folder, module)
        if files:
            reader, schema = files
            return Source(
                name=name,
                module=f"{module}.{reader.stem}" if reader.name == READER else module,
                reader_file=reader,
                schema_file=schema,
                folder=folder,
                installed_as=distribution,
            )
    raise VentralError(
        f"{name!r} is an entry point of {distribution}, but its {module} has no {READER} with a"
        f" {SCHEMA} beside it"
    )


@functools.cache
def _entry_points(search_path: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Return {name: (module, name and version of the distribution)} of what is installed."""
    found: dict[str, tuple[str, str]] = {}
    for distribution in importlib.metadata.distributions(path=list(search_path)):
        for entry_point in distribution.entry_points:
            if entry_point.group == ENTRY_POINTS:
                version = f"{distribution.name} {distribution.version}"
                found.setdefault(entry_point.name, (entry_point.module, version))
    return found


def _read_schema(path: Path) -> Mapping[str, Any]:
    return _read_schema_version(path, path.stat().st_mtime_ns)


@functools.cache
def _read_schema_version(path: Path, modified: int) -> Mapping[str, Any]:
    import yaml  # the environment of a job that reads data does not have it, and needs no schema

    try:
        schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise VentralError(f"{path} cannot be read as YAML: {error}") from error
    if not isinstance(schema, dict):
        raise VentralError(f"{path} must be a mapping of keys, a JSON schema")
    return schema


def _evaluate(count: object, entry: Mapping) -> int | None:
    """Return a declared count for a data set's settings, or None where they do not tell."""
    if isinstance(count, str):
        section, _, key = count.partition(".")
        count = entry.get(section, {}).get(key)
    if isinstance(count, Mapping):
        terms = [_evaluate(term, entry) for term in count.get("sum", count.get("product"))]
        known = [term for term in terms if term is not None]
        if len(known) < len(terms):
            return None
        return sum(known) if "sum" in count else math.prod(known)
    return count if isinstance(count, int) and not isinstance(count, bool) else None


def _help(name: str, folders: list[Path]) -> str:
    """Name the nearest source, all sources, and where one of the user's own would be found."""
    known = known_sources(folders)
    nearest = suggest(name, known)
    if nearest.endswith("?"):
        nearest += f" There is {', '.join(known)}"
    missing = "".join(f" {sentence}." for sentence in _what_is_missing(name, folders))
    searched = ", ".join(map(str, folders)) or "no folder"
    return (
        f"{nearest}.{missing} A source of your own is a folder {name}/ with {READER} and {SCHEMA},"
        f" or {name}.py with {name}.{SCHEMA} (searched: {searched}), or an entry point of the group"
        f" {ENTRY_POINTS}"
    )


def _what_is_missing(name: str, folders: Iterable[Path]) -> Iterator[str]:
    """Say of the files of a source in folders which one is missing."""
    for folder in folders:
        stem = folder.joinpath(*name.split("."))
        if (stem / READER).is_file():
            yield f"{stem / READER} has no {SCHEMA} beside it"
        elif (stem / SCHEMA).is_file():
            yield f"{stem / SCHEMA} has no {READER} beside it"
        elif (stem.parent / f"{stem.name}.py").is_file():
            yield f"{stem}.py has no {stem.name}.{SCHEMA} beside it"
