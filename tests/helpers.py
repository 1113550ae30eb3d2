"""What several test files build."""

import logging
import os
import runpy
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np

from ventral.features.gram import gram_matrix
from ventral.storage.digests import ContentDigest
from ventral.storage.store import Store
from ventral.storage.store_writer import write_store

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


def store_layer(
    path: Path, values: np.ndarray, chunks=None, name: str = "layer1.0", scale_factor: float = 1.0
) -> Store:
    """Write activations, (stimuli, features), as an extraction would."""
    digest = ContentDigest(values.shape, values.dtype)
    digest.update_rows(values)
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_store(path) as writer:
        array = writer.create(
            name,
            values.shape,
            values.dtype,
            ("stimulus", "feature"),
            chunks=chunks,
            attributes={"scale_factor": scale_factor},
        )
        array[...] = values
        facts = {"scale_factor": scale_factor}
        writer.record(name, values.shape, values.dtype, digest, facts)
    return Store(path)


def layer_gram(folder: Path, values: np.ndarray) -> np.ndarray:
    """Return the Gram matrix of features that went through a store."""
    return gram_matrix(store_layer(folder / "layer.zarr", values), "layer1.0")


class Named(dict):
    """What a script reads as ``snakemake.input.name`` or ``snakemake.input[0]``."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, key):
        return list(self.values())[key] if isinstance(key, int) else super().__getitem__(key)


def run_step(rule: str, folder: Path, **parts: dict) -> None:
    """Run the script of a rule in this process, as one of its jobs would.

    parts: ``input``, ``output``, ``params``, ``wildcards``, ``config``.
    """
    job = Named(
        {name: Named(part) for name, part in parts.items()},
        log=[str(folder / "log.txt")],
        threads=1,
    )
    for path in job.get("output", {}).values():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    script = ROOT / "workflow" / "scripts" / f"{rule}.py"
    root, shown = logging.getLogger(), warnings.formatwarning
    handlers, level = list(root.handlers), root.level
    try:
        runpy.run_path(str(script), init_globals={"snakemake": job})
    finally:  # what the job's log has changed
        logging.captureWarnings(False)
        warnings.formatwarning = shown
        root.handlers[:], root.level = handlers, level
