"""What the code of an architecture is known by: its content where it is ours or the user's own."""

import functools
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

from ventral.errors import VentralError
from ventral.jobs.code_digest import PACKAGE, module_digest, source_digest


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
        `builder_packages`), and an upgrade is no reason to run again.

    Raises
    ------
    VentralError
        Where the module is not Python.
    """
    module, _, function = architecture.partition(":")
    if not function:
        return ""
    top, _, rest = module.partition(".")
    try:
        if top == PACKAGE:
            file = Path(package_folder, *rest.split(".")).with_suffix(".py")
            return source_digest([file], package_folder) if file.is_file() else ""
        return module_digest(module, package_folder, folders) or ""
    except SyntaxError as error:
        raise VentralError(
            f"architecture {architecture!r}: {error.filename}, line {error.lineno}: {error.msg}"
        ) from None


@functools.cache
def builder_packages(architecture: str) -> dict[str, str]:
    """Return the versions of the installed packages that an architecture is built with.

    Parameters
    ----------
    architecture
        ``pixels``, a torchvision name, or ``module:function``.

    Returns
    -------
    dict
        ``{package: version}`` of torch, and of torchvision or of what holds the module. What is
        not installed, and the user's own code, is left out.
    """
    module, _, function = architecture.partition(":")
    packages = {"torch", module.partition(".")[0] if function else "torchvision"}
    found = {}
    for package in sorted(packages):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # its distribution has another name than its module
            for distribution in packages_distributions().get(package, ()):
                found[distribution] = version(distribution)
    return found
