"""Whether a run has the settings on which the table of what runs again rests."""

from collections.abc import Collection, Mapping
from pathlib import Path

import yaml

RERUN_SETTINGS = ("rerun-triggers", "max-checksum-file-size", "rerun-incomplete")


def missing_settings(profile: str | Path, actual: Mapping[str, object]) -> list[str]:
    """Return the lines of a profile that a run does not follow.

    Parameters
    ----------
    profile : str or Path
        YAML file of the profile that comes with the workflow.
    actual : mapping
        Each of `RERUN_SETTINGS` as the run has it.

    Returns
    -------
    list of str
        Lines of YAML; none where the run follows all of them. A larger size limit is as good.
    """
    wanted = yaml.safe_load(Path(profile).read_text(encoding="utf-8"))
    return [
        yaml.safe_dump({key: wanted[key]}, default_flow_style=None).strip()
        for key in RERUN_SETTINGS
        if not _is_met(wanted[key], actual[key])
    ]


def _is_met(wanted: object, actual: object) -> bool:
    if isinstance(wanted, list) and isinstance(actual, Collection):
        return set(wanted) == set(actual)
    if isinstance(wanted, int) and isinstance(actual, int):
        return actual >= wanted
    return wanted == actual
