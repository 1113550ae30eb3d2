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

FORMATS = ("JPEG", "PNG", "WEBP")
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
"""Pillow's modes of 8 bits or less per channel; more would be clipped on the way to uint8."""
BACKGROUND = (128, 128, 128, 255)
"""Mid grey, which transparent pixels are laid over: the usual screen between stimuli."""
MAX_UNPACKED = 8 * 2**30
MAX_RATIO = 200
"""Unpacked by packed size; images hardly shrink, and deflate's bombs reach 1000."""
RATIO_FLOOR = 2**20
"""Entries smaller than this may shrink as they like: an empty table, a log."""

ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,  # NotImplementedError too: a compression that zipfile does not know
)
IMAGE_ERRORS = (OSError, SyntaxError, ValueError, EOFError, TypeError, IndexError, MemoryError)


class ImageArchive:
    """The images of a zip archive, in the archive's order.

    names: the path of each image within the archive. Folders, ``__MACOSX``, hidden files and
        files that are no images by their ending are passed over.

    Opening it raises `VentralError`, naming the archive and the entry, for a file that is no whole
    zip, for an entry (image or not) whose path leads out of the archive, that is a link or is
    encrypted, for one that unpacks to more than `MAX_RATIO` times its size, where all entries
    together unpack to more than `limit` bytes, and where there is no image.
    """

    def __init__(self, path: str | Path, limit: int = MAX_UNPACKED):
        self.path = Path(path)
        try:
            self._zip = zipfile.ZipFile(self.path)
        except ZIP_ERRORS as error:
            raise VentralError(f"{self.path} is no whole zip archive: {error}") from error
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
            raise VentralError(f"{self.path} holds no image ({', '.join(IMAGE_ENDINGS)})")
        self.names = [entry.filename for entry in self._entries]

    def __len__(self) -> int:
        """Count the images."""
        return len(self._entries)

    def read_image(self, i: int) -> np.ndarray:
        """Return image i as (height, width, 3) uint8.

        Greyscale is repeated over the channels, transparency is laid over `BACKGROUND`. An EXIF
        orientation is left alone: the pixels come as they are stored.

        Raises `VentralError`, naming the archive and the entry, for a damaged entry or image, one
        with more than 8 bits a channel, and one of more than `Image.MAX_IMAGE_PIXELS` pixels.
        """
        entry = self._entries[i]
        try:
            packed = self._zip.read(entry)  # whole, so that its CRC is checked
        except ZIP_ERRORS as error:
            raise self._error(entry, f"is damaged: {error}") from error
        return decode_image(packed, f"{self.path}: image {entry.filename!r}")

    def _error(self, entry: zipfile.ZipInfo, what: str) -> VentralError:
        return VentralError(f"{self.path}: image {entry.filename!r} {what}")


def decode_image(packed: bytes, name: str) -> np.ndarray:
    """Return an image file's content as (height, width, 3) uint8; see `ImageArchive.read_image`.

    name: what an error calls the image.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(packed), formats=FORMATS) as image:
                if image.mode not in MODES:
                    raise VentralError(f"{name} is of mode {image.mode}; 8 bits are wanted")
                return np.array(_flatten(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise VentralError(f"{name} is too large: {error}") from error
    except IMAGE_ERRORS as error:
        raise VentralError(f"{name} is no whole image: {error}") from error


def _flatten(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    background = Image.new("RGBA", image.size, BACKGROUND)
    return Image.alpha_composite(background, image.convert("RGBA")).convert("RGB")


def _refusal(entry: zipfile.ZipInfo) -> str | None:
    """Say why an entry is refused, or nothing."""
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
