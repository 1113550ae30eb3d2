"""Check every store of a results folder against its manifest, without making anything again."""

import logging
from pathlib import Path

from ventral.errors import VentralError
from ventral.progress import track
from ventral.store import Store


def verify_stores(results: str | Path) -> int:
    """Read every store under `results` and return how many are whole.

    A manifest whose store was deleted is no damage: the store comes back when it is needed.

    Raises `VentralError` naming every damaged store, with the command that removes each.
    """
    stores = sorted(Path(results).rglob("*.zarr"))
    complaints = []
    for path in track(stores, len(stores), "stores"):
        try:
            Store(path).verify()
        except VentralError as error:
            complaints.append(str(error))
    for path in sorted(Path(results).rglob("*.zarr.*partial")):
        logging.warning("%s is what a killed job left; the job's next run removes it", path)
    if complaints:
        raise VentralError(
            f"{len(complaints)} of {len(stores)} stores are damaged:\n" + "\n".join(complaints)
        )
    return len(stores)
