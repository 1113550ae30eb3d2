"""Whether a zip file, such as `torch.save` writes, is as it was written."""

import zipfile
import zlib
from pathlib import Path
from struct import error as StructError


def verify_zip(path: str | Path) -> None:
    """Compare the checksum of every part of a zip file; torch writes them and never looks at them.

    Raises `ValueError` for a damaged file, `OSError` for one that cannot be read. A file that does
    not end as a zip file does is left to its own reader.
    """
    try:
        if not zipfile.is_zipfile(path):
            return
        with zipfile.ZipFile(path) as file:
            damaged = file.testzip()
    except (
        *(zipfile.BadZipFile, zlib.error, StructError, EOFError, LookupError, RuntimeError),
        ValueError,
    ) as error:
        raise ValueError(f"its parts cannot be read: {error}") from error
    if damaged:
        raise ValueError(f"its part {damaged!r} is not what was written")
