"""Models of three libraries: ``fetch`` from a hub, then a plan and a run without any network."""

import json

import pytest
import yaml
from huggingface_hub import constants

from helpers import snakemake
from named_models import COMMIT, HUGGINGFACE, OPEN_CLIP, TIMM, hub, write_all
from ventral.networks.model_files import fetch_model
from ventral.storage.store import Store

pytestmark = pytest.mark.slow

CONFIG = {
    "datasets": {
        "small": {
            "source": "simulated",
            "stimuli": {"image_size": 32, "images_per_object": 6},
            "responses": {"n_it_sites": 2, "n_v4_sites": 2, "repetitions": 2},
        }
    },
    "models": {
        "vit": {**TIMM, "taps": {"main": ["blocks.0", "blocks.2"]}},
        "dino": {**HUGGINGFACE, "revision": "v1", "taps": {"main": ["encoder.layer.1"]}},
        "clip": {**OPEN_CLIP, "taps": {"main": ["transformer.resblocks.1"]}},
    },
    "readouts": {"ridge": {"method": "ridge", "features": "raw", "alpha": 1.0}},
}


def test_fetched_from_a_hub_and_found_without_it(tmp_path, monkeypatch):
    write_all(tmp_path / "hub")
    project = tmp_path / "project"
    project.mkdir()
    (project / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    arguments = "--configfile", str(project / "config.yaml")
    environment = {
        **{"VENTRAL_MIRRORS": "", "VENTRAL_CACHE": str(tmp_path / "cache")},
        **{"XDG_CACHE_HOME": str(tmp_path / "known"), "HF_HOME": str(tmp_path / "hf")},
        **{"no_proxy": "127.0.0.1", "HF_HUB_DISABLE_TELEMETRY": "1"},
    }
    targets = [f"results/small/activations/{model}/main.json" for model in CONFIG["models"]]
    early = snakemake(project, "-n", *targets, *arguments, **environment)  # asks no hub
    assert early.returncode == 0, early.stdout[-3000:]
    with hub(tmp_path / "hub") as address:
        fetched = snakemake(project, "fetch", *arguments, **environment, HF_ENDPOINT=address)
    assert fetched.returncode == 0, fetched.stdout[-3000:]
    manifests = sorted((project / "resources" / "models").rglob("*.json"))
    facts = [json.loads(path.read_text()) for path in manifests if "@" in path.name]
    assert len(facts) == 3 and {fact["revision"] for fact in facts} == {COMMIT}
    # Another project finds all of it in the cache, without the hub.
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    for fact in facts:
        again, cache = tmp_path / "again" / "model.json", tmp_path / "cache"
        revision = "v1" if "dino" in fact["architecture"] else None
        fetch_model(fact["architecture"], revision, "weights", again, [], cache)
        assert json.loads(again.read_text()) == fact
    done = snakemake(project, *targets, *arguments, **environment, HF_HUB_OFFLINE="1")
    assert done.returncode == 0, done.stdout[-3000:]
    store = Store(project / "results/small/activations/dino/main.zarr")
    assert store.manifest["encoder.layer.1"]["shape"] == [384, 19 * 24]
    provenance = json.loads(
        (project / "results/small/activations/dino/main.zarr/zarr.json").read_text()
    )["attributes"]["provenance"]
    assert provenance["fetched"]["repository"] == "lab/tiny-dino"
    assert provenance["preprocessing"]["interpolation"] == "bicubic"
    after = snakemake(project, "-n", *targets, *arguments, **environment)
    assert "Nothing to be done" in after.stdout
    wrong = json.loads(json.dumps(CONFIG))
    wrong["models"]["dino"]["taps"]["main"] = ["encoder.layer.7"]
    (project / "config.yaml").write_text(yaml.safe_dump(wrong))
    refused = snakemake(project, "-n", *targets, *arguments, **environment)
    assert "layer 'encoder.layer.7' is unknown; did you mean 'encoder.layer.1'" in refused.stdout
