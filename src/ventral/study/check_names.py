"""Check the names of data sets, models, tap sets and readouts, which become names of files."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ventral.study.entries import HEAD
from ventral.study.study import Study

RESERVED_DATASETS = ("summary_by_region", "index.html", "layers_of_models")
"""What lies beside the folders of the data sets: the table over all of them, and the first page."""
UNFINISHED = ".resume"
"""Ending of the name of an unfinished training beside its checkpoint."""
MAX_BYTES = 150
"""A file system takes 255 bytes. The longest ending of ours is .training.csv, and a file that is
being written has the name of its host (64 bytes at most), a process and .partial behind that."""
DEVICES = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)),
}
"""On Windows these name devices, whatever ending they have."""


def check_names(study: Study) -> Iterator[str]:
    """Give a complaint for every name that cannot be the name of a file beside all others.

    Parameters
    ----------
    study : Study
        Of a config whose sweeps have been expanded: the names of variants are checked too.

    Yields
    ------
    str
        Naming the key and the remedy.

    """
    yield from _check_files("datasets", study.datasets)
    yield from _check_files("pools", [*study.pools, *study.datasets] if study.pools else ())
    yield from _check_files("models", study.models)
    yield from _check_files("readouts", study.readouts)
    for name, model in study.models.items():
        yield from _check_files(f"models: {name}: taps", model.taps)
        for layer in model.layers:
            yield from _check_length(f"models: {name}: taps: layer", layer)
        if any(taps.lower() == HEAD for taps in model.taps):
            yield (
                f"models: {name}: taps: {HEAD!r} is reserved: scores of a network's own head have"
                " this name in the place of a tap set; give the tap set another name"
            )
        if name.lower().endswith(UNFINISHED):
            yield f"models: {name}: a name cannot end in {UNFINISHED!r}: unfinished trainings do"
    for name in study.scored:
        kind = "pools" if name in study.pools else "datasets"
        for reserved in RESERVED_DATASETS:
            if name.lower().startswith(reserved):
                yield f"{kind}: {name}: {reserved!r} is reserved: it lies beside the data sets"


def _check_files(where: str, names: Iterable[str]) -> Iterator[str]:
    """Check names that lie in one folder."""
    same = defaultdict(list)
    for name in names:
        same[name.lower()].append(name)
        yield from _check_length(where, name)
        if name.lower().partition(".")[0] in DEVICES or name.endswith("."):
            yield f"{where}: {name}: Windows has no files of this name; choose another"
    for first, *others in same.values():
        if others:
            yield (
                f"{where}: {first!r} and {others[0]!r} differ in case alone, which many disks do"
                " not tell apart; rename one"
            )


def _check_length(where: str, name: str) -> Iterator[str]:
    if len(name.encode()) > MAX_BYTES:
        yield (
            f"{where}: the name {name!r} has {len(name.encode())} bytes, and with the endings of"
            f" ours a file system takes {MAX_BYTES}; choose a shorter name, or sweep over fewer"
            " settings in one entry"
        )
