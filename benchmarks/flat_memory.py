"""Peak memory of extraction and of the Gram matrix for a layer whose activations are 4 GB.

A convolution that gives 64 × 112 × 112 activations of a 224-px image is recorded on 2592 stimuli:
4.2 GB in float16. Extraction and Gram matrix each run in a process of their own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

LAYER = "0"


def write_small_stimuli(path: Path, n: int) -> None:
    """Write n random 64-px images."""
    from ventral.data.stimuli import StimulusSet, write_stimuli

    table = pd.DataFrame({"stimulus_id": [f"s{i}" for i in range(n)], "split": "train"})

    def image(i: int) -> np.ndarray:
        return np.random.default_rng(i).integers(0, 256, (64, 64, 3), dtype=np.uint8)

    write_stimuli(path, StimulusSet(table, 64, 64, image))


def extract(folder: Path) -> None:
    """Record the convolution."""
    import torch

    from ventral.activations.extract import extract_activations
    from ventral.networks.preprocessing import Preprocessing

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 64, 7, stride=2, padding=3))
    extract_activations(
        folder / "stimuli.zarr", model, [LAYER], Preprocessing(224), folder / "activations"
    )


def gram(folder: Path) -> None:
    """Stream the Gram matrix."""
    from ventral.features.gram import gram_matrix
    from ventral.storage.store import Store

    gram_matrix(Store(folder / "activations.zarr"), LAYER)


def main() -> None:
    """Measure both, or one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stimuli", type=int, nargs="+", default=[648, 2592])
    parser.add_argument("--only", choices=["extract", "gram"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        start = time.monotonic()
        from ventral.storage.codecs import compiled_codecs

        with compiled_codecs():  # as jobs do
            {"extract": extract, "gram": gram}[given.only](given.folder)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps({"seconds": time.monotonic() - start, "peak_gib": peak}))
        return
    for n in given.stimuli:
        with tempfile.TemporaryDirectory() as folder:
            write_small_stimuli(Path(folder) / "stimuli.zarr", n)
            print(f"{n} stimuli, {n * 802_816 * 2 / 1e9:.1f} GB of activations")
            for name in ("extract", "gram"):
                done = subprocess.run(
                    [sys.executable, __file__, "--only", name, "--folder", folder],
                    check=True,
                    capture_output=True,
                    text=True,
                )
                found = json.loads(done.stdout)
                print(f"  {name:8} {found['seconds']:7.1f} s, peak {found['peak_gib']:.2f} GiB")


if __name__ == "__main__":
    main()
