"""Import the reader of a source: the one place where a user's own source is run."""

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from ventral.data.sources.find import find_source
from ventral.errors import VentralError


def load_source(name: str, folders: Iterable[str | Path] | None = None) -> ModuleType:
    """Import the reader of a source.

    Parameters
    ----------
    name : str
        The value of ``source`` in a data set's entry.
    folders : iterable of path, optional
        Folders in which a user's own source may lie; by default Python's search path.

    Returns
    -------
    ModuleType
        A module with the functions ``read_stimuli`` and ``read_responses``; if its schema declares
        dissimilarities, ``read_dissimilarities`` takes the place of the latter.

    Raises
    ------
    VentralError
        Where there is no such source, where its reader cannot be imported or lacks one of the
        functions, and where another module of the same name is imported in its place.

    """
    try:
        source = find_source(name, sys.path if folders is None else folders)
    except VentralError as error:
        raise VentralError(f"source {error}") from None
    try:
        reader = importlib.import_module(source.module)
    except (ImportError, SyntaxError) as error:
        raise VentralError(
            f"source {name!r}: {source.reader_file} cannot be imported: {error}"
        ) from error
    imported = Path(reader.__file__ or "")
    if not imported.is_file() or not imported.samefile(source.reader_file):
        raise VentralError(
            f"source {name!r}: Python imports {imported} under the name {source.module!r} and not"
            f" {source.reader_file}; give the source another name"
        )
    functions = ("read_stimuli", f"read_{source.target}")
    missing = [function for function in functions if not callable(getattr(reader, function, None))]
    if missing:
        raise VentralError(f"source {name!r}: {source.reader_file} has no function {missing[0]!r}")
    return reader
