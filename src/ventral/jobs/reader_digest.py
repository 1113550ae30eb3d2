"""What identifies the code of a source: its content where it is ours or the user's own."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ventral.data.sources.find import find_source
from ventral.errors import VentralError
from ventral.jobs.code_digest import module_digest, source_digest


def reader_digest(name: str, package_folder: str | Path, folders: Sequence[Path]) -> str:
    """Return a text that changes with the code that reads a source.

    Parameters
    ----------
    name : str
        The value of ``source`` in a data set's entry.
    package_folder : path
        The folder of this package.
    folders : sequence of Path
        Folders of the user's own code (see `folders_of_own_code`).

    Returns
    -------
    str
        A digest of the reader and of the modules that it imports from this package or from
        `folders`. Of an installed source, which lies in none of them, the name and version of its
        distribution. A file that the reader opens is not seen. Nothing is imported.

    Raises
    ------
    VentralError
        Where the source is unknown, and where its reader is not valid Python.

    """
    source = find_source(name, folders)
    try:
        if source.folder is None:
            inside = source.module.split(".")[1:]
            return source_digest([Path(package_folder, *inside).with_suffix(".py")], package_folder)
        if source.installed_as and not _holds(folders, source.folder):
            return source.installed_as
        return module_digest(source.module, package_folder, [source.folder, *folders]) or ""
    except SyntaxError as error:
        raise VentralError(
            f"source {name!r}: {error.filename}, line {error.lineno}: {error.msg}"
        ) from None


def _holds(folders: Iterable[Path], folder: Path) -> bool:
    return any(folder.resolve() == other.resolve() for other in folders)
