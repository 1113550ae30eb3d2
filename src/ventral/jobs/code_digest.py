"""A digest of the code behind a step that changes when the code could give other numbers.

The digest covers a script and every module of this package that it imports, directly or not; for
a module of the user's own also every other module of theirs. It is taken from the syntax tree
without comments, docstrings, layout and type annotations of arguments, so that a reworded comment
or a fresh clone leaves it as it was. Nothing is imported.
"""

import ast
import hashlib
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

PACKAGE = "ventral"
CANNOT_CHANGE_NUMBERS = tuple(
    f"{PACKAGE}.{name}" for name in ("errors", "jobs", "study", "storage.provenance")
)
"""Modules, or whole packages, whose code is not followed."""


def source_digest(files: Iterable[str | Path], package_folder: str | Path) -> str:
    """Return the sha256 of Python files and of the modules under `package_folder` they import.

    Raises `SyntaxError` where a file is no Python, and `OSError` where it cannot be read.
    """
    package_folder = Path(package_folder)
    pending, seen = [Path(file) for file in files], {}
    while pending:
        path = pending.pop()
        if path not in seen:
            seen[path], imported = _read(path)
            pending.extend(
                file
                for name in imported
                if name.split(".")[0] == PACKAGE
                for file in _files_of_package(name, package_folder)
            )
    return _digest_of_all(
        (path.relative_to(package_folder) if path.is_relative_to(package_folder) else path.name, of)
        for path, of in sorted(seen.items())
    )


def module_digest(module: str, package_folder: str | Path, folders: Sequence[Path]) -> str | None:
    """Return the sha256 of a user's own module and of what it imports from the same folders.

    folders: those of the user's own code, searched in order (see `folders_of_own_code`).

    What it imports of this package is followed too. None where the module is in none of them.
    Raises as `source_digest`.
    """
    pending, seen = [(module, folder) for folder in _holding(module, folders)], {}
    of_package = []
    while pending:
        name, folder = pending.pop()
        parts = name.split(".")
        for path in _module_files(parts, folder / parts[0]):
            where = path.relative_to(folder)
            if where in seen:
                continue
            seen[where], imported = _read(path)
            for other in {_absolute(other, where) for other in imported}:
                if other.split(".")[0] == PACKAGE:
                    of_package += _files_of_package(other, Path(package_folder))
                else:
                    pending += [(other, found) for found in _holding(other, folders)]
    if not seen:
        return None
    package = source_digest(of_package, package_folder)
    return _digest_of_all([*sorted(seen.items()), (PACKAGE, package)])


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


def _digest_of_all(named: Iterable[tuple[object, str]]) -> str:
    digest = hashlib.sha256()
    for name, content in named:
        digest.update(f"{name}\0{content}\0".encode())
    return digest.hexdigest()[:16]


def _holding(module: str, folders: Iterable[Path]) -> list[Path]:
    """Return the folder, if there is one, from which Python would import a module, in a list."""
    top = module.split(".")[0]
    for folder in folders:
        if (folder / f"{top}.py").is_file() or (folder / top / "__init__.py").is_file():
            return [folder]
    return [folder for folder in folders if top and (folder / top).is_dir()][:1]


def _absolute(name: str, where: Path) -> str:
    """Return the full name of what the file `where`, in a folder of modules, imports as `name`."""
    level = len(name) - len(name.lstrip("."))
    if not level:
        return name
    package = where.parent.parts[: len(where.parent.parts) - level + 1]
    return ".".join([*package, *filter(None, [name[level:]])])


def _files_of_package(name: str, package_folder: Path) -> Iterator[Path]:
    parts = name.split(".")
    if not f"{name}.".startswith(tuple(f"{module}." for module in CANNOT_CHANGE_NUMBERS)):
        yield from _module_files(parts, package_folder)


def _module_files(parts: Sequence[str], top: Path) -> Iterator[Path]:
    """Give the files that an import runs: the module's and its parent packages'.

    parts: of the module's name. top: the folder, or the file without its ending, of the first.
    """
    for depth in range(1, len(parts) + 1):
        stem = top.joinpath(*parts[1:depth])
        if (stem / "__init__.py").exists():
            yield stem / "__init__.py"
        elif stem.with_suffix(".py").exists():
            yield stem.with_suffix(".py")


def _read(path: Path) -> tuple[str, tuple[str, ...]]:
    return _read_version(path, path.stat().st_mtime_ns)


@cache
def _read_version(path: Path, modified: int) -> tuple[str, tuple[str, ...]]:
    """Return the digest of one file and the modules it imports, relative ones with their dots."""
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    imported = tuple(sorted(set(_imports(tree))))
    return hashlib.sha256(_plain(tree).encode()).hexdigest(), imported


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            inside = module if module.endswith(".") else f"{module}."
            names = [module, *(f"{inside}{alias.name}" for alias in node.names)]
        else:
            continue
        yield from names


def _plain(node: object) -> str:
    """Write a syntax tree down, without what cannot change a number.

    Empty fields are left out, so that Python versions that add fields agree with older ones.
    """
    if isinstance(node, list):
        return "[" + ",".join(map(_plain, node)) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = []
    for name, value in ast.iter_fields(node):
        if name == "body" and isinstance(value, list) and _has_docstring(node):
            value = value[1:]
        if value is None or value == [] or name in ("annotation", "returns", "type_comment"):
            continue
        fields.append(f"{name}={_plain(value)}")
    return f"{type(node).__name__}({','.join(fields)})"


def _has_docstring(node: ast.AST) -> bool:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None
