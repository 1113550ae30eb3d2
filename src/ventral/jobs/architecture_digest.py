"""What identifies the code of an architecture: its content where it is ours or the user's own."""

import sys
from collections.abc import Sequence
from importlib.machinery import PathFinder
from pathlib import Path

from ventral.errors import VentralError
from ventral.jobs.code_digest import PACKAGE, module_digest, source_digest
from ventral.networks.named_models import named_model


def architecture_digest(
    architecture: str, package_folder: str | Path, folders: Sequence[Path]
) -> str:
    """Return a digest that changes with the code of a ``module:function`` of ours or the user's.

    Parameters
    ----------
    architecture
        Of a model's entry in the config.
    package_folder
        Folder of this package.
    folders
        Those of the user's own code.

    Returns
    -------
    str
        The digest of the module and of what it imports from these places. A file that the module
        reads is not seen. "" for what an installed package builds: its version is recorded (see
        `ventral.storage.provenance.builder_packages`), and after an upgrade nothing runs again.

    Raises
    ------
    VentralError
        Where the module is not Python.
    """
    module, _, function = architecture.partition(":")
    if not function or named_model(architecture) is not None:
        return ""
    top, _, rest = module.partition(".")
    try:
        if top == PACKAGE:
            file = Path(package_folder, *rest.split(".")).with_suffix(".py")
            return source_digest([file], package_folder) if file.is_file() else ""
        if _is_installed(top, folders):
            return ""
        return module_digest(module, package_folder, folders) or ""
    except SyntaxError as error:
        raise VentralError(
            f"architecture {architecture!r}: {error.filename}, line {error.lineno}: {error.msg}"
        ) from None


def _is_installed(top: str, folders: Sequence[Path]) -> bool:
    """Tell whether an import would find a module elsewhere: what is installed comes first."""
    installed = [path for path in sys.path if Path(path).resolve() not in folders]
    return PathFinder.find_spec(top, installed) is not None
