"""What several test files build."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from ventral.features.gram import gram_matrix
from ventral.store import ContentDigest, Store, write_store

ROOT = Path(__file__).parents[1]


def snakemake(
    folder: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the workflow as a user would, in a working folder of its own; all output is stdout."""
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", "--directory", str(folder), *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def store_layer(path: Path, values: np.ndarray, chunks=None, name: str = "layer1.0") -> Store:
    """Write activations, (stimuli, features), as an extraction would."""
    digest = ContentDigest(values.shape, values.dtype)
    digest.update_rows(values)
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_store(path) as writer:
        array = writer.create(
            name, values.shape, values.dtype, ("stimulus", "feature"), chunks=chunks
        )
        array[...] = values
        writer.record(name, values.shape, values.dtype, digest)
    return Store(path)


def layer_gram(folder: Path, values: np.ndarray) -> np.ndarray:
    """Return the Gram matrix of features that went through a store."""
    return gram_matrix(store_layer(folder / "layer.zarr", values), "layer1.0")
