"""The width of the blocks of a content digest, apart so that a plan needs no Zarr to know it."""

DIGEST_COLUMNS = 16_384
"""Width in features of the blocks that `ventral.store.ContentDigest` hashes; a part of the
digest's meaning."""
