"""How large a data set is: from its stores where they exist, else from its settings."""

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
        Whether the stimuli were counted. Else they are assumed, as the rest is until the stores
        exist.

    """

    stimuli: int = 5000
    height: int = 256
    width: int = 256
    sites: int = 300
    repetitions: int = 50
    folds: int = 1
    known: bool = False


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
        size = replace(size, sites=responses[1], repetitions=trials[2] if trials else 0)
    return size


def _from_settings(dataset: Dataset) -> DatasetSize:
    """Return what the source says of the size, else the number of images in a folder or zip."""
    counts = dataset.source.counts(dataset.config)
    side = counts.pop("image_size", DatasetSize.height)
    size = DatasetSize(height=side, width=side, known="stimuli" in counts, **counts)
    if size.known:
        return size
    images = dataset.config["stimuli"].get("files", {}).get("images", {}).get("path")
    count = _count_images(Path(images)) if images else 0
    return replace(size, stimuli=count, known=True) if count else size


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
