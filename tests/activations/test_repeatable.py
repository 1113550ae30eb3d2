"""Layers that change from pass to pass, or with their batch, are found, and no others."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from ventral.activations.extract import extract_activations
from ventral.activations.repeatable import check_repeatable
from ventral.activations.taps import Taps
from ventral.data.stimuli import StimulusSet, write_stimuli
from ventral.errors import VentralError
from ventral.networks.build import build_model
from ventral.networks.preprocessing import Preprocessing
from ventral.storage.store import Store

IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
DRAWS = "changes from one forward pass to the next .* `stochastic: true`"
MIXES = "changes with the other stimuli of its batch .* `batch_size`"


def check(network, layers, images=IMAGES):
    check_repeatable(Taps(network, layers, images[:1]), images)


class Functional(nn.Module):
    """Applies a function, and then a module that can be recorded."""

    def __init__(self, function):
        super().__init__()
        self.function, self.out = function, nn.Identity()

    def forward(self, x):
        return self.out(self.function(x))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: nn.functional.dropout(x, 0.5), DRAWS),
        (lambda x: x + 0.01 * torch.randn_like(x), DRAWS),
        (lambda x: x[..., torch.randperm(32)], DRAWS),
        (lambda x: nn.functional.batch_norm(x, None, None, training=True), MIXES),
        (lambda x: x - x.mean(dim=0), MIXES),
        (lambda x: x / x.abs().max(), MIXES),
    ],
)
def test_a_layer_that_changes_is_named(function, message):
    with pytest.raises(VentralError, match=f"layer 'out' {message}"):
        check(Functional(function).eval(), ["out"])


def test_batchnorm_without_running_statistics():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)).eval()
    with pytest.raises(VentralError, match=f"layer '1' {MIXES}"):
        check(network, ["0", "1"])
    check(network, ["0"])


@pytest.mark.parametrize(
    ("architecture", "layers"),
    [
        ("squeezenet1_1", ["features.0", "features.12", "classifier"]),
        ("resnet18", ["conv1", "layer4", "avgpool", "fc"]),
        ("mobilenet_v3_small", ["features.12", "avgpool", "classifier"]),
        ("swin_t", ["features.1", "head"]),
    ],
)
def test_usual_networks_are_repeatable(architecture, layers):
    """Dropout, stochastic depth and BatchNorm rest in evaluation mode."""
    model = build_model({"architecture": architecture}, None, 0)
    check(model, layers)
    check(model, layers, IMAGES[:1])


def test_a_constant_layer_is_repeatable():
    check(Functional(torch.zeros_like), ["out"])


@pytest.fixture
def stimuli(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), dtype=np.uint8)
    table = pd.DataFrame({"stimulus_id": list("abcdefghi"), "split": "train"})
    write_stimuli(tmp_path / "s.zarr", StimulusSet(table, 32, 32, lambda i: images[i], "uint8"))
    return tmp_path / "s.zarr"


def record(stimuli, name, **options):
    network = Functional(lambda x: nn.functional.dropout(x, 0.5))
    destination = stimuli.parent / name
    extract_activations(stimuli, network, ["out"], Preprocessing(32), destination, **options)
    return Store(f"{destination}.zarr").read_slice("out", ...)


def test_a_seed_makes_what_is_drawn_the_same(stimuli):
    with pytest.raises(VentralError, match=DRAWS):
        record(stimuli, "refused")
    assert not list(stimuli.parent.glob("refused*"))
    first, again = (record(stimuli, name, stochastic_seed=1) for name in ("a", "b"))
    np.testing.assert_array_equal(first, again)
    assert (first != record(stimuli, "c", stochastic_seed=2)).any()
    assert 0.3 < (first == 0).mean() < 0.7
