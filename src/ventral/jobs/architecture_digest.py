"""What the code of an architecture is known by: its content where it is ours or the user's own."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ventral.errors import VentralError
from ventral.jobs.code_digest import PACKAGE, module_digest, source_digest


def architecture_digest(
    architecture: str, package_folder: str | Path, folders: Sequence[Path]
) -> str:
    """Return a text that changes with the code of a ``module:function``, "" for other names.

    It is a digest of the module in this package or in `folders`, those of the user's own code, and
    of what it imports from there; else the version of the installed package. A file that the
    module reads is not seen. Nothing is imported.

    Raises `VentralError` where the module is no Python.
    """
    module, _, function = architecture.partition(":")
    if not function:
        return ""
    top, _, rest = module.partition(".")
    try:
        if top == PACKAGE:
            file = Path(package_folder, *rest.split(".")).with_suffix(".py")
            return source_digest([file], package_folder) if file.is_file() else ""
        own = module_digest(module, package_folder, folders)
    except SyntaxError as error:
        raise VentralError(
            f"architecture {architecture!r}: {error.filename}, line {error.lineno}: {error.msg}"
        ) from None
    if own is not None:
        return own
    try:
        return f"{top} {version(top)}"
    except PackageNotFoundError:
        return ""
