"""How large a data set is: from its stores where they exist, else from its settings."""

import csv
import functools
import json
from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from ventral.data.folds import fold_count
from ventral.data.image_folders import IMAGE_ENDINGS
from ventral.study.entries import Dataset


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
    known : bool
        Whether the stimuli were counted. Else they are assumed.
    responses_known : bool
        Whether the sites and repetitions were counted. Else they are assumed.

    """

    stimuli: int = 5000
    height: int = 256
    width: int = 256
    sites: int = 300
    repetitions: int = 50
    folds: int = 1
    known: bool = False
    responses_known: bool = False


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
        size = replace(size, stimuli=stimuli, height=height, width=width, known=True)
    responses = _shape(Path(folder) / "responses.json", "responses")
    if responses:
        trials = _shape(Path(folder) / "responses.json", "repetitions")
        trials_of_each = trials[2] if trials else 0
        size = replace(size, sites=responses[1], repetitions=trials_of_each, responses_known=True)
    return size


def _from_settings(dataset: Dataset) -> DatasetSize:
    """Return what the source says of the size, else what can be counted in the user's files."""
    counts = dataset.source.counts(dataset.config)
    side = counts.pop("image_size", DatasetSize.height)
    size = DatasetSize(
        height=side,
        width=side,
        known="stimuli" in counts,
        responses_known={"sites", "repetitions"} <= counts.keys(),
        **counts,
    )
    table = dataset.config.get("responses", {}).get("files", {}).get("responses", {}).get("path")
    if table and table.lower().endswith(".csv") and not size.responses_known:
        size = _with_columns(size, Path(table))
    if size.known:
        return size
    images = dataset.config["stimuli"].get("files", {}).get("images", {}).get("path")
    count = _count_images(Path(images)) if images else 0
    return replace(size, stimuli=count, known=True) if count else size


def _with_columns(size: DatasetSize, table: Path) -> DatasetSize:
    """Return a size with the sites of a table of responses: its columns but those of names.

    How often a stimulus was repeated is in its rows, which are not read for a plan.
    """
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            columns = next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return size
    sites = len(set(columns) - {"stimulus_id", "repetition"})
    if "repetition" in columns:
        return replace(size, sites=sites)
    return replace(size, sites=sites, repetitions=0, responses_known=True)


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
