"""The images of a folder. Imports nothing heavy: the workflow lists them when it is parsed."""

from pathlib import Path

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")


def images_in(folder: Path) -> list[Path]:
    """Return the images of a folder and of the folders in it, sorted; hidden ones are left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in IMAGE_ENDINGS
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
