"""A digest of the code behind a step that changes when the code could give other numbers.

The digest covers a script and what it uses of this package: the functions, classes and constants
that it reaches, name by name, and every statement that runs when a module is imported. Files of the
user's own are covered whole. Each statement counts without comments, docstrings, layout, type
annotations, and the words of errors and of log messages (`ventral.jobs.statements`), so that a
reworded message or a fresh clone leaves the digest as it was. Nothing is imported.

What a name stands for is followed where the code says it: ``from ventral.x import f``,
``x.f``. Where it does not (``getattr(x, name)``, a module handed to a function, ``import *``), the
whole module counts. A method is found through its class. What `importlib.import_module` is given
by a variable cannot be followed: the caller names such modules.
"""

import functools
import hashlib
import os
import stat
import sysconfig
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ventral.jobs.statements import Chain, Import, Statement, read_statements

PACKAGE = "ventral"
CANNOT_CHANGE_NUMBERS = tuple(
    f"{PACKAGE}.{name}"
    for name in (
        "addresses",
        "errors",
        "jobs",
        "machine_errors",
        "storage.claims",
        "storage.file_digests",
        "storage.lineage",
        "storage.provenance",
        "study",
    )
)
"""Modules, or whole packages, whose code is not followed."""

Stamp = tuple[int, ...] | None
"""What tells that a file is unchanged: times, size and inode; None where it does not exist."""


def source_digest(files: Iterable[str | Path], package_folder: str | Path) -> str:
    """Return the digest of Python files and of what they use of this package.

    Parameters
    ----------
    files
        Scripts, and modules that they load by name. Each counts whole.
    package_folder
        Folder of this package, ``…/ventral``.

    Returns
    -------
    str
        16 hexadecimal digits. It is computed again only after a file behind it has changed.

    Raises
    ------
    SyntaxError
        Where a file is not Python.
    OSError
        Where a file of `files` cannot be read.
    """
    return _digest(tuple(map(str, files)), "", str(package_folder), ()) or ""


def module_digest(module: str, package_folder: str | Path, folders: Sequence[Path]) -> str | None:
    """Return the digest of a user's own module and of what it imports from the same folders.

    What these use of this package is covered too, name by name.

    Parameters
    ----------
    module
        Dotted name.
    package_folder
        Folder of this package.
    folders
        Those of the user's own code, searched in order (see `folders_of_own_code`).

    Returns
    -------
    str or None
        16 hexadecimal digits, or None where the module is in none of the folders.

    Raises
    ------
    SyntaxError
        Where a file is not Python.
    """
    return _digest((), module, str(package_folder), tuple(map(str, folders)))


def folders_of_own_code(search_path: Iterable[str | Path]) -> list[Path]:
    """Return the folders of a module search path that hold neither Python's nor installed modules.

    What is installed is known by its version, and need not be followed by content.
    """
    standard = Path(sysconfig.get_path("stdlib")).resolve()
    folders = [Path(folder).resolve() for folder in search_path]
    return [
        folder
        for folder in dict.fromkeys(folders)
        if folder.is_dir()
        and not folder.is_relative_to(standard)
        and not {"site-packages", "dist-packages"}.intersection(folder.parts)
    ]


_computed: dict[tuple, tuple[dict[str, Stamp], str | None]] = {}


def _digest(
    files: tuple[str, ...], module: str, package_folder: str, folders: tuple[str, ...]
) -> str | None:
    """Trace files or one module, unless all that the last trace looked at is unchanged."""
    question = files, module, package_folder, folders
    if question in _computed:
        stamps, digest = _computed[question]
        if all(_stamp(path) == stamp for path, stamp in stamps.items()):
            return digest
    trace = _Trace(package_folder, folders)
    for file in files:
        trace.add_file(file)
    if module:
        trace.add_module(module)
    digest = trace.digest()
    _computed[question] = trace.stamps, digest
    return digest


def _stamp(path: str) -> Stamp:
    try:
        found = os.stat(path)  # noqa: PTH116 (at each call, for every file: Path takes thrice as long)
    except OSError:
        return None
    if stat.S_ISDIR(found.st_mode):
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


