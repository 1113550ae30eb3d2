"""Optimisers and learning-rate schedules of a training stage, by their names in the config."""

from collections.abc import Mapping

import torch
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LRScheduler, StepLR

from ventral.training.headed_network import HeadedNetwork

STEPS = 3
"""The ``step`` schedule divides the learning rate by 10 after each of `STEPS` equal periods."""


def make_optimiser(
    model: HeadedNetwork, settings: Mapping
) -> tuple[torch.optim.Optimizer, LRScheduler]:
    """Make the optimiser and its learning-rate schedule.

    The optimiser has two groups of parameters, the network's and the head's. The head may have its
    own learning rate, because a step of Adam moves an output in proportion to the head's width.

    Parameters
    ----------
    model : HeadedNetwork
        Its trainable parameters are already chosen.
    settings : mapping
        ``optimiser`` (sgd, adamw), ``learning_rate``, ``head: learning_rate`` (None for the same
        rate), ``momentum`` (of sgd), ``weight_decay``, ``schedule`` (constant, cosine, step) and
        ``epochs``.

    Returns
    -------
    optimiser : torch.optim.Optimizer
    schedule : LRScheduler
        To be stepped once after each epoch.
    """
    rate, decay = settings["learning_rate"], settings["weight_decay"]
    groups = [
        {"params": [each for each in part.parameters() if each.requires_grad], "lr": of_part}
        for part, of_part in (
            (model.network, rate),
            (model.head, settings["head"]["learning_rate"] or rate),
        )
    ]
    optimiser: torch.optim.Optimizer
    if settings["optimiser"] == "sgd":
        optimiser = torch.optim.SGD(
            groups, lr=rate, momentum=settings["momentum"], weight_decay=decay
        )
    else:
        optimiser = torch.optim.AdamW(groups, lr=rate, weight_decay=decay)
    epochs = settings["epochs"]
    if settings["schedule"] == "cosine":
        return optimiser, CosineAnnealingLR(optimiser, T_max=epochs)
    if settings["schedule"] == "step":
        return optimiser, StepLR(optimiser, step_size=-(-epochs // STEPS), gamma=0.1)
    return optimiser, ConstantLR(optimiser, factor=1.0, total_iters=0)
