"""Where a store came from: the attributes that every store carries.

Provenance never enters a digest: a new commit or package does not make equal bytes differ.
"""

import functools
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

from ventral.addresses import without_secrets_inside
from ventral.networks.named_models import DISTRIBUTIONS

PACKAGES = ("numpy", "scipy", "torch", "torchvision", "timm", "zarr", "scikit-learn")


@functools.cache
def git_commit() -> str:
    """Return the commit of this code.

    Returns
    -------
    str
        With ``+changes`` where the working tree differs. Outside a git repository it is what
        ``git archive`` has written beside this file; ``unknown`` where that is missing, as in an
        installed package.

    """
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(here), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    archived = (here / "commit.txt").read_text(encoding="utf-8").strip()
    if not archived.startswith("$Format"):
        return archived
    try:
        git("ls-files", "--error-unmatch", "provenance.py")  # the repository around may be another
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def package_versions() -> dict[str, str]:
    """Return the version of each package that can change a number.

    Returns
    -------
    dict
        {package: version} of Python and of those of `PACKAGES` that are installed.

    """
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def provenance(**facts: object) -> dict:
    """Return the attributes of a store: commit, package versions, and the caller's own facts.

    Addresses among the facts lose their passwords and tokens: results are shared.

    Parameters
    ----------
    **facts : object
        What else to record, of what JSON knows.

    Returns
    -------
    dict
        Under the key ``provenance``.

    """
    shown = {name: without_secrets_inside(fact) for name, fact in facts.items()}
    return {"provenance": {"git_commit": git_commit(), "packages": package_versions(), **shown}}


@functools.cache
def builder_packages(architecture: str) -> dict[str, str]:
    """Return the versions of the installed packages that an architecture is built with.

    Parameters
    ----------
    architecture : str
        ``pixels``, a torchvision name, or ``module:function``.

    Returns
    -------
    dict
        ``{package: version}`` of torch, and of torchvision or of what holds the module. What is
        not installed, and the user's own code, is left out.

    """
    module, _, function = architecture.partition(":")
    built_by = DISTRIBUTIONS.get(module, module.partition(".")[0]) if function else "torchvision"
    packages = {"torch", built_by}
    found = {}
    for package in sorted(packages):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # its distribution has another name than its module
            for distribution in packages_distributions().get(package, ()):
                found[distribution] = version(distribution)
    return found
