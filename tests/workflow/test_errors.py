"""Bad files stop their job with one sentence and leave no output that looks complete."""

import io
import os
import pickle
import re
import zipfile
from hashlib import sha256

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from helpers import snakemake
from ventral.networks.build import build_model

N_IMAGES, N_SITES = 24, 5
RESULTS = "results/session"


class Code:
    """Unpickled, it makes a folder."""

    def __reduce__(self):
        return os.mkdir, ("was_here",)


def image(seed):
    content = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(content, "png")
    return content.getvalue()


@pytest.fixture
def project(tmp_path):
    """Give a session of the V4 study in small, and a config that names its files by path."""
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for i in range(N_IMAGES):
            archive.writestr(f"image{i:04}.png", image(i))
    responses = np.random.default_rng(0).normal(size=(N_SITES, N_IMAGES))
    np.save(tmp_path / "responses.npy", responses)
    model = build_model({"architecture": "squeezenet1_1"}, None, 0)
    torch.save(model.state_dict(), tmp_path / "weights.pth")
    write_config(tmp_path)
    return tmp_path


def write_config(folder, **sums):
    def file(name):
        return {"path": name, **({"sha256": sums[name]} if name in sums else {})}

    config = {
        "datasets": {
            "session": {
                "source": "cowley_v4",
                "stimuli": {"files": {"images": file("images.zip")}},
                "responses": {"session": "1", "files": {"responses": file("responses.npy")}},
            }
        },
        "models": {
            "net": {
                "architecture": "squeezenet1_1",
                "weights": file("weights.pth"),
                "preprocessing": {"size": 32},
                "taps": {"main": ["features.3"]},
            }
        },
        "pca": {"n_components": 4},
        "readouts": {"ridge_cv": {"method": "ridge_cv", "features": "pcs"}},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def run(project, *targets):
    return snakemake(project, *targets, "--configfile", str(project / "config.yaml"))


def test_the_small_session_is_fine(project):
    right = sha256((project / "images.zip").read_bytes()).hexdigest()
    write_config(project, **{"images.zip": right})
    done = run(project)
    assert done.returncode == 0, done.stdout[-3000:]
    assert (project / RESULTS / "figures" / "score_along_layers.png").exists()


def wrong_sum(project):
    write_config(project, **{"images.zip": "0" * 64})


def truncated_zip(project):
    content = (project / "images.zip").read_bytes()
    (project / "images.zip").write_bytes(content[: len(content) // 2])


def climbing_entry(project):
    with zipfile.ZipFile(project / "images.zip", "a") as archive:
        archive.writestr("../../outside.png", image(99))


def too_few_columns(project):
    np.save(project / "responses.npy", np.zeros((N_SITES, N_IMAGES - 1)))


def infinite_response(project):
    responses = np.load(project / "responses.npy")
    responses[2, 7] = np.inf
    np.save(project / "responses.npy", responses)


def code_in_responses(project):
    np.save(project / "responses.npy", np.array([Code()], dtype=object), allow_pickle=True)


def missing_weight(project):
    state = torch.load(project / "weights.pth")
    del state["features.3.squeeze.weight"]
    torch.save(state, project / "weights.pth")


def code_in_weights(project):
    (project / "weights.pth").write_bytes(pickle.dumps({"features.3.squeeze.weight": Code()}))


def no_such_file(project):
    (project / "images.zip").unlink()


BAD = [
    (wrong_sum, "stimuli.json", r"images\.zip has the sha256 .*, and 0000"),
    (truncated_zip, "stimuli.json", r"images\.zip"),
    (climbing_entry, "stimuli.json", r"outside\.png"),
    (too_few_columns, "responses.json", r"responses\.npy.*23.*24"),
    (infinite_response, "responses.json", r"responses\.npy.*image0007"),
    (code_in_responses, "responses.json", r"responses\.npy"),
    (missing_weight, "activations/net/main.json", r"weights\.pth.*features\.3\.squeeze\.weight"),
    (code_in_weights, "activations/net/main.json", r"weights\.pth is refused.*code"),
    (no_such_file, "stimuli.json", r"images\.zip"),
]


@pytest.mark.parametrize(("spoil", "target", "sentence"), BAD, ids=[bad[0].__name__ for bad in BAD])
def test_a_bad_file_stops_its_job(project, spoil, target, sentence):
    spoil(project)
    done = run(project, f"{RESULTS}/{target}")
    assert done.returncode != 0
    assert re.search(sentence, done.stdout), done.stdout[-3000:]
    assert "Traceback" not in done.stdout
    manifest = project / RESULTS / target
    assert not manifest.exists()
    assert not manifest.with_suffix(".zarr").exists()
    assert not (project / "was_here").exists()
    assert not list(project.rglob("*.partial"))
    assert not list(project.parent.rglob("outside.png"))


def test_an_unknown_layer_is_refused_before_any_job(project):
    config = yaml.safe_load((project / "config.yaml").read_text())
    config["models"]["net"]["taps"]["main"] = ["feature.3"]
    (project / "config.yaml").write_text(yaml.safe_dump(config))
    done = run(project)
    assert done.returncode != 0
    assert "models: net: taps: main: layer 'feature.3' is unknown; did you mean" in done.stdout
    assert "features.3" in done.stdout
    assert not (project / "results").exists()


def test_more_components_than_rank_say_both_numbers(project):
    config = yaml.safe_load((project / "config.yaml").read_text())
    config["pca"]["n_components"] = 40
    (project / "config.yaml").write_text(yaml.safe_dump(config))
    done = run(project, f"{RESULTS}/pca/net/main.json")
    assert "layer 'features.3': 40 principal components are asked for" in done.stdout
    assert "have rank 15" in done.stdout
