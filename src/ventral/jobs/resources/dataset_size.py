"""How large a data set is: from its stores where they exist, else from its settings and files."""

import csv
import functools
import json
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from ventral.data.folds import fold_count
from ventral.data.image_folders import IMAGE_ENDINGS
from ventral.study.entries import Dataset

COUNTED = ("stimuli", "sites", "repetitions")


@dataclass(frozen=True)
class DatasetSize:
    """The numbers that decide what jobs need.

    Parameters
    ----------
    stimuli : int
        Their number.
    height, width : int
        Of an image, in pixels.
    sites, repetitions : int
        Of the responses.
    folds : int
        Of the split.
    counted : frozenset of str
        Which of `COUNTED` were counted or follow from the settings. The others are assumed: enough
        for most data sets.

    """

    stimuli: int = 5000
    height: int = 256
    width: int = 256
    sites: int = 300
    repetitions: int = 50
    folds: int = 1
    counted: frozenset[str] = frozenset()


def dataset_size(folder: str | Path, dataset: Dataset) -> DatasetSize:
    """Return the size of a data set.

    Parameters
    ----------
    folder : path
        The data set's results.
    dataset : Dataset
        Of the study.

    Returns
    -------
    DatasetSize

    """
    folds = max(1, fold_count(dataset.config["split"]))
    size = replace(_from_settings(dataset), folds=folds)
    images = _shape(Path(folder) / "stimuli.json", "images")
    if images:
        stimuli, height, width, _ = images
        size = _count(replace(size, height=height, width=width), stimuli=stimuli)
    responses = _shape(Path(folder) / "responses.json", "responses")
    if responses:
        trials = _shape(Path(folder) / "responses.json", "repetitions")
        size = _count(size, sites=responses[1], repetitions=trials[2] if trials else 0)
    return size


def _from_settings(dataset: Dataset) -> DatasetSize:
    """Return what the source says of the size, else what a look at its files tells."""
    counts = dataset.source.counts(dataset.config)
    side = counts.pop("image_size", DatasetSize.height)
    size = _count(DatasetSize(height=side, width=side), **counts)
    if "stimuli" in size.counted:
        return size
    images = dataset.config["stimuli"].get("files", {}).get("images", {}).get("path")
    if images and (count := _count_images(Path(images))):
        size = _count(size, stimuli=count)
    table = dataset.config["responses"].get("files", {}).get("responses", {}).get("path")
    if dataset.source.name == "files" and table:
        size = _count(size, **_counts_of_table(Path(table)))
    return size


def _count(size: DatasetSize, **counts: int) -> DatasetSize:
    """Return the size with numbers that were counted."""
    return replace(size, counted=size.counted | counts.keys(), **counts)


def _counts_of_table(path: Path) -> dict[str, int]:
    """Return what the first line of a CSV of responses tells; nothing of other files."""
    if path.suffix.lower() != ".csv":
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = {name.strip() for name in next(csv.reader(file), [])}
    except (OSError, ValueError, csv.Error):
        return {}
    sites = len(header - {"stimulus_id", "repetition"})
    if "stimulus_id" not in header or not sites:
        return {}
    return {"sites": sites} if "repetition" in header else {"sites": sites, "repetitions": 0}


@functools.cache
def _count_images(path: Path) -> int:
    """Count the images of a folder or a zip; 0 where the path is neither."""
    if path.is_dir():
        names = [str(file) for file in path.rglob("*")]
    else:
        try:
            with ZipFile(path) as archive:
                names = archive.namelist()
        except (OSError, BadZipFile):
            return 0
    return sum(name.lower().endswith(IMAGE_ENDINGS) for name in names)


def _shape(manifest: Path, array: str) -> list[int] | None:
    try:
        return json.loads(manifest.read_text())[array]["shape"]
    except (OSError, ValueError, KeyError):  # not made yet, or being made
        return None
