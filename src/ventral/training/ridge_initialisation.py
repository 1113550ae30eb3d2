"""Where the head of a pretrained network starts: at the best linear readout of the frozen one."""

import numpy as np
import torch
from sklearn.linear_model import RidgeCV

from ventral.errors import VentralError
from ventral.networks.preprocessing import Preprocessing
from ventral.training.batches import Part, ordered_batches
from ventral.training.headed_network import HeadedNetwork

GRID = (-6, 3, 28)
"""Lowest and highest power of ten and count of the alphas, in units of the total variance."""


def start_at_ridge(
    model: HeadedNetwork,
    train: Part,
    preprocessing: Preprocessing,
    batch_size: int,
    device: torch.device,
) -> None:
    """Set the head to ridge regression of the train targets, alpha per site by leave-one-out.

    Epoch 0 is then the frozen network with a fitted readout, so that "training beats its start"
    says something; from a random head every epoch would. A random network starts with a random
    head instead: its normalisations have no statistics yet, and would not fit the head when
    training starts.

    train: with targets (n, sites). Raises `VentralError` where all stimuli have the same features.
    """
    model.eval()
    with torch.inference_mode():
        features = torch.cat(
            [
                model.features(batch).cpu()
                for batch in ordered_batches(train.images, preprocessing, batch_size, device)
            ]
        )
    features = features.double().numpy()
    total_variance = ((features - features.mean(axis=0)) ** 2).sum() / len(features)
    if total_variance == 0:
        raise VentralError(f"layer {model.layer!r} is the same for all train stimuli")
    ridge = RidgeCV(np.logspace(*GRID) * total_variance, alpha_per_target=True)
    ridge.fit(features, train.targets.double().numpy())
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(ridge.coef_))
        model.head.bias.copy_(torch.from_numpy(ridge.intercept_))
