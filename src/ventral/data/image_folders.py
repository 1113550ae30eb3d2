"""The images of a folder.

Imports nothing heavy, because the workflow lists images when it is parsed.
"""

from pathlib import Path

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")


def images_in(folder: Path) -> list[Path]:
    """Return the images in a folder and its subfolders.

    Parameters
    ----------
    folder : Path
        The folder.

    Returns
    -------
    list of Path
        Sorted, without hidden files and files in hidden folders.
    """
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in IMAGE_ENDINGS
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
