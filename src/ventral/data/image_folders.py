"""The images of a folder.

Imports nothing heavy, because the workflow lists images when it is parsed.
"""

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from ventral.errors import VentralError

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")


PATTERN = re.compile(r"\{[^{}]*\}|<[^<>]*>")
"""What the rules read as a wildcard or a path variable; an input has no way to escape it."""


def refused_name(path: str | Path) -> str | None:
    """Return why a path cannot be the input of a step, or None.

    Parameters
    ----------
    path : str or Path
        Of a file or a folder, as the config has it.

    Returns
    -------
    str or None
        The second half of a sentence, with the remedy.
    """
    found = PATTERN.search(str(path))
    if not found:
        return None
    return (
        f"has {found[0]} in its path, which the rules read as a pattern; rename it without the"
        " brackets"
    )


def images_in(folder: Path) -> list[Path]:
    """Return the images in a folder and its subfolders, those behind symbolic links too.

    Parameters
    ----------
    folder : Path
        The folder.

    Returns
    -------
    list of Path
        Sorted, without hidden files and files in hidden folders.
    """
    images: list[Path] = []
    above: dict[str, frozenset[str]] = {str(folder): frozenset()}
    for name, inside, files in os.walk(folder, followlinks=True):
        behind = above.pop(name) | {os.path.realpath(name)}
        inside[:] = [
            each
            for each in inside
            if not each.startswith(".") and os.path.realpath(os.path.join(name, each)) not in behind  # noqa: PTH118 (as os.walk)
        ]
        above |= {os.path.join(name, each): behind for each in inside}  # noqa: PTH118
        images += (Path(name) / each for each in files if not each.startswith("."))
    return sorted(
        path for path in images if path.suffix.lower() in IMAGE_ENDINGS and path.is_file()
    )


def list_images(
    files: Mapping[str, Mapping], may_be_folders: Collection[str]
) -> dict[str, Mapping]:
    """Return the files of a config section, with the images of a folder one by one.

    A folder that is an input is not looked into when the workflow is planned, but each file is
    compared by content.

    Parameters
    ----------
    files : Mapping
        {key: entry} of the section.
    may_be_folders : collection of str
        Keys whose ``path`` may be a folder of images.

    Returns
    -------
    dict
        The same, where an image of a folder has the key ``{key}/{its path in the folder}``.

    Raises
    ------
    VentralError
        Naming the key of a folder that has no image, or an image whose name the rules would
        read as a pattern.

    """
    listed: dict[str, Mapping] = {}
    for key, entry in files.items():
        folder = Path(entry.get("path", ""))
        if key not in may_be_folders or "path" not in entry or not folder.is_dir():
            listed[key] = entry
            continue
        images = images_in(folder)
        if not images:
            raise VentralError(
                f"{key}: folder {folder} has no image; put JPEG, PNG or WebP files there, or name"
                " another folder"
            )
        for path in images:
            refusal = refused_name(path.relative_to(folder))
            if refusal:
                raise VentralError(f"{key}: image {str(path)!r} {refusal}")
            listed[f"{key}/{path.relative_to(folder)}"] = {"path": str(path)}
    return listed
