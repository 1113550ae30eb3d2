"""The table of a network's layers."""

import torch
from torch import nn

from ventral.activations.layer_table import tabulate_layers
from ventral.networks.preprocessing import Preprocessing


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.relu, self.unused = nn.Conv2d(3, 4, 3), nn.ReLU(), nn.ReLU()
        self.whole, self.far = nn.Identity(), nn.Identity()

    def forward(self, images):
        out = self.relu(self.relu(self.conv(images)))
        self.whole(out.argmax(1))
        return self.far(1e5 + out)  # a large offset, of which float16 keeps no digit


def test_shapes_bytes_and_types():
    torch.manual_seed(0)
    taps = {"main": ["conv"], "more": ["relu@1"]}
    table = tabulate_layers(Net().eval(), Preprocessing(8), taps)
    assert table == {
        "layer": ["conv", "relu", "far", "relu@1"],
        "shape": ["4 × 6 × 6"] * 4,
        "bytes": [576] * 4,
        "float16": ["yes", "yes", "no", "yes"],
        "tap_set": ["main", "", "", "more"],
    }
