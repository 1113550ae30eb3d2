"""Whether the packages that jobs need are installed where a run is started."""

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import yaml
from packaging.requirements import Requirement


def missing_packages(environments: Iterable[str | Path]) -> list[str]:
    """Return the packages of conda environments that are not installed here.

    Parameters
    ----------
    environments : iterable of str or Path
        YAML files whose packages are installed with pip.

    Returns
    -------
    list of str
        Names of distributions, sorted.
    """
    needed = {
        Requirement(line).name
        for path in environments
        for part in yaml.safe_load(Path(path).read_text(encoding="utf-8"))["dependencies"]
        if isinstance(part, dict)
        for line in part["pip"]
    }
    return sorted(name for name in needed if not _is_installed(name))


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
