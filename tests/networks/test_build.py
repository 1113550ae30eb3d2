"""Models: building, seeding, and state dicts that do not fit."""

import hashlib
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch

from ventral.activations.taps import Taps
from ventral.errors import VentralError
from ventral.jobs.preflight.architecture import describe
from ventral.networks.build import build_model, model_facts, weights_url
from ventral.networks.torchvision_import import torchvision

SOURCE = Path(__file__).parents[2] / "src"
SMALL = {"architecture": "squeezenet1_1", "arguments": {"num_classes": 3}}


def run_python(*arguments):
    environment = os.environ | {"PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True
    )


def parameters(model):
    return torch.cat([value.flatten() for value in model.parameters()])


@pytest.fixture
def state():
    return build_model(SMALL, None, 5).state_dict()


def load(state, path):
    torch.save(state, path)
    return build_model(SMALL | {"weights": "local"}, path, 0)


def test_import_in_a_fresh_process():
    code = "import ventral.networks.build, torchvision; torchvision.models.resnet18()"
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr


def test_operators_exist_after_the_import():
    assert torchvision.__name__ == "torchvision"
    for name in ("nms", "qnms"):
        arguments = getattr(torch.ops.torchvision, name).default._schema.arguments
        assert [argument.name for argument in arguments] == ["dets", "scores", "iou_threshold"]


def test_seed_decides_and_global_state_is_left_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    first = parameters(build_model(SMALL, None, 7))
    assert torch.equal(torch.rand(3), expected)
    torch.manual_seed(2)
    assert torch.equal(parameters(build_model(SMALL, None, 7)), first)
    assert not torch.equal(parameters(build_model(SMALL, None, 8)), first)


def test_eval_mode():
    assert not any(module.training for module in build_model(SMALL, None, 0).modules())


@pytest.mark.parametrize("wrap", [None, "state_dict", "model"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_state_dict_wrapped_or_not(state, tmp_path, wrap, prefix):
    stored = {prefix + name: value for name, value in state.items()}
    loaded = load({wrap: stored, "epoch": 3} if wrap else stored, tmp_path / "w.pt")
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, state[name]), name


def test_checkpoint_of_a_model_without_pretrained_weights(state, tmp_path):
    torch.save(state, tmp_path / "w.pt")
    model = build_model(SMALL | {"weights": None}, tmp_path / "w.pt", 0)
    assert torch.equal(model.state_dict()["features.0.weight"], state["features.0.weight"])


def test_missing_key(state, tmp_path):
    del state["features.3.squeeze.weight"]
    with pytest.raises(VentralError, match=r"w\.pt.*missing.*features\.3\.squeeze\.weight"):
        load(state, tmp_path / "w.pt")


def test_unexpected_key(state, tmp_path):
    state["extra.weight"] = torch.zeros(1)
    with pytest.raises(VentralError, match=r"w\.pt.*not in the model.*extra\.weight"):
        load(state, tmp_path / "w.pt")


def test_wrong_shape(state, tmp_path):
    state["classifier.1.bias"] = torch.zeros(4)
    with pytest.raises(VentralError, match=r"w\.pt.*classifier\.1\.bias is \(4,\).*\(3,\)"):
        load(state, tmp_path / "w.pt")


def test_not_a_state_dict(state, tmp_path):
    with pytest.raises(VentralError, match="not a tensor"):
        load(state | {"epoch": 3}, tmp_path / "w.pt")
    with pytest.raises(VentralError, match="list"):
        load([1, 2], tmp_path / "w.pt")


class _Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("save", [torch.save, lambda o, p: p.write_bytes(pickle.dumps(o))])
def test_code_in_a_pickle_is_not_executed(tmp_path, save):
    marker = tmp_path / "executed"
    save({"features.0.weight": _Malicious(marker)}, tmp_path / "w.pt")
    with pytest.raises(VentralError, match=r"w\.pt is refused"):
        build_model(SMALL | {"weights": "local"}, tmp_path / "w.pt", 0)
    assert not marker.exists()


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.999])
def test_truncated(state, tmp_path, kept):
    file = tmp_path / "w.pt"
    torch.save(state, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: kept if isinstance(kept, int) else int(len(whole) * kept)])
    with pytest.raises(VentralError, match=r"w\.pt"):
        build_model(SMALL | {"weights": "local"}, file, 0)


def test_a_file_with_another_sum_is_refused(tmp_path, state):
    file = tmp_path / "w.pt"
    torch.save(state, file)
    sums = {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    loaded = build_model(SMALL | {"weights": sums}, file, 0)
    assert torch.equal(parameters(loaded), torch.cat([value.flatten() for value in state.values()]))
    with pytest.raises(VentralError, match=r"w\.pt has the sha256 .* and 000.* is expected"):
        build_model(SMALL | {"weights": {"sha256": "0" * 64}}, file, 0)


def test_missing_file(tmp_path):
    with pytest.raises(VentralError, match=r"none\.pt"):
        build_model(SMALL | {"weights": "local"}, tmp_path / "none.pt", 0)
    with pytest.raises(VentralError, match="no file for weights IMAGENET1K_V1"):
        build_model(SMALL | {"weights": "IMAGENET1K_V1"}, None, 0)


def test_old_files_without_batch_counter(tmp_path):
    settings = {"architecture": "densenet121", "weights": "IMAGENET1K_V1"}
    state = build_model(settings | {"weights": None}, None, 4).state_dict()
    # As torchvision's own file: dots inside the dense layers, no counters.
    for number in "12":
        for kind in ("norm", "conv"):
            state = {
                name.replace(f".{kind}{number}.", f".{kind}.{number}.")
                if "denselayer" in name
                else name: value
                for name, value in state.items()
                if "num_batches_tracked" not in name
            }
    assert "features.denseblock1.denselayer1.norm.1.weight" in state
    torch.save(state, tmp_path / "w.pth")
    loaded = build_model(settings, tmp_path / "w.pth", 0).state_dict()
    name = "features.denseblock1.denselayer1.conv1.weight"
    assert torch.equal(loaded[name], state[name.replace("conv1", "conv.1")])


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        ("resnet81", "resnet18"),
        ("pixel", "pixels"),
        ("timm:creat_model", "create_model"),
        ("no_such_module:build", "cannot be imported"),
        ("json:dumps", "standard library"),
        ("builtins:dict", "standard library"),
        ("yaml:safe_load", "cannot be built"),
        ("numpy:float64", "gives a float64"),
    ],
)
def test_unknown_architecture(architecture, message):
    with pytest.raises(VentralError, match=message):
        build_model({"architecture": architecture}, None, 0)


