"""Who may write an output: of several writers of one file, the one that started last.

A run that is killed can leave jobs behind, on this machine or on a cluster, which finish after a
newer run has made the same files from another config. So a writer leaves a claim when it starts: a
small hidden file beside its outputs with an identifier of its own. A later one replaces it. When a
writer is done and the claim is no longer its own, what it made is discarded. No clock is asked.
"""

import contextlib
import os
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from ventral.errors import VentralError

_held: dict[str, "Claim"] = {}
"""The claims of this process, by the absolute path of each output."""


class Claim:
    """A claim to some outputs.

    Parameters
    ----------
    path : Path
        Of the claim's file.
    """

    def __init__(self, path: Path):
        self.path = path
        self.identifier = uuid.uuid4().hex

    def take(self) -> None:
        """Replace whatever claim exists."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        aside = self.path.with_name(f"{self.path.name}-{self.identifier}")
        aside.write_text(self.identifier, encoding="ascii")
        aside.replace(self.path)

    def is_held(self) -> bool:
        """Tell whether no later writer has started."""
        try:
            return self.path.read_text(encoding="ascii") == self.identifier
        except FileNotFoundError:  # a later writer has started, and ended
            return False

    def release(self) -> None:
        """Remove the claim, if it is still held."""
        if self.is_held():
            self.path.unlink(missing_ok=True)


def claim_path(record: str | Path) -> Path:
    """Return the path of the claim to the outputs of a lineage record."""
    record = Path(record)
    return record.with_name(f".{record.name}.claim")


@contextlib.contextmanager
def claimed(path: Path, outputs: Iterable[str | Path]) -> Iterator[None]:
    """Claim outputs, so that what writes them in this process can be told of a later writer.

    Parameters
    ----------
    path : Path
        Of the claim's file, on a disk that all writers see.
    outputs : iterable of str or Path
        Files and stores.

    """
    claim = Claim(path)
    claim.take()
    names = [os.path.abspath(output) for output in outputs]  # noqa: PTH100 (links stay as they are)
    _held.update(dict.fromkeys(names, claim))
    try:
        yield
    finally:
        for name in names:
            _held.pop(name, None)
        claim.release()


def check_claim(output: str | Path) -> None:
    """Refuse to finish an output whose claim a later writer has replaced.

    Raises
    ------
    VentralError
        The claim no longer exists: another job has taken or removed it.

    """
    claim = _held.get(os.path.abspath(output))  # noqa: PTH100
    if claim is not None and not claim.is_held():
        raise VentralError(
            f"{output}: a newer run has started the job that makes it, so what this older job made"
            " is discarded. If no other run is active, run again"
        )
