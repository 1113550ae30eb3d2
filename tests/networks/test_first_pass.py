"""A network that does not take its input is named, with its module, the shape and the key."""

import pytest
import torch
from torch import nn

from ventral.activations.taps import Taps
from ventral.errors import VentralError
from ventral.jobs.preflight.architecture import describe
from ventral.networks.build import construct
from ventral.networks.first_pass import naming_refused_input
from ventral.training.headed_network import HeadedNetwork

IMAGE = torch.zeros(1, 3, 32, 32)


def vit():
    return construct("vit_b_16", {"image_size": 64})


def grey():
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())


def half():
    return nn.Sequential(nn.Conv2d(3, 4, 3).half(), nn.ReLU())


def deep():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.MaxPool2d(16), nn.Conv2d(4, 4, 5)))


CASES = [
    (vit, "", "Wrong image height! Expected 64 but got 32!"),
    (grey, "'0'", r"expected input\[1, 3, 32, 32\] to have 1 channels"),
    (half, "'0'", "[Ii]nput type"),
    (deep, "'1.1'", "[Kk]ernel size"),
]


@pytest.mark.parametrize(("build", "module", "reason"), CASES)
@pytest.mark.parametrize("use", [Taps, HeadedNetwork])
def test_a_network_that_does_not_take_its_input_is_named(build, module, reason, use):
    model = build().eval()
    layer = next(name for name, part in model.named_modules() if name)
    with pytest.raises(VentralError, match=reason) as error:
        Taps(model, [layer], IMAGE) if use is Taps else HeadedNetwork(model, layer, 2, IMAGE)
    said = str(error.value)
    assert f"{type(model).__name__} does not take images of 3 × 32 × 32 as torch.float32" in said
    assert module in said
    assert "Change preprocessing: size, or the architecture or its arguments" in said
    assert "\n" not in said
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


def test_errors_of_the_machine_are_passed_on():
    class Full(nn.Module):
        def forward(self, images):
            raise MemoryError("no memory")

    with pytest.raises(MemoryError), naming_refused_input(Full(), IMAGE):
        Full()(IMAGE)


def test_the_plan_knows_what_a_network_does_not_take():
    found = describe("vit_b_16", None, None, 96, ())
    assert "Wrong image height! Expected 224 but got 96!" in found["refused"]
    assert describe("squeezenet1_1", None, None, 96, ())["refused"] is None
    small = describe("alexnet", None, None, 16, ())["refused"]
    assert "AlexNet does not take images of 3 × 16 × 16" in small
