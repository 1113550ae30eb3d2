"""Initial head of a pretrained network: the best linear readout of the frozen network."""

import numpy as np
import torch
from sklearn.linear_model import RidgeCV

from ventral.data.missing import sites_by_stimuli
from ventral.errors import VentralError
from ventral.networks.preprocessing import Preprocessing
from ventral.training.batches import Part, ordered_batches
from ventral.training.headed_network import HeadedNetwork

ALPHAS = np.logspace(-6, 3, 28)
"""Candidates for alpha, as multiples of the total variance of the features."""


def start_at_ridge(
    model: HeadedNetwork,
    train: Part,
    preprocessing: Preprocessing,
    batch_size: int,
    device: torch.device,
) -> None:
    """Set the head to a ridge regression of the train targets.

    Leave-one-out chooses alpha for each site. Epoch 0 is then the frozen network with a fitted
    readout, which gives "training beats its start" a meaning: every epoch would beat a random head.
    A random network keeps a random head, because the statistics of its normalisations change as
    soon as training starts, and a fitted head would no longer fit.

    Parameters
    ----------
    model : HeadedNetwork
        Its head is changed in place.
    train : Part
        Has targets of the shape (n_stimuli, n_sites), NaN where one is missing. A site with fewer
        than two keeps its random weights.
    preprocessing : Preprocessing
        Applied to the images of `train`.
    batch_size : int
        Stimuli per forward pass.
    device : torch.device
        The device of `model`.

    Raises
    ------
    VentralError
        If all train stimuli have the same features.
    """
    model.eval()
    with torch.inference_mode():
        computed = torch.cat(
            [
                model.features(batch).cpu()
                for batch in ordered_batches(train.images, preprocessing, batch_size, device)
            ]
        )
    features = computed.double().numpy()
    total_variance = ((features - features.mean(axis=0)) ** 2).sum() / len(features)
    if total_variance == 0:
        raise VentralError(f"layer {model.layer!r} is the same for all train stimuli")
    recorded = train.targets.double().numpy()
    with torch.no_grad():
        for sites, rows in sites_by_stimuli(recorded):
            if len(rows) > 1:
                ridge = RidgeCV(ALPHAS * total_variance, alpha_per_target=True)
                ridge.fit(features[rows], recorded[np.ix_(rows, sites)])
                outputs = torch.from_numpy(sites)
                model.head.weight[outputs] = torch.from_numpy(ridge.coef_).to(model.head.weight)
                model.head.bias[outputs] = torch.from_numpy(ridge.intercept_).to(model.head.bias)
