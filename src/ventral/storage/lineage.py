"""Lineage: what the outputs of a job were made from.

Each job writes one record, ``{stem}.lineage``, beside its main output. It names the settings, a
digest of the code, the versions of the packages, the content of each input as the job read it, and
the content of each output. Records link up to a chain that ends at the user's own files. A store
stands in a record by its manifest, which holds the sha256 of each array.

The manifest itself keeps to content, so that equal content still stops a rerun.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ENDING = ".lineage"
STORE_ENDING = ".zarr"


@dataclass(frozen=True)
class Record:
    """What the outputs of a job were made from.

    Parameters
    ----------
    step : str
        Name of the rule.
    settings : Mapping
        What the config gives the step.
    code : str
        Digest of the code of the step.
    packages : Mapping
        {package: version}.
    inputs, outputs : Mapping
        {path: sha256 of the content}. Paths start in the working folder of the workflow.

    """

    step: str
    settings: Mapping[str, Any]
    code: str
    packages: Mapping[str, str]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]

    def to_json(self) -> str:
        """Return the record as the text of its file."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


def read_record(path: str | Path) -> Record | None:
    """Read a record.

    Parameters
    ----------
    path : str or Path
        Of the record.

    Returns
    -------
    Record or None
        None where the file is missing or is not a record: such outputs are not believed.

    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (thousands of records: Path takes twice as long)
            return Record(**json.loads(file.read()))
    except (OSError, ValueError, TypeError):
        return None


def is_recorded(path: str) -> bool:
    """Tell whether a record names a file: not a record, nor a store, for which its manifest is."""
    return not path.endswith((ENDING, STORE_ENDING))


def first_difference(made_with: object, wanted: object, key: str = "") -> str | None:
    """Return the first key at which two settings differ.

    Parameters
    ----------
    made_with, wanted : object
        Settings of plain dicts, lists, strings and numbers.
    key : str
        Where they are.

    Returns
    -------
    str or None
        Names of keys, joined by dots; None where the settings are equal.

    """
    if isinstance(made_with, Mapping) and isinstance(wanted, Mapping):
        for name in dict.fromkeys([*made_with, *wanted]):
            here = f"{key}.{name}" if key else str(name)
            if name not in made_with or name not in wanted:
                return here
            found = first_difference(made_with[name], wanted[name], here)
            if found:
                return found
        return key or "order" if list(made_with) != list(wanted) else None
    if isinstance(made_with, list | tuple) and isinstance(wanted, list | tuple):
        if len(made_with) != len(wanted):
            return key
        pairs = zip(made_with, wanted, strict=True)
        return next(filter(None, (first_difference(*pair, key) for pair in pairs)), None)
    return None if made_with == wanted else key
