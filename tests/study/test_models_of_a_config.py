"""What a config says of models: by name, their weights, preprocessing, layers and pooling."""

from pathlib import Path

import pytest

from ventral.errors import VentralError
from ventral.study.check_config import check_config
from ventral.study.settings import StepSettings

SCHEMAS = Path(__file__).parents[2] / "workflow" / "schemas"
SUM = "0" * 64
VIT = {"architecture": "timm:vit_tiny_patch16_224", "taps": {"main": ["blocks.0"]}}
CLIP = {"architecture": "open_clip:ViT-B-32/openai", "taps": {"main": ["transformer.resblocks.0"]}}
NET = {"architecture": "resnet18", "taps": {"main": ["layer1.0.relu@1"]}}


def checked(**entry):
    config = {
        "datasets": {"a": {"source": "simulated"}},
        "models": {"net": {**NET, **entry}},
        "readouts": {"ridge": {"method": "ridge", "features": "raw", "alpha": 1}},
    }
    return check_config(config, SCHEMAS)


def extraction(**entry):
    return StepSettings(checked(**entry)).extraction("net", "main")


def test_a_model_by_name_has_the_weights_and_preprocessing_of_its_library():
    given = extraction(**VIT)
    assert given["weights"] == "pretrained" and given["preprocessing"] == {}
    assert "revision" not in given and "pool" not in given
    given = extraction(**VIT, revision="v1", weights=None, preprocessing={"size": 32})
    assert given["weights"] is None and given["revision"] == "v1"
    assert given["preprocessing"] == {"size": 32}


def test_others_have_the_defaults_written_out():
    given = extraction()
    assert given["weights"] is None
    assert given["preprocessing"] == {
        **{"mean": [0.485, 0.456, 0.406], "resize": "squash", "size": 224},
        **{"std": [0.229, 0.224, 0.225]},
    }
    assert extraction(preprocessing={"mean": [0.485, 0.456, 0.406]}) == given


def test_a_guess_of_mean_and_deviation_is_said():
    file = {"name": "w.pth", "sha256": SUM}
    (note,) = checked(weights=file).notes
    assert note.startswith("models: net: preprocessing: mean and std not given")
    (note,) = checked(weights=file, preprocessing={"mean": [0.5] * 3}).notes
    assert "preprocessing: std not given" in note
    whole = {"mean": [0.5] * 3, "std": [0.5] * 3}
    assert not checked(weights=file, preprocessing=whole).notes
    assert not checked().notes and not checked(weights="IMAGENET1K_V1").notes


def test_how_a_file_is_loaded_is_part_of_what_a_step_is_given():
    file = {"name": "w.pth", "sha256": SUM, "url": "https://lab.example.org/w.pth"}
    how = {"key": "teacher", "prefix": "backbone.", "strict": False}
    assert extraction(weights={**file, **how})["weights"] == {"sha256": SUM, **how}
    assert extraction(weights=file)["weights"] == {"sha256": SUM}


def test_pooling_of_each_tap_set():
    taps = {"main": ["layer1"], "more": ["layer2"]}
    settings = StepSettings(checked(taps=taps, pool={"more": "mean"}))
    assert "pool" not in settings.extraction("net", "main")
    assert settings.extraction("net", "more")["pool"] == "mean"
    assert extraction(pool="max")["pool"] == "max"


def test_a_pattern_that_cannot_be_expanded_stops_the_step_that_needs_it():
    settings = StepSettings(checked(taps={"main": ["layer*"]}))
    with pytest.raises(VentralError, match=r"which layers 'layer\*' stands for is not known"):
        settings.extraction("net", "main")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({**VIT, "weights": "IMAGENET1K_V1"}, "weights: 'IMAGENET1K_V1' is unknown for timm:"),
        ({"revision": "v1"}, "revision: only timm, huggingface and open_clip"),
        ({**CLIP, "architecture": "open_clip:ViT-B-32"}, "does not say which weights"),
        ({"architecture": "huggingface:a/b/c"}, "'a/b/c' is not a name of a model"),
        ({"pool": {"mian": "cls"}}, "pool: 'mian' is unknown; did you mean 'main'"),
        ({"pool": "average"}, "pool: 'average' is none of: none, cls, mean or max"),
        ({"taps": {"main": ["../x"]}}, "'../x' is not a name of a layer, nor"),
        ({"weights": {"path": "w.pth", "stict": False}}, "weights: "),
        ({"weights": {"prefix": "model."}}, "weights: "),
        ({"preprocessing": {"interpolation": "lanczos"}}, "interpolation: 'lanczos' is unknown"),
    ],
)
def test_refused(entry, said):
    with pytest.raises(VentralError) as error:
        checked(**entry)
    assert "models: net: " in str(error.value) and said in str(error.value)
