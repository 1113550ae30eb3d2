"""Nothing is learnt from validation and test: their responses change no train-side file."""

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from helpers import snakemake

N, SITES = 48, 3
SPLIT = np.array(["train", "train", "train", "validation", "test", "train"] * 8)
CONFIG = {
    "datasets": {
        "mine": {
            "source": "files",
            "stimuli": {
                "image_size": 16,
                "files": {"images": {"path": "images"}, "table": {"path": "table.csv"}},
            },
            "responses": {"region": "IT", "files": {"responses": {"path": "responses.csv"}}},
        }
    },
    "models": {
        "pixels": {
            "architecture": "pixels",
            "preprocessing": {"size": 16},
            "taps": {"main": ["pixels"]},
            "readouts": ["ridge_raw", "ridge_cv"],
        },
        # One epoch leaves validation nothing to choose.
        "trained": {
            "architecture": "ventral.networks.shallow_cnn:shallow_cnn",
            "arguments": {"layers": 4},
            "preprocessing": {"size": 16},
            "taps": {"main": ["stage4"]},
            "training": {"task": "responses", "epochs": 1, "batch_size": 8},
            "readouts": ["ridge_cv", "head"],
        },
    },
    "pca": {"n_components": 6},
    "readouts": {
        "ridge_raw": {"method": "ridge", "features": "raw", "alpha": 1.0},
        "ridge_cv": {"method": "ridge_cv", "features": "pcs"},
        "head": {"method": "head"},
    },
    "scores": {"n_bootstrap": 10},
}
SCORES = "results/mine/scores.csv"
TRAIN_SIDE = (
    "stimuli.json",
    "split.csv",
    "activations/**/*.json",
    "gram/**/*.json",
    "pca/**/*.json",
    "fits/**/*.json",
    "heads/*.json",
    "checkpoints/*.pt",
)
pytestmark = pytest.mark.slow


def run(folder, scramble):
    """Run the workflow on the same images; scrambled, other splits' responses are noise."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (N, 16, 16, 3), dtype=np.uint8)
    (folder / "images").mkdir(parents=True)
    names = [f"s{row:02}" for row in range(N)]
    for name, picture in zip(names, pictures, strict=True):
        Image.fromarray(picture).save(folder / "images" / f"{name}.png")
    pd.DataFrame({"stimulus_id": names, "split": SPLIT}).to_csv(folder / "table.csv", index=False)
    responses = pictures.mean(axis=(1, 2)) + rng.normal(size=(N, SITES))
    if scramble:
        others = SPLIT != "train"
        responses[others] = 1e3 * np.random.default_rng(1).normal(size=(others.sum(), SITES))
    table = pd.DataFrame(responses, columns=list("abc"))
    table.insert(0, "stimulus_id", names)
    table.to_csv(folder / "responses.csv", index=False)
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    done = snakemake(folder, SCORES, "--configfile", str(folder / "config.yaml"))
    assert done.returncode == 0, done.stdout[-3000:]
    return folder / "results" / "mine"


def test_responses_of_other_splits_change_no_train_side_file(tmp_path):
    first, second = run(tmp_path / "first", False), run(tmp_path / "second", True)
    compared = 0
    for pattern in TRAIN_SIDE:
        files = sorted(path.relative_to(first) for path in first.glob(pattern))
        assert files, pattern
        for file in files:
            assert (first / file).read_bytes() == (second / file).read_bytes(), file
            compared += 1
    assert compared > 10
    assert (first / "responses.json").read_bytes() != (second / "responses.json").read_bytes()
    scores = [pd.read_csv(results / "scores.csv") for results in (first, second)]
    of_train = [table[table["split"] == "train"].reset_index(drop=True) for table in scores]
    pd.testing.assert_frame_equal(*of_train)
    others = [table.loc[table["split"] != "train", "r2"].to_numpy() for table in scores]
    assert (others[0] != others[1]).all()
