"""A digest of the code behind a step that changes when the code could give other numbers.

The digest covers a script and every module of this package that it imports, directly or not. It is
taken from the syntax tree without comments, docstrings, layout and type annotations of arguments,
so that a reworded comment or a fresh clone leaves it as it was.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = "ventral"
CANNOT_CHANGE_NUMBERS = frozenset(
    f"{PACKAGE}.{name}" for name in ("errors", "job_log", "progress", "provenance")
)


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
                file for name in imported for file in _module_files(name, package_folder)
            )
    digest = hashlib.sha256()
    for path in sorted(seen):
        where = (
            path.relative_to(package_folder) if path.is_relative_to(package_folder) else path.name
        )
        digest.update(f"{where}\0{seen[path]}\0".encode())
    return digest.hexdigest()[:16]


def _module_files(name: str, package_folder: Path) -> Iterator[Path]:
    """Give the files that ``import name`` runs: the module's and its parent packages'."""
    parts = name.split(".")
    if ".".join(parts[:2]) in CANNOT_CHANGE_NUMBERS:
        return
    for depth in range(1, len(parts) + 1):
        stem = package_folder.joinpath(*parts[1:depth])
        if (stem / "__init__.py").exists():
            yield stem / "__init__.py"
        elif stem.with_suffix(".py").exists():
            yield stem.with_suffix(".py")


def _read(path: Path) -> tuple[str, tuple[str, ...]]:
    return _read_version(path, path.stat().st_mtime_ns)


@cache
def _read_version(path: Path, modified: int) -> tuple[str, tuple[str, ...]]:
    """Return the digest of one file and the package's modules it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    imported = tuple(sorted(set(_imports(tree))))
    return hashlib.sha256(_plain(tree).encode()).hexdigest(), imported


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == PACKAGE)


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
