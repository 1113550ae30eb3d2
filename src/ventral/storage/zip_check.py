"""Whether a zip file, such as `torch.save` writes, is undamaged."""

import zipfile
import zlib
from pathlib import Path
from struct import error as StructError

DAMAGED = (
    EOFError,
    LookupError,
    RuntimeError,
    ValueError,
    StructError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What `zipfile` raises for a damaged file."""


def verify_zip(path: str | Path) -> None:
    """Compare the checksum of every part of a zip file; torch writes them and never looks at them.

    A file that does not end as a zip file does is left to its own reader.

    Parameters
    ----------
    path : str or Path
        Of the file.

    Raises
    ------
    ValueError
        Where a part is damaged.
    OSError
        Where the file cannot be read.

    """
    try:
        if not zipfile.is_zipfile(path):
            return
        with zipfile.ZipFile(path) as file:
            damaged = file.testzip()
    except DAMAGED as error:
        raise ValueError(f"its parts cannot be read: {error}") from error
    if damaged:
        raise ValueError(f"its part {damaged!r} is not what was written")
