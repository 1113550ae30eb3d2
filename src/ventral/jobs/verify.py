"""Check all that a results folder holds against its checksums, without making anything."""

import logging
from pathlib import Path

from ventral.errors import VentralError
from ventral.jobs.progress import track
from ventral.storage.store import Store
from ventral.storage.zip_check import verify_zip


def verify_results(results: str | Path) -> tuple[int, int]:
    """Read every store and checkpoint under a folder of results.

    A manifest whose store was deleted is not damage: the store is made again when it is needed.

    Parameters
    ----------
    results : str or Path
        The folder.

    Returns
    -------
    stores, checkpoints : int
        How many there are of each.

    Raises
    ------
    VentralError
        Names all that is damaged, with the command that removes each.

    """
    results = Path(results)
    stores, checkpoints = (
        sorted(results.rglob(pattern)) for pattern in ("*.zarr", "checkpoints/*.pt")
    )
    checkpoints = [path for path in checkpoints if not path.name.endswith(".resume.pt")]
    count = len(stores) + len(checkpoints)
    complaints = []
    for path in track([*stores, *checkpoints], count, "stores and checkpoints"):
        try:
            if path.suffix == ".pt":
                _verify_checkpoint(path)
            else:
                Store(path).verify()
        except VentralError as error:
            complaints.append(str(error))
    for path in sorted(results.rglob("*.partial")):
        logging.warning("%s is what a killed job left; the job's next run removes it", path)
    for path in sorted(results.rglob("checkpoints/*.resume.pt")):
        logging.warning("%s is an unfinished training; the job's next run resumes it", path)
    if complaints:
        raise VentralError(
            f"{len(complaints)} of {count} stores and checkpoints are damaged:\n"
            + "\n".join(complaints)
        )
    return len(stores), len(checkpoints)


def _verify_checkpoint(path: Path) -> None:
    try:
        verify_zip(path)
    except (ValueError, OSError) as error:
        raise VentralError(
            f"{path} is damaged: {error}. Remove it and run again: rm {path}"
        ) from error
