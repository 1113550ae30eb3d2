"""The files that a data set or a model names, and what is tracked of them.

What is tracked of a file is its content: its digest where it has a ``path``, whatever its times
are, and the sum that the config gives where it is downloaded. Its address is not tracked.
"""

from collections.abc import Mapping
from typing import Any

from ventral.data.image_folders import list_images
from ventral.errors import VentralError
from ventral.networks.named_models import HOW_LOADED
from ventral.storage.file_digests import file_digest, folder_digest
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


def tracked_weights(model: Model) -> str | dict[str, Any] | None:
    """Return a model's weights as they are tracked: of a file its sums, and how it is loaded.

    Of a file with a ``path`` the sha256 is that of its content as it is now.

    Raises
    ------
    VentralError
        The file cannot be read.

    """
    if not isinstance(model.weights, Mapping):
        return model.weights
    sums: dict[str, Any] = tracked_sums(model.weights)
    if "path" in model.weights:
        sums["sha256"] = file_digest(model.weights["path"])
    return sums | {key: model.weights[key] for key in HOW_LOADED if key in model.weights}


def shown_weights(model: Model) -> str | dict[str, str] | None:
    """Return a model's weights as tables name them: of a file what the config says of it."""
    if isinstance(model.weights, Mapping):
        return tracked_sums(model.weights)
    return model.weights


def tracked_content(dataset: Dataset, *sections: str) -> dict[str, str]:
    """Return the digest of each file with a ``path`` that sections of an entry name.

    Parameters
    ----------
    dataset : Dataset
    *sections : str
        ``stimuli``, ``responses``.

    Returns
    -------
    dict
        {key: sha256}. A folder of images has one digest, of all their names and contents.

    Raises
    ------
    VentralError
        A file cannot be read, or a folder of images has no image.

    """
    content = {}
    for section in sections:
        images: dict[str, dict[str, str]] = {}
        named = dataset.config.get(section, {}).get("files", {})
        for key, file in _files_of_section(dataset, section).items():
            folder = key.partition("/")[0]
            if key not in named:
                images.setdefault(folder, {})[key] = file["path"]
            elif "path" in file:
                content[key] = file_digest(file["path"])
        content |= {folder: folder_digest(files) for folder, files in images.items()}
    return content


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