@functools.lru_cache(maxsize=1024)
def _statements(path: str, stamp: Stamp) -> tuple[Statement, ...]:
    return read_statements(Path(path).read_text(encoding="utf-8"), path)


class _File:
    """A file on the way: its statements, and which of them count."""

    def __init__(self, name: str, label: str, is_package: bool, statements: tuple[Statement, ...]):
        self.name = name
        self.label = label
        self.is_package = is_package
        self.statements = statements
        self.counted: set[int] = set()
        self.is_run = False
        self.is_whole = False
        self.binding: dict[str, list[int]] = {}
        for index, statement in enumerate(statements):
            for bound in statement.binds:
                self.binding.setdefault(bound, []).append(index)

    def absolute(self, name: str) -> str:
        """Return the full dotted name of what this file calls `name`; dots lead a relative one."""
        level = len(name) - len(name.lstrip("."))
        if not level:
            return name
        parts = self.name.split(".")
        package = parts[: len(parts) - level + self.is_package]
        return ".".join([*package, *filter(None, [name[level:]])])

    def text(self) -> str:
        """Return the statements that count, in their order."""
        return "\n".join(self.statements[index].text for index in sorted(self.counted))


class _Trace:
    """Follows names from file to file, and remembers each place that it looked at."""

    def __init__(self, package_folder: str, folders: Sequence[str]):
        self.stamps: dict[str, Stamp] = {}
        self._package_folder = package_folder
        self._folders = folders
        self._files: dict[str, _File | None] = {}
        self._pending: list[Callable[[], None]] = []

    def digest(self) -> str | None:
        """Follow all that is pending; return the digest of what counts, None where nothing does."""
        while self._pending:
            self._pending.pop()()
        files = [file for file in self._files.values() if file is not None]
        if not files:
            return None
        digest = hashlib.sha256()
        for file in sorted(files, key=lambda file: file.label):
            if file.counted:
                digest.update(f"{file.label}\0{file.text()}\0".encode())
        return digest.hexdigest()[:16]

    def add_file(self, path: str) -> None:
        """Count a file whole: a script, or a module of this package."""
        if Path(path).is_relative_to(self._package_folder):
            parts = Path(path).relative_to(self._package_folder).with_suffix("").parts
            name = ".".join([PACKAGE, *(part for part in parts if part != "__init__")])
            if self._file(name) is not None:
                self.add_module(name)
                return
        file = self._opened(path, path, Path(path).name)
        self._files[path] = file
        self._run(file)
        self._count_all(file)

    def add_module(self, name: str) -> None:
        """Count a module whole, with all that is run to import it."""
        self._load(name)
        file = self._file(name)
        if file is not None:
            self._count_all(file)

    def _opened(self, name: str, path: str, label: str) -> _File:
        stamp = self._look(path)
        statements = _statements(path, stamp)
        return _File(name, label, Path(path).name == "__init__.py", statements)

    def _look(self, path: str) -> Stamp:
        if path not in self.stamps:
            self.stamps[path] = _stamp(path)
        return self.stamps[path]

    def _file(self, name: str) -> _File | None:
        """Return the file of a module, None where it is neither ours nor the user's own."""
        if name not in self._files:
            found = self._find(name)
            self._files[name] = found and self._opened(name, *found)
            file = self._files[name]
            if file is not None and not _is_of_package(name):
                self._later(self._count_all, file)
        return self._files[name]

    def _find(self, name: str) -> tuple[str, str] | None:
        """Return where the file of a module lies and what it is called in the digest."""
        package = self._file(name.rpartition(".")[0]) if "." in name else None
        if package is not None and not package.is_package:
            return None
        if _is_of_package(name):
            if _is_left_out(name):
                return None
            folder, parts = self._package_folder, name.split(".")[1:]
        else:
            top = name.split(".")[0]
            own = self._holding(top) if top else None
            if own is None:
                return None
            folder, parts = own, name.split(".")
        for label in ("/".join([*parts, "__init__.py"]), "/".join(parts) + ".py"):
            path = f"{folder}/{label}"
            if label != ".py" and self._look(path):
                return path, label
        return None

    def _holding(self, top: str) -> str | None:
        """Return the folder from which Python would import the module `top`."""
        for folder in self._folders:
            if self._look(f"{folder}/{top}/__init__.py") or self._look(f"{folder}/{top}.py"):
                return folder
        return next((one for one in self._folders if self._look(f"{one}/{top}") == ()), None)

    def _later(self, what: Callable[..., None], *arguments: object) -> None:
        self._pending.append(functools.partial(what, *arguments))

    def _load(self, name: str) -> None:
        """Count what runs when a module is imported: in it and in the packages that it is in."""
        parts = name.split(".")
        for depth in range(1, len(parts) + 1):
            file = self._file(".".join(parts[:depth]))
            if file is not None:
                self._run(file)

    def _run(self, file: _File) -> None:
        if file.is_run:
            return
        file.is_run = True
        for index, statement in enumerate(file.statements):
            if not statement.is_definition:
                self._later(self._load_imports, file, statement)
            if statement.runs and not self._is_ours(file, statement):
                self._later(self._count, file, index)

    def _is_ours(self, file: _File, statement: Statement) -> bool:
        """Tell whether a statement imports what is followed anyway."""
        return statement.is_import and all(
            self._file(file.absolute(module)) is not None
            for found in statement.imports
            for module in found.loads[:1]
        )

    def _load_imports(self, file: _File, statement: Statement) -> None:
        for found in statement.imports:
            for module in found.loads:
                self._load(file.absolute(module))
            if found.name in ("*", ""):
                self._follow(file.absolute(found.target).split("."))

    def _count_all(self, file: _File) -> None:
        if file.is_whole:
            return
        file.is_whole = True
        used = {chain[0] for statement in file.statements for chain in statement.uses}
        for index, statement in enumerate(file.statements):
            self._count(file, index)
            if statement.is_import and not statement.binds & used:
                self._follow_import(file, statement.imports[0], ())

    def _count(self, file: _File, index: int) -> None:
        if index in file.counted:
            return
        file.counted.add(index)
        statement = file.statements[index]
        self._load_imports(file, statement)
        if statement.uses_any:
            self._later(self._count_all, file)
        for chain in statement.uses:
            self._later(self._use, file, statement, chain)

    def _use(self, file: _File, statement: Statement, chain: Chain) -> None:
        """Follow a name, with its attributes, out of a statement that counts."""
        head, rest = chain[0], chain[1:]
        for found in statement.imports:
            if found.name == head:
                self._follow_import(file, found, rest)
        for index in file.binding.get(head, ()):
            self._count(file, index)
            definer = file.statements[index]
            for found in definer.imports:
                if found.name == head and not definer.is_definition:
                    self._follow_import(file, found, rest)

    def _follow_import(self, file: _File, found: Import, rest: Chain) -> None:
        self._follow([*file.absolute(found.target).split("."), *rest])

    def _follow(self, parts: Sequence[str]) -> None:
        """Count what a full dotted name stands for: all of a module, or one name in it."""
        if _is_left_out(".".join(parts)):
            return
        for depth in range(len(parts), 0, -1):
            file = self._file(".".join(parts[:depth]))
            if file is None:
                continue
            if depth < len(parts):
                self._count_name(file, parts[depth], parts[depth + 1 :])
                return
            self._later(self._count_all, file)
            package = self._file(".".join(parts[:-1])) if depth > 1 else None
            if package is not None and parts[-1] in package.binding:
                self._count_name(package, parts[-1], ())  # the name of its module, bound again
            return

    def _count_name(self, file: _File, name: str, rest: Sequence[str]) -> None:
        if name in file.binding:
            for index in file.binding[name]:
                self._count(file, index)
                for found in file.statements[index].imports:
                    if found.name == name and not file.statements[index].is_definition:
                        self._later(self._follow_import, file, found, tuple(rest))
        elif not name.startswith("__"):
            self._later(self._count_all, file)


def _is_left_out(name: str) -> bool:
    return f"{name}.".startswith(tuple(f"{module}." for module in CANNOT_CHANGE_NUMBERS))


def _is_of_package(name: str) -> bool:
    return name == PACKAGE or name.startswith(f"{PACKAGE}.")