@pytest.mark.parametrize("arguments", [{"nmu_classes": 3}, {"pretrained": True}, {"weights": "X"}])
def test_refused_arguments(arguments):
    with pytest.raises(VentralError, match=next(iter(arguments))):
        build_model({"architecture": "alexnet", "arguments": arguments}, None, 0)


def test_a_method_of_a_class_can_build(tmp_path, monkeypatch):
    text = """
from torch import nn

class Network(nn.Linear):
    @classmethod
    def from_name(cls, width):
        return cls(width, 1)
"""
    (tmp_path / "with_a_method.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    settings = {"architecture": "with_a_method:Network.from_name", "arguments": {"width": 4}}
    assert build_model(settings, None, 0).in_features == 4
    wrong = {"architecture": "with_a_method:Network.of_name"}
    with pytest.raises(VentralError, match=r"has no function 'Network\.of_name'"):
        build_model(wrong, None, 0)


def test_imported_architecture():
    settings = {
        "architecture": "timm:create_model",
        "arguments": {"model_name": "resnet10t", "num_classes": 2},
    }
    with torch.inference_mode():
        assert build_model(settings, None, 0)(torch.zeros(1, 3, 64, 64)).shape == (1, 2)


def test_inception_family(tmp_path):
    settings = {"architecture": "googlenet", "arguments": {"num_classes": 5}}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        random = build_model(settings, None, 0)
    assert not random.transform_input
    torch.save(random.state_dict(), tmp_path / "w.pth")
    assert build_model(
        settings | {"weights": "IMAGENET1K_V1"}, tmp_path / "w.pth", 0
    ).transform_input
    assert not build_model(settings | {"weights": "own"}, tmp_path / "w.pth", 0).transform_input


def test_weights_url():
    url, prefix = weights_url("squeezenet1_1", "IMAGENET1K_V1")
    assert url.startswith("https://download.pytorch.org/models/squeezenet1_1-")
    assert prefix == url.removesuffix(".pth")[-8:]
    assert weights_url("resnet50", "IMAGENET1K_V2") != weights_url("resnet50", "IMAGENET1K_V1")
    with pytest.raises(VentralError, match="IMAGENET1K_V1"):
        weights_url("resnet18", "IMAGENET1K_V7")
    with pytest.raises(VentralError, match="none"):
        weights_url("timm:create_model", "IMAGENET1K_V1")


def test_model_facts(tmp_path):
    (tmp_path / "w").write_bytes(b"x")
    facts = model_facts(SMALL, tmp_path / "w", 3)
    assert facts["weights_sha256"] == hashlib.sha256(b"x").hexdigest()
    assert facts["built_with"].keys() == {"torch", "torchvision"}
    without = {**facts, "weights_sha256": None}
    assert model_facts(SMALL, None, 3) == without and (without["model"], without["seed"]) == (
        SMALL,
        3,
    )


@pytest.mark.parametrize(
    "architecture", ["pixels", "squeezenet1_1", "vit_b_16", "googlenet", "regnet_y_400mf"]
)
def test_a_description_has_the_layers_and_shapes_of_a_real_pass(architecture):
    model = build_model({"architecture": architecture}, None, 0)
    state = torch.random.get_rng_state()
    described = describe(architecture)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert described["layers"] == [name for name, _ in model.named_modules()][1:]
    taps = Taps(model, described["shapes"], torch.zeros(1, 3, 224, 224))
    assert {name: tuple(shape) for name, shape in described["shapes"].items()} == taps.shapes
    assert described["parameters"] == sum(t.numel() for t in model.state_dict().values())
    assert described["training_bytes"] >= described["forward_bytes"] >= 3 * 4 * 224**2


def test_a_network_that_cannot_run_without_content_has_no_shapes():
    described = describe("inception_v3", size=32)  # its kernels are larger than what is left
    assert described["layers"] and described["shapes"] is None


def test_the_passes_of_a_known_network():
    described = describe("alexnet")
    assert described["shapes"]["features.0"] == [64, 55, 55]
    assert described["flops"] == pytest.approx(2 * 714e6, rel=0.01)  # 714 M multiplications


def test_what_is_not_learnt_keeps_nothing_for_gradients():
    late, none = (describe("vgg11", trainable=names) for names in (["features.18.*"], []))
    everything = describe("vgg11")
    assert none["training_bytes"] <= late["training_bytes"] < 0.6 * everything["training_bytes"]
    # Up to rounding by the two stimuli of that pass, as much as a forward pass takes.
    assert none["training_bytes"] == pytest.approx(everything["forward_bytes"], rel=0.05)
    assert late["forward_bytes"] == everything["forward_bytes"]
