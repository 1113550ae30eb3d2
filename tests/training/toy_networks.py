"""Small networks and data that the tests of training share."""

import numpy as np
import torch
from torch import nn

from ventral.networks.preprocessing import Preprocessing
from ventral.training.batches import Part
from ventral.training.headed_network import HeadedNetwork, freeze_all_but
from ventral.training.tasks import ResponsePrediction
from ventral.training.train import Stage

PREPROCESSING = Preprocessing(size=8, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
SETTINGS = {
    "optimiser": "sgd",
    "learning_rate": 0.05,
    "head": {"learning_rate": None},
    "momentum": 0.9,
    "weight_decay": 0.0,
    "schedule": "cosine",
    "epochs": 5,
    "batch_size": 7,
    "augmentation": ["flip", "crop"],
    "mixed_precision": "auto",
    "batch_statistics": "update",
    "patience": 0,
    "choose_by": "validation_score",
    "seed": 3,
}


class Net(nn.Module):
    """Two normalised convolutions, dropout, and a final layer that no head reads."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
        self.second = nn.Sequential(nn.Conv2d(4, 5, 3), nn.BatchNorm2d(5), nn.ReLU(inplace=True))
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(5, 2)

    def forward(self, images):
        """Return two outputs."""
        images = self.second(self.dropout(self.first(images)))
        return self.fc(images.mean(dim=(2, 3)))


def images(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)


def net(seed=0):
    torch.manual_seed(seed)
    return Net()


def stage(trainable=("*",), network=None, layer="second", dropout=0.1, n=23, sites=3, **settings):
    """Make a stage of response prediction on random images, its settings by keyword."""
    rng = np.random.default_rng(1)
    part = [
        Part(images(size, seed), torch.from_numpy(rng.normal(size=(size, sites))).float())
        for size, seed in ((n, 0), (9, 1))
    ]
    probe = PREPROCESSING(part[0].images[:1])
    model = HeadedNetwork(network or net(), layer, sites, probe, dropout=dropout)
    freeze_all_but(model, trainable, probe)
    names = [f"site-{site}" for site in range(sites)]
    task = ResponsePrediction(names, torch.zeros(sites), torch.ones(sites))
    given = {**SETTINGS, **settings}
    return Stage(model, task, *part, PREPROCESSING, given, torch.device("cpu"))


def parameters(model):
    """Copy all parameters and running statistics."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
