"""Packages that were upgraded since results were made: a plan names them, or counts them in."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from ventral.study.study import Study

NUMERIC = ("numpy", "scikit-learn")
NETWORKS = ("torch", "torchvision", "timm")
METADATA = "zarr.json"


def installed_versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of the installed ones of some packages."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def warning_of_upgrades(
    study: Study, results: str | Path, installed: Mapping[str, str]
) -> Iterator[str]:
    """Give one line where results were made with other versions than those that are installed.

    Parameters
    ----------
    study : Study
        Whose results are looked at.
    results : str or Path
        Folder of results.
    installed : Mapping
        {package: version}, as of `installed_versions`.

    Yields
    ------
    str
        The line, with the number of stores for each package; nothing where all is the same.

    """
    differing: Counter[tuple[str, str]] = Counter()
    stores = 0
    for path in _stores(study, Path(results)):
        recorded = _recorded_versions(path)
        upgraded = [
            (package, recorded[package])
            for package, now in installed.items()
            if package in recorded and recorded[package] != now
        ]
        differing.update(upgraded)
        stores += bool(upgraded)
    if differing:
        changes = ", ".join(
            f"{package} {before}, now {installed[package]}" for package, before in sorted(differing)
        )
        yield (
            f"{stores} {'store' if stores == 1 else 'stores'} in {results}/ were made with other"
            f" packages ({changes}) and are kept. To make them again, give `packages: rerun` in"
            " the config"
        )


def _stores(study: Study, results: Path) -> Iterator[Path]:
    for name in study.datasets:
        yield from (results / name / f"{kind}.zarr" for kind in ("stimuli", "responses"))
        yield from (
            results / name / "heads" / f"{model.name}.zarr"
            for model in study.models_and_starts(name)
        )
        for fit in study.fits_of(name):
            yield results / name / "fits" / fit.model / fit.taps / f"{fit.readout}.zarr"
    for taps in study.tap_sets():
        for kind in ("activations", "gram", "pca"):
            yield results / taps.dataset / kind / taps.model / f"{taps.taps}.zarr"


def _recorded_versions(store: Path) -> dict[str, str]:
    """Return what a store says of the packages that made it; nothing where it cannot be read."""
    try:
        if store.is_dir():
            text = (store / METADATA).read_bytes()
        else:
            with ZipFile(store) as file:
                text = file.read(METADATA)
        return dict(json.loads(text)["attributes"]["provenance"]["packages"])
    except (OSError, ValueError, KeyError, TypeError, BadZipFile):
        return {}
