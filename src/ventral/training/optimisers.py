"""Optimisers and schedules of a training stage, by their names in the config."""

from collections.abc import Iterable, Mapping

import torch
from torch import nn
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LRScheduler, StepLR

STEPS = 3
"""The ``step`` schedule divides the learning rate by 10 after each third of the epochs."""


def make_optimiser(
    parameters: Iterable[nn.Parameter], settings: Mapping
) -> tuple[torch.optim.Optimizer, LRScheduler]:
    """Return the optimiser and the schedule, which is to be stepped once after each epoch.

    settings: ``optimiser`` (sgd, adamw), ``learning_rate``, ``momentum`` (of sgd),
    ``weight_decay``, ``schedule`` (constant, cosine, step), ``epochs``.
    """
    rate, decay = settings["learning_rate"], settings["weight_decay"]
    if settings["optimiser"] == "sgd":
        optimiser = torch.optim.SGD(
            parameters, lr=rate, momentum=settings["momentum"], weight_decay=decay
        )
    else:
        optimiser = torch.optim.AdamW(parameters, lr=rate, weight_decay=decay)
    epochs = settings["epochs"]
    if settings["schedule"] == "cosine":
        return optimiser, CosineAnnealingLR(optimiser, T_max=epochs)
    if settings["schedule"] == "step":
        return optimiser, StepLR(optimiser, step_size=-(-epochs // STEPS), gamma=0.1)
    return optimiser, ConstantLR(optimiser, factor=1.0, total_iters=0)
