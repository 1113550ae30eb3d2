"""Checkpoints of users' own: where the state dict is, prefixes, and what is left out."""

import logging

import pytest
import torch
from torch import nn

from ventral.errors import VentralError
from ventral.networks.weights import NotLoaded, load_weights


def network():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2)).eval()


STATE = {name: torch.randn_like(value.float()) for name, value in network().state_dict().items()}
HEAD = {"weight": torch.zeros(2, 2)}


def prefixed(prefix, state=STATE):
    return {prefix + name: value for name, value in state.items()}


FORMS = {
    "DINO": (
        {"teacher": prefixed("backbone.") | prefixed("head.", HEAD), "student": {}, "epoch": 1}
    ),
    "Lightning": {"state_dict": prefixed("model.") | {"loss.weight": torch.ones(3)}, "epoch": 2},
    "MoCo": {"state_dict": prefixed("module.encoder_q.") | prefixed("module.encoder_k.", HEAD)},
    "EMA": {"model": STATE, "model_ema": {"module": prefixed("net.")}, "args": [1]},
}
KEYS = {
    "DINO": {"key": "teacher", "prefix": "backbone."},
    "Lightning": {"prefix": "model."},
    "MoCo": {"prefix": "module.encoder_q."},
    "EMA": {"key": "model_ema.module", "prefix": "net."},
}


@pytest.fixture(params=FORMS)
def form(request, tmp_path):
    torch.save(FORMS[request.param], tmp_path / "w.pt")
    return request.param, tmp_path / "w.pt"


def test_key_and_prefix(form):
    name, file = form
    model = network()
    assert not load_weights(model, file, **KEYS[name])
    for key, value in model.state_dict().items():
        assert torch.equal(value, STATE[key].to(value.dtype))


def test_the_message_proposes_them(form):
    name, file = form
    if name == "EMA":  # its first state dict fits as it is
        assert not load_weights(network(), file)
        return
    if name == "DINO":
        with pytest.raises(VentralError, match=r"Give weights: key: one of teacher"):
            load_weights(network(), file)
    how = {"key": "teacher"} if name == "DINO" else {}
    with pytest.raises(VentralError) as error:
        load_weights(network(), file, **how)
    said = str(error.value)
    assert f"prefix: {KEYS[name]['prefix']!r} under weights, 9 of the model's 9 tensors fit" in said
    assert "In the file: " in said and "; in the model: 0.weight, 0.bias, 1.weight" in said


def test_a_wrong_prefix_or_key(form):
    name, file = form
    how = {key: value for key, value in KEYS[name].items() if key == "key"}
    with pytest.raises(VentralError, match=r"no name in it begins with 'encoder.'; its names are"):
        load_weights(network(), file, **how, prefix="encoder.")
    with pytest.raises(VentralError, match=r"key: 'optimiser.x' does not exist"):
        load_weights(network(), file, key="optimiser.x")


def test_what_is_left_out_is_listed(tmp_path, caplog):
    state = {name: value for name, value in STATE.items() if name != "0.bias"}
    state |= {"2.weight": torch.zeros(7, 4), "extra": torch.zeros(1)}
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(VentralError, match="strict: false"):
        load_weights(network(), tmp_path / "w.pt")
    model = network()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with caplog.at_level(logging.WARNING):
        left = load_weights(model, tmp_path / "w.pt", strict=False)
    assert left == NotLoaded(["0.bias"], ["extra"], ["2.weight is (7, 4), the model's is (2, 4)"])
    assert "1 tensor(s) not in the file: they keep their initial values: 0.bias" in caplog.text
    after = model.state_dict()
    assert torch.equal(after["0.bias"], before["0.bias"])
    assert torch.equal(after["2.weight"], before["2.weight"])
    assert torch.equal(after["0.weight"], STATE["0.weight"])


def test_nothing_that_fits_is_refused_even_so(tmp_path):
    torch.save(prefixed("other."), tmp_path / "w.pt")
    with pytest.raises(VentralError, match=r"With prefix: 'other.' under weights, 9 of the"):
        load_weights(network(), tmp_path / "w.pt", strict=False)


def test_safetensors(tmp_path):
    from safetensors.torch import save_file

    file = tmp_path / "w.safetensors"
    save_file(prefixed("backbone."), file)
    model = network()
    assert not load_weights(model, file, prefix="backbone.")
    assert torch.equal(model.state_dict()["0.weight"], STATE["0.weight"])
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(VentralError, match="cannot be read as safetensors; it may be truncated"):
        load_weights(network(), file)
