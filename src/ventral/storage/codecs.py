"""Which code compresses and decompresses the chunks of a store.

The compiled pipeline of `zarrs` is several times faster than Zarr's own. It is a setting of the
whole process, so importing this package leaves it alone: a job asks for it, and puts it back.
"""

import contextlib
import os
import sys
from collections.abc import Iterator

SETTING = "ZARR_CODEC_PIPELINE__PATH"
"""The environment variable from which Zarr takes the setting when it is imported."""

COMPILED = "zarrs.ZarrsCodecPipeline"
OWN = "zarr.core.codec_pipeline.BatchedCodecPipeline"


@contextlib.contextmanager
def compiled_codecs() -> Iterator[None]:
    """Let Zarr use the compiled pipeline inside the block, whether or not it is imported yet.

    A pipeline that the user's environment names is left in place. Zarr is not imported here, since
    many jobs do not need it.
    """
    if SETTING in os.environ:
        yield
        return
    before = _set_where_imported(COMPILED)
    os.environ[SETTING] = COMPILED
    try:
        yield
    finally:
        del os.environ[SETTING]
        _set_where_imported(before)


def use_own_codecs() -> None:
    """Let Zarr use its own pipeline in this process, from now on.

    For a process that was forked: the threads of the compiled pipeline do not survive a fork.
    """
    _set_where_imported(OWN)


def _set_where_imported(pipeline: str) -> str:
    """Return the pipeline that was set before; `OWN` where Zarr is not imported yet."""
    zarr = sys.modules.get("zarr")
    if zarr is None:
        return OWN
    before = zarr.config.get("codec_pipeline.path")
    zarr.config.set({"codec_pipeline.path": pipeline})
    return str(before)
