"""Principal components and ridge_cv of one layer, against scikit-learn on the same features.

Ours starts from the activation store on disk; scikit-learn starts from the array in memory. Each
runs in a process of its own, one after the other. Printed: seconds, peak memory, ratios, and how
far the results lie apart.
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
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeCV

from ventral.features.gram import gram_matrix
from ventral.features.pca import fit_pca
from ventral.readouts.regression import fit_ridge_cv
from ventral.storage.codecs import compiled_codecs
from ventral.storage.digests import ContentDigest
from ventral.storage.store import Store
from ventral.storage.store_writer import write_store

ALPHAS = np.logspace(-12, 12, 26)


def write_layer(path: Path, n: int, p: int) -> None:
    """Write activations with a falling spectrum, a few rows at a time."""
    rng = np.random.default_rng(0)
    loadings = rng.standard_normal((256, p), dtype=np.float32)
    loadings *= np.arange(1, 257, dtype=np.float32)[:, None] ** -0.5
    digest = ContentDigest((n, p), "float16")
    with write_store(path) as store:
        array = store.create(
            "layer", (n, p), "float16", ("stimulus", "feature"), chunks=(256, 16_384)
        )
        for start in range(0, n, 256):
            count = min(256, n - start)
            rows = rng.standard_normal((count, 256), dtype=np.float32) @ loadings
            rows = (rows + rng.standard_normal((count, p), dtype=np.float32)).astype(np.float16)
            array[start : start + count] = rows
            digest.update_rows(rows)
        store.record("layer", (n, p), "float16", digest)


def problem(n: int, sites: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the train rows and the responses, (n, sites)."""
    rng = np.random.default_rng(1)
    return np.arange(int(n * 0.9)), rng.standard_normal((n, sites))


def ours(path: Path, n: int, k: int, sites: int) -> np.ndarray:
    """Return predictions for the test rows, from the store."""
    train, responses = problem(n, sites)
    components = fit_pca(gram_matrix(Store(path), "layer"), train, k)
    readout = fit_ridge_cv(
        components.scores[train], components.eigenvalues, responses[train], ALPHAS
    )
    return readout.predict(components.scores[len(train) :])


def theirs(path: Path, n: int, k: int, sites: int) -> np.ndarray:
    """Return predictions for the test rows, by scikit-learn."""
    train, responses = problem(n, sites)
    features = Store(path).read_slice("layer", ...).astype(np.float32)
    pca = PCA(k, svd_solver="full").fit(features[train])
    readout = RidgeCV(ALPHAS, alpha_per_target=True)
    readout.fit(pca.transform(features[train]), responses[train])
    return readout.predict(pca.transform(features[len(train) :]))


def main() -> None:
    """Measure both, or one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stimuli", type=int, default=2592)
    parser.add_argument("--features", type=int, default=100_352)
    parser.add_argument("--components", type=int, default=1000)
    parser.add_argument("--sites", type=int, default=168)
    parser.add_argument("--only", choices=["ours", "theirs"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        start = time.monotonic()
        path = given.folder / "layer.zarr"
        function = {"ours": ours, "theirs": theirs}[given.only]
        predictions = function(path, given.stimuli, given.components, given.sites)
        seconds = time.monotonic() - start
        np.save(given.folder / f"{given.only}.npy", predictions)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps({"seconds": seconds, "peak_gib": peak}))
        return
    with tempfile.TemporaryDirectory() as folder:
        write_layer(Path(folder) / "layer.zarr", given.stimuli, given.features)
        found = {}
        for name in ("ours", "theirs"):
            command = [sys.executable, __file__, *sys.argv[1:], "--only", name, "--folder", folder]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[name] = json.loads(done.stdout)
            print(f"{name:8} {found[name]['seconds']:8.1f} s {found[name]['peak_gib']:6.2f} GiB")
        for measure in ("seconds", "peak_gib"):
            print(f"ratio of {measure}: {found['theirs'][measure] / found['ours'][measure]:.1f}")
        apart = np.abs(
            np.load(Path(folder) / "ours.npy") - np.load(Path(folder) / "theirs.npy")
        ).max()
        print(f"largest difference of a prediction (responses have variance 1): {apart:.1e}")


if __name__ == "__main__":
    with compiled_codecs():  # as jobs do
        main()
