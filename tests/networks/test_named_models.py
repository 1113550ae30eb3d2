"""Models by name: fetched from a mirror, built offline, with their own preprocessing."""

import json
import logging
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from named_models import (
    HUGGINGFACE,
    OPEN_CLIP,
    REPOSITORIES,
    TIMM,
    write_all,
    write_huggingface,
)
from ventral.activations.pooling import Pooling
from ventral.activations.taps import Taps
from ventral.errors import VentralError
from ventral.jobs.preflight.architecture import describe
from ventral.networks.build import build, build_model, model_facts
from ventral.networks.model_files import ModelFiles, fetch_model
from ventral.networks.named_models import DISTRIBUTIONS, files_name, named_model, named_models
from ventral.networks.preprocessing import Preprocessing, merged
from ventral.networks.tokens import tokens_of

ENTRIES = {"timm": TIMM, "huggingface": HUGGINGFACE, "open_clip": OPEN_CLIP}
LIBRARIES = list(ENTRIES)


@pytest.fixture(scope="module")
def mirror(tmp_path_factory):
    top = tmp_path_factory.mktemp("mirror")
    return top, write_all(top)


def fetched(mirror, library, folder, **more):
    manifest = folder / f"{library}.json"
    how = {"revision": None, "needed": "weights", **more}
    fetch_model(ENTRIES[library]["architecture"], **how, manifest=manifest, mirrors=[mirror[0]])
    return manifest


def settings(library, **more):
    return {**ENTRIES[library], "weights": "pretrained", "preprocessing": {}, "seed": 0, **more}


def images(size, count=2):
    return torch.from_numpy(np.random.default_rng(1).normal(size=(count, 3, size, size))).float()


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_network_is_that_of_the_library(mirror, tmp_path, library):
    manifest = fetched(mirror, library, tmp_path)
    found = build(settings(library), None, 0, manifest)
    given = images(found.preprocessing.size)
    with torch.inference_mode():
        ours, expected = found.network(given), mirror[1][library](given)
    if library == "huggingface":
        ours, expected = ours.last_hidden_state, expected.last_hidden_state
    assert torch.equal(ours, expected)
    random = build_model(settings(library, weights=None), None, 5, manifest)
    assert len(random.state_dict()) == len(found.network.state_dict())
    name = next(name for name, _ in random.named_parameters() if name.endswith("proj.weight"))
    assert not torch.equal(random.state_dict()[name], found.network.state_dict()[name])


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_manifest_is_part_of_what_is_recorded(mirror, tmp_path, library):
    manifest = fetched(mirror, library, tmp_path)
    facts = model_facts(settings(library), None, 0, manifest)
    assert facts["fetched"]["repository"] == REPOSITORIES[library]
    assert all(len(file["sha256"]) == 64 for file in facts["fetched"]["files"].values())
    assert facts["fetched"]["weights"] == [
        "open_clip_model.safetensors" if library == "open_clip" else "model.safetensors"
    ]
    assert DISTRIBUTIONS[library] in facts["built_with"]


