"""Where the head of a pretrained network starts: at the best linear readout of the frozen one."""

import numpy as np
import torch

from ventral.activations.preprocessing import Preprocessing
from ventral.features.pca import fit_pca
from ventral.readouts.regression import alpha_grid, fit_ridge_cv
from ventral.training.batches import Part, ordered_batches
from ventral.training.headed_network import HeadedNetwork

GRID = {"low": -6, "high": 3, "count": 28, "relative": True}


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
    mean = features.mean(axis=0)
    centred = features - mean
    components = fit_pca(centred @ centred.T, np.arange(len(train)), None)
    targets = train.targets.double().numpy()
    readout = fit_ridge_cv(
        components.scores,
        components.eigenvalues,
        targets,
        alpha_grid(GRID, components.eigenvalues, len(train)),
    )
    weight = readout.dual_coefficients.T @ centred
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(weight))
        model.head.bias.copy_(torch.from_numpy(readout.intercept - weight @ mean))
