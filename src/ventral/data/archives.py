"""Images of a zip archive, read one at a time and never unpacked to disk."""

import io
import lzma
import re
import stat
import warnings
import zipfile
import zlib
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from ventral.data.image_folders import IMAGE_ENDINGS
from ventral.errors import VentralError
from ventral.machine_errors import reading_error

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_BIT_DEPTH = 24
"""Its place in the header. Pillow silently keeps the high bytes alone of colours of 16 bits."""
FORMATS = ("JPEG", "PNG", "WEBP")
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
"""Pillow's modes of at most 8 bits per channel; larger values would be clipped to uint8."""

BACKGROUND = (128, 128, 128, 255)
"""Mid grey behind transparent pixels, as the usual screen between stimuli."""

MAX_UNPACKED = 8 * 2**30
"""Largest unpacked size of an archive in bytes."""

MAX_RATIO = 200
"""Largest ratio of unpacked to packed size; images barely shrink, deflate bombs reach 1000."""

RATIO_FLOOR = 2**20
"""Entries of fewer bytes may have any ratio: an empty table, a log."""

ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    MemoryError,
    RuntimeError,  # includes NotImplementedError, for an unknown compression method
)
IMAGE_ERRORS = (OSError, SyntaxError, ValueError, EOFError, TypeError, IndexError, MemoryError)


class ImageArchive:
    """The images of a zip archive, in the archive's order.

    Folders, ``__MACOSX``, hidden files and files without the ending of an image are skipped.

    Parameters
    ----------
    path : str or Path
        The archive.
    limit : int
        Largest unpacked size of all entries together, in bytes.

    Attributes
    ----------
    names : list of str
        The path of each image within the archive.

    Raises
    ------
    VentralError
        If the file is not a valid zip archive, has no image, or unpacks to more than `limit`
        bytes; or if any entry has a path that leads out of the archive, is a link, is encrypted, or
        unpacks to more than `MAX_RATIO` times its size. The message names archive and entry.
    """

    def __init__(self, path: str | Path, limit: int = MAX_UNPACKED) -> None:
        self.path = Path(path)
        try:
            self._zip = zipfile.ZipFile(self.path)
        except ZIP_ERRORS as error:
            what = f"{self.path} is not a valid zip archive: {error}"
            raise reading_error(self.path, error, what) from error
        entries = self._zip.infolist()
        for entry in entries:
            refusal = _refusal(entry)
            if refusal:
                raise VentralError(f"{self.path}: entry {entry.orig_filename!r} {refusal}")
        unpacked = sum(entry.file_size for entry in entries)
        if unpacked > limit:
            raise VentralError(f"{self.path} unpacks to {unpacked} bytes; the limit is {limit}")
        self._entries = [entry for entry in entries if _is_image(entry)]
        if not self._entries:
            raise VentralError(f"{self.path} contains no image ({', '.join(IMAGE_ENDINGS)})")
        self.names = [entry.filename for entry in self._entries]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._entries)

    def read_image(self, i: int) -> np.ndarray:
        """Read one image.

        Greyscale is repeated over the channels, and transparent pixels are put over `BACKGROUND`.
        An EXIF orientation is ignored: the pixels are returned as they are stored.

        Parameters
        ----------
        i : int
            Index into `names`.

        Returns
        -------
        ndarray, (height, width, 3), uint8

        Raises
        ------
        VentralError
            If the entry or the image is damaged, has more than 8 bits per channel, or has more than
            `Image.MAX_IMAGE_PIXELS` pixels. The message names archive and entry.
        """
        entry = self._entries[i]
        try:
            packed = self._zip.read(entry)  # all of it, so that its CRC is verified
        except ZIP_ERRORS as error:
            what = f"{self.path}: image {entry.filename!r} is damaged: {error}"
            raise reading_error(self.path, error, what) from error
        return decode_image(packed, f"{self.path}: image {entry.filename!r}")


def decode_image(packed: bytes, name: str) -> np.ndarray:
    """Decode an image file.

    Parameters
    ----------
    packed : bytes
        Content of the file.
    name : str
        Name of the image in error messages.

    Returns
    -------
    ndarray, (height, width, 3), uint8
        See `ImageArchive.read_image`.

    Raises
    ------
    VentralError
        As `ImageArchive.read_image`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(packed), formats=FORMATS) as image:
                if image.mode not in MODES:
                    raise VentralError(
                        f"{name} has mode {image.mode}; it needs at most 8 bits per channel"
                    )
                if packed.startswith(PNG_SIGNATURE) and packed[PNG_BIT_DEPTH] > 8:
                    raise VentralError(
                        f"{name} has {packed[PNG_BIT_DEPTH]} bits per channel; convert it to 8,"
                        " with the range that the monkey saw"
                    )
                return np.array(flatten(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise VentralError(f"{name} is too large: {error}") from error
    except IMAGE_ERRORS as error:
        raise reading_error(name, error, f"{name} is not a valid image: {error}") from error


def flatten(image: Image.Image) -> Image.Image:
    """Return an image in RGB, with transparent pixels over `BACKGROUND`."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    background = Image.new("RGBA", image.size, BACKGROUND)
    return Image.alpha_composite(background, image.convert("RGBA")).convert("RGB")


def _refusal(entry: zipfile.ZipInfo) -> str | None:
    """Return why an entry is refused, or None."""
    name = entry.orig_filename
    if "\\" in name or "\0" in name:
        return "has a backslash or a zero byte in its path"
    if name.startswith("/") or re.match("[A-Za-z]:", name):
        return "has an absolute path"
    if ".." in name.split("/"):
        return "leads out of the archive's folder"
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or another special file"
    if entry.flag_bits & 0x1:
        return "is encrypted"
    if entry.file_size > max(RATIO_FLOOR, MAX_RATIO * entry.compress_size):
        return f"unpacks from {entry.compress_size} to {entry.file_size} bytes: a bomb?"
    return None


def _is_image(entry: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(entry.filename)
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return not entry.is_dir() and not hidden and path.suffix.lower() in IMAGE_ENDINGS
