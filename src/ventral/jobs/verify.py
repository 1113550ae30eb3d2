"""Check all that a results folder holds against its checksums, without making anything."""

import logging
from collections.abc import Mapping
from pathlib import Path

from ventral.errors import VentralError
from ventral.jobs.chain import Chain, Expected, refuse
from ventral.jobs.progress import track
from ventral.machine_errors import reading_error
from ventral.storage.file_digests import read_digest
from ventral.storage.lineage import read_record
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
            f"{len(complaints)} of {count} stores and checkpoints do not pass:\n"
            + "\n".join(complaints)
        )
    return len(stores), len(checkpoints)


def verify_lineage(expected: Mapping[str, Expected]) -> int:
    """Check what each result of a study was made from, and that each file is what was written.

    Parameters
    ----------
    expected : Mapping
        Of each job of the study, by the path of its record.

    Returns
    -------
    int
        How many records hold. A job that has not run has none.

    Raises
    ------
    VentralError
        Names each result that is not of the config and the code, or that was changed since it was
        made, with the command that mends it.

    """
    broken = dict(Chain(expected).broken())
    holding = 0
    for path in expected:
        record = read_record(path)
        if record is None or path in broken:
            continue
        holding += 1
        for output, sha256 in record.outputs.items():
            if read_digest(output) != sha256:
                broken[path] = f"{output} has been changed since it was made"
    refuse(list(broken.items()))
    return holding


def _verify_checkpoint(path: Path) -> None:
    try:
        verify_zip(path)
    except (ValueError, OSError, MemoryError, RuntimeError) as error:
        damaged = f"{path} is damaged: {error}. Remove it and run again: rm {path}"
        raise reading_error(path, error, damaged) from error
