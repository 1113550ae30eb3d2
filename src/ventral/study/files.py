"""The files that a data set or a model names, and what is tracked of them.

What is tracked of a file is its content: the sum where the config gives one, and the content of
an input. Its address is not tracked.
"""

from collections.abc import Mapping
from typing import Any

from ventral.data.image_folders import list_images
from ventral.errors import VentralError
from ventral.study.entries import Dataset, Model


def tracked_sums(file: Mapping[str, Any]) -> dict[str, str]:
    """Return the checksums that the config gives of a file.

    Parameters
    ----------
    file : Mapping
        Its entry in the config.

    Returns
    -------
    dict
        ``sha256``, ``sha1``, or neither.

    """
    return {key: file[key] for key in ("sha256", "sha1") if key in file}


def tracked_weights(model: Model) -> str | dict[str, str] | None:
    """Return a model's weights as they are tracked: of a file its sums, and not its address."""
    if isinstance(model.weights, Mapping):
        return tracked_sums(model.weights)
    return model.weights


def files_of(dataset: Dataset, *sections: str) -> dict[str, Mapping[str, Any]]:
    """Return the files that sections of a data set's entry name, by key.

    What is in a folder that is an input goes unseen; of a file the content is compared. So a folder
    of images is listed, and each image has a key of its own.

    Parameters
    ----------
    dataset : Dataset
    *sections : str
        ``stimuli``, ``responses``. Of two files with the same key the later one is returned.

    Returns
    -------
    dict
        {key: entry of the file}, with ``path``, ``url`` or ``name``, and sums.

    Raises
    ------
    VentralError
        A folder of images has no image.

    """
    files: dict[str, Mapping[str, Any]] = {}
    for section in sections:
        files |= _files_of_section(dataset, section)
    return files


def _files_of_section(dataset: Dataset, section: str) -> dict[str, Mapping[str, Any]]:
    files = dataset.config.get(section, {}).get("files", {})
    try:
        return list_images(files, dataset.source.image_folders)
    except VentralError as error:
        raise VentralError(f"datasets: {dataset.name}: {section}: files: {error}") from None