def reference_of(library, network, folder):
    """Return the library's own preprocessing of an image, and the image."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    image = Image.fromarray(pixels).resize((90, 60), Image.Resampling.BICUBIC)
    if library == "timm":
        import timm

        data = timm.data.resolve_model_data_config(network)
        data["input_size"] = (3, 32, 32)  # of the argument img_size
        made = timm.data.create_transform(**data, is_training=False)(image)
    elif library == "open_clip":
        from open_clip.transform import PreprocessCfg, image_transform_v2

        config = PreprocessCfg(size=32, interpolation="bicubic", resize_mode="shortest")
        made = image_transform_v2(config, is_train=False)(image)
    else:
        from transformers import AutoImageProcessor

        processor = AutoImageProcessor.from_pretrained(folder)
        made = processor(image, return_tensors="pt")["pixel_values"][0]
    return np.asarray(image)[None], made


@pytest.mark.parametrize("library", LIBRARIES)
def test_preprocessing_is_that_of_the_library(mirror, tmp_path, library):
    """But for its rounding to 8 bits, after each of two passes."""
    manifest = fetched(mirror, library, tmp_path)
    found = build(settings(library), None, 0, manifest)
    image, expected = reference_of(library, found.network, ModelFiles(manifest).folder)
    ours = found.preprocessing(image)[0]
    assert ours.shape == expected.shape
    level = 1 / 255 / min(found.preprocessing.std)
    assert (ours - expected).abs().max() < 4 * level
    assert (ours - expected).abs().mean() < 0.5 * level
    assert found.preprocessing.interpolation == "bicubic"


def test_what_the_config_says_of_preprocessing_comes_first():
    own = {"size": 224, "resize": "crop", "resize_side": 248, "mean": [0.5] * 3}
    assert merged(own, {"size": 112})["resize_side"] == 124
    assert merged(own, {"resize": "squash"}) == {"size": 224, "resize": "squash", "mean": [0.5] * 3}
    assert merged(own, {"mean": [0.1] * 3})["mean"] == [0.1] * 3
    assert merged(own, {"resize_side": 300})["resize_side"] == 300


def test_squash_to_a_larger_side_takes_the_centre():
    image = np.zeros((1, 40, 80, 3), np.uint8)
    image[:, :5] = 255
    cut = Preprocessing(32, resize_side=40, mean=(0, 0, 0), std=(1, 1, 1))(image)
    assert cut.shape == (1, 3, 32, 32)
    assert cut[0, 0, 0].max() > 0.5 and cut[0, 0, 2:].max() == 0
    with pytest.raises(VentralError, match="resize_side, 10, is less than size, 20"):
        Preprocessing(20, resize_side=10)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"do_pad": True}, "do_pad"),
        ({"rescale_factor": 1.0}, "rescale_factor 1"),
        ({"do_resize": False}, "do_resize"),
        ({"crop_size": {"height": 8, "width": 12}}, "crop_size"),
        ({"do_normalize": False}, None),
        ({"do_center_crop": False, "size": {"height": 28, "width": 28}}, None),
    ],
)
def test_processors_of_other_kinds(tmp_path, changes, expected):
    write_huggingface(tmp_path / "m")
    file = tmp_path / "m" / REPOSITORIES["huggingface"] / "preprocessor_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    manifest = fetched((tmp_path / "m",), "huggingface", tmp_path)
    if expected is None:
        found = build(settings("huggingface"), None, 0, manifest).preprocessing
        if "do_normalize" in changes:
            assert (found.mean, found.std) == ([0.0] * 3, [1.0] * 3)
        else:
            assert (found.resize, found.resize_side, found.size) == ("squash", None, 28)
        return
    with pytest.raises(VentralError, match=f"no counterpart here .*{expected}.*give preprocessing"):
        build(settings("huggingface"), None, 0, manifest)
    given = {"size": 28, "resize": "squash", "mean": [0.5] * 3, "std": [0.5] * 3}
    assert build(settings("huggingface", preprocessing=given), None, 0, manifest).network


def test_a_model_that_says_nothing_of_its_preprocessing_is_refused(tmp_path):
    write_huggingface(tmp_path / "m")
    (tmp_path / "m" / REPOSITORIES["huggingface"] / "preprocessor_config.json").unlink()
    manifest = fetched((tmp_path / "m",), "huggingface", tmp_path)
    with pytest.raises(VentralError, match=r"does not say its own .*: mean, std in its entry"):
        build(settings("huggingface"), None, 0, manifest)
    given = {"mean": [0.5] * 3, "std": [0.5] * 3}
    found = build(settings("huggingface", preprocessing=given), None, 0, manifest)
    assert found.preprocessing.size == 28


def test_a_changed_file_is_refused(mirror, tmp_path):
    manifest = fetched(mirror, "huggingface", tmp_path)
    file = tmp_path / "huggingface" / "config.json"
    file.write_text(file.read_text() + " ")
    with pytest.raises(VentralError, match=r"config\.json"):
        build_model(settings("huggingface"), None, 0, manifest)
    file.unlink()
    with pytest.raises(VentralError, match=r"does not exist. Fetch the model again: rm"):
        build_model(settings("huggingface"), None, 0, manifest)


def test_the_cache_of_hugging_face_is_a_mirror_of_a_revision(mirror, tmp_path):
    commit = "ab" * 20
    kept = tmp_path / "hub" / "models--lab--tiny-dino"
    (kept / "snapshots").mkdir(parents=True)
    (kept / "refs").mkdir()
    (mirror[0] / REPOSITORIES["huggingface"]).rename(kept / "snapshots" / commit)
    try:
        (kept / "refs" / "main").write_text(commit)
        for number, revision in enumerate((None, commit)):
            manifest = tmp_path / f"{number}.json"
            how = {"needed": "weights", "manifest": manifest, "mirrors": [tmp_path]}
            fetch_model(HUGGINGFACE["architecture"], revision, **how)
            assert json.loads(manifest.read_text())["revision"] == commit
    finally:
        (kept / "snapshots" / commit).rename(mirror[0] / REPOSITORIES["huggingface"])


def test_a_plain_folder_does_not_prove_a_revision(mirror, tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "none"))
    with pytest.raises(VentralError, match="lacks its revision, wanted is 1234") as error:
        fetched(mirror, "huggingface", tmp_path, revision="1234")
    assert "On a machine without network" in str(error.value)
    assert not list(tmp_path.glob("huggingface*"))


def test_config_alone_is_fetched_for_random_weights(mirror, tmp_path):
    manifest = fetched(mirror, "huggingface", tmp_path, needed="config")
    assert set(ModelFiles(manifest).names) == {"config.json", "preprocessor_config.json"}
    assert build(settings("huggingface", weights=None), None, 3, manifest).preprocessing.size == 28


def test_weights_in_several_files(mirror, tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "none"))
    network = write_huggingface(tmp_path / "m")
    folder = tmp_path / "m" / REPOSITORIES["huggingface"]
    (folder / "model.safetensors").unlink()
    network.save_pretrained(folder, max_shard_size="20KB")
    manifest = fetched((tmp_path / "m",), "huggingface", tmp_path)
    assert len(ModelFiles(manifest).facts["weights"]) > 1
    found = build_model(settings("huggingface"), None, 0, manifest)
    for name, value in found.state_dict().items():
        assert torch.equal(value, network.state_dict()[name])
    shard = sorted(folder.glob("model-*.safetensors"))[0]
    shard.unlink()
    with pytest.raises(VentralError, match=f"lacks {shard.name}"):
        fetched((tmp_path / "m",), "huggingface", tmp_path)


def test_pickled_weights_of_hugging_face_hold_no_code(mirror, tmp_path):
    class Code:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    folder = tmp_path / "m" / REPOSITORIES["huggingface"]
    write_huggingface(tmp_path / "m")
    (folder / "model.safetensors").unlink()
    torch.save({"embeddings.cls_token": Code()}, folder / "pytorch_model.bin")
    manifest = fetched((tmp_path / "m",), "huggingface", tmp_path)
    with pytest.raises(VentralError, match="huggingface:lab/tiny-dino cannot be built"):
        build_model(settings("huggingface"), None, 0, manifest)
    assert not (tmp_path / "ran").exists()


def test_tensors_that_the_files_lack_are_named(mirror, tmp_path, caplog):
    from safetensors.torch import load_file, save_file

    write_huggingface(tmp_path / "m")
    file = tmp_path / "m" / REPOSITORIES["huggingface"] / "model.safetensors"
    state = load_file(file)
    del state["layernorm.weight"]
    save_file(state, file, metadata={"format": "pt"})
    manifest = fetched((tmp_path / "m",), "huggingface", tmp_path)
    with caplog.at_level(logging.WARNING):
        build_model(settings("huggingface"), None, 0, manifest)
    assert "1 tensors of the network are not in its files" in caplog.text
    assert "layernorm.weight" in caplog.text


@pytest.mark.parametrize(("library", "tokens"), [("timm", 1), ("huggingface", 3), ("open_clip", 1)])
def test_tokens_before_those_of_the_patches(mirror, library, tokens):
    assert vars(tokens_of(mirror[1][library])) == {"prefix": tokens, "has_class": True}


@pytest.mark.parametrize("library", LIBRARIES)
def test_layers_are_known_before_a_run(mirror, tmp_path, library):
    manifest = fetched(mirror, library, tmp_path)
    entry = ENTRIES[library]
    found = describe(**entry, preprocessing={}, files=str(manifest))
    layer = {
        "timm": "blocks.1",
        "huggingface": "encoder.layer.1",
        "open_clip": "transformer.resblocks.1",
    }[library]
    tokens = {"timm": [5, 24], "huggingface": [19, 24], "open_clip": [17, 32]}[library]
    assert found["shapes"][layer] == tokens and found["refused"] is None


def test_an_output_of_transformers_is_recorded_by_its_first_tensor(mirror):
    model, given = mirror[1]["huggingface"], images(28)
    taps = Taps(model, ["encoder", "encoder.layer.1"], given[:1], "float32")
    recorded = taps.record(given)
    assert np.array_equal(recorded["encoder"], recorded["encoder.layer.1"])


@pytest.mark.parametrize(
    ("library", "architecture", "said"),
    [
        ("timm", "timm:vit_tiny_patch16_2244", "did you mean 'vit_tiny_patch16_224"),
        ("open_clip", "open_clip:ViT-B-33/openai", "did you mean 'ViT-B-32'"),
        ("open_clip", "open_clip:ViT-B-32/openaii", "did you mean 'openai'"),
    ],
)
def test_unknown_names(library, architecture, said):
    with pytest.raises(VentralError, match=said):
        build_model({"architecture": architecture, "arguments": {}}, None, 0)


@pytest.mark.parametrize(
    "name", ["timm:../x", "huggingface:a/b/c", "huggingface:../b", "open_clip:a/../b", "timm:"]
)
def test_names_that_lead_elsewhere(name):
    with pytest.raises(VentralError, match="is not a name of a model"):
        named_model(name)


def test_functions_of_the_libraries_are_still_functions():
    assert named_model("timm:create_model") is None
    assert named_model("timm.models.resnet:resnet18") is None
    assert named_model("resnet18") is None


def test_files_of_equal_models_are_fetched_once():
    entry = {**HUGGINGFACE, "weights": "pretrained"}
    config = {"models": {"a": entry, "b": dict(entry), "c": {**entry, "weights": None}}}
    config["models"]["d"] = {**entry, "revision": "v1"}
    config["models"]["e"] = {**TIMM, "weights": None}
    assert list(named_models(config)) == [
        "huggingface/lab--tiny-dino@main",
        "huggingface/lab--tiny-dino@main+config",
        "huggingface/lab--tiny-dino@v1",
    ]
    assert files_name(config["models"]["e"]) is None


@pytest.mark.parametrize("library", ["huggingface", "open_clip"])
def test_a_missing_library_names_its_installation(mirror, tmp_path, monkeypatch, library):
    manifest = fetched(mirror, library, tmp_path)
    module = {"huggingface": "transformers"}.get(library, library)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(VentralError, match=rf"pip install 'ventral\[{library}\]'"):
        build_model(settings(library), None, 0, manifest)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_class_token_is_the_one_that_the_network_gives_out(mirror, library):
    model = mirror[1][library]
    given = images(28 if library == "huggingface" else 32)
    layer = {"timm": "norm", "huggingface": "layernorm", "open_clip": "ln_post"}[library]
    taps = Taps(model, [layer], given[:1], "float32", Pooling("cls", tokens_of(model)))
    recorded = torch.from_numpy(taps.record(given)[layer])
    with torch.inference_mode():
        expected = model(given)
        if library == "timm":
            found = model.head(recorded)
        elif library == "open_clip":
            found = recorded @ model.proj
        else:
            found, expected = recorded, expected.pooler_output
    assert torch.allclose(found, expected, atol=1e-5)
