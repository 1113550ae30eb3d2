"""The training loop: epochs over the train stimuli, the best of them chosen on validation."""

import copy
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from ventral.networks.preprocessing import Preprocessing
from ventral.training.batches import (
    Part,
    augment,
    epoch_seed,
    ordered_batches,
    shuffled_batches,
)
from ventral.training.checkpoint import ResumeFile
from ventral.training.headed_network import HeadedNetwork, train_mode
from ventral.training.optimisers import make_optimiser
from ventral.training.tasks import Task

COLUMNS = (
    "epoch",
    "train_loss",
    "validation_loss",
    "validation_score",
    "learning_rate",
    "is_best",
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stage:
    """A model, its task and its data.

    Parameters
    ----------
    model : HeadedNetwork
        On its device; its trainable parameters are already chosen.
    task : Task
        From `ventral.training.tasks`.
    train, validation : Part
        The stimuli, with the targets of `task`.
    preprocessing : Preprocessing
        Applied to the images of both.
    settings : mapping
        The ``training`` entry of the config (see `workflow/schemas`); ``batch_statistics`` must be
        ``update`` or ``keep``.
    device : torch.device
        The device of `model`.
    """

    model: HeadedNetwork
    task: Task
    train: Part
    validation: Part
    preprocessing: Preprocessing
    settings: Mapping
    device: torch.device


def train_stage(
    stage: Stage,
    resume: ResumeFile | None = None,
    after_epoch: Callable[[dict, HeadedNetwork], None] = lambda row, model: None,
) -> pd.DataFrame:
    """Train a model and give it the parameters of its best epoch.

    The best epoch has the highest validation score (``choose_by: validation_score``) or the lowest
    validation loss, the first among equals. Epoch 0, before training, is evaluated but never
    chosen. Validation stimuli decide nothing else. Training ends after ``epochs``, or when
    ``patience`` epochs have brought no better one.

    Parameters
    ----------
    stage : Stage
        Its model is changed in place.
    resume : ResumeFile, optional
        Keeps the state after each epoch. On one machine, a resumed training is bit-identical to an
        uninterrupted one.
    after_epoch : callable
        Called after each epoch with the new row and the model with the parameters of that epoch.

    Returns
    -------
    DataFrame
        One row per epoch with `COLUMNS`. ``train_loss`` is the mean over the stimuli of the epoch,
        taken while the parameters change, with dropout and augmentation.
    """
    model, settings = stage.model, stage.settings
    optimiser, schedule = make_optimiser(model, settings)
    state = resume.load() if resume else None
    if state:
        log.info("training resumes after epoch %d", state["rows"][-1]["epoch"])
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        rows, best, best_parameters = state["rows"], state["best"], state["best_parameters"]
    else:
        loss, score = evaluate(stage)
        rows = [_row(0, float("nan"), loss, score, float("nan"))]
        best, best_parameters = 0, None
        after_epoch(rows[0], model)
    for epoch in range(len(rows), settings["epochs"] + 1):
        if best and settings["patience"] and len(rows) - 1 - best >= settings["patience"]:
            log.info(
                "training ends early: the last %d epochs were not better", settings["patience"]
            )
            break
        rate = optimiser.param_groups[0]["lr"]
        train_loss = _train_epoch(stage, optimiser, epoch)
        schedule.step()
        loss, score = evaluate(stage)
        rows.append(_row(epoch, train_loss, loss, score, rate))
        if best == 0 or _is_better(rows[epoch], rows[best], settings["choose_by"]):
            best, best_parameters = epoch, copy.deepcopy(model.state_dict())
        log.info(
            "epoch %d of %d: train loss %.4f, validation loss %.4f, validation score %.4f",
            epoch,
            settings["epochs"],
            train_loss,
            loss,
            score,
        )
        if resume:
            resume.save(
                {
                    "model": model.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "schedule": schedule.state_dict(),
                    "rows": rows,
                    "best": best,
                    "best_parameters": best_parameters,
                }
            )
        after_epoch(rows[epoch], model)
    model.load_state_dict(best_parameters)
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["is_best"] = table["epoch"] == best
    return table


def evaluate(stage: Stage) -> tuple[float, float]:
    """Return the loss and the score on the validation stimuli."""
    outputs = predict(
        stage.model,
        stage.validation.images,
        stage.preprocessing,
        stage.settings["batch_size"],
        stage.device,
    )
    loss = stage.task.loss(outputs, stage.validation.targets).item()
    return loss, stage.task.score(outputs.numpy(), stage.validation.targets.numpy())


def predict(
    model: HeadedNetwork,
    images: np.ndarray,
    preprocessing: Preprocessing,
    batch_size: int,
    device: torch.device,
) -> torch.Tensor:
    """Compute the outputs of the head.

    Parameters
    ----------
    model : HeadedNetwork
        Set to evaluation mode.
    images : ndarray, (n_stimuli, height, width, 3), uint8
        As stored.
    preprocessing : Preprocessing
        Applied to the images.
    batch_size : int
        Stimuli per forward pass.
    device : torch.device
        The device of `model`.

    Returns
    -------
    Tensor, (n_stimuli, n_outputs), float32
        On the CPU.
    """
    model.eval()
    with torch.inference_mode():
        return torch.cat(
            [
                model(batch).float().cpu()
                for batch in ordered_batches(images, preprocessing, batch_size, device)
            ]
        )


def _train_epoch(stage: Stage, optimiser: torch.optim.Optimizer, epoch: int) -> float:
    """Show the train stimuli once; the seed and the epoch fix all random numbers."""
    settings, device = stage.settings, stage.device
    seed = epoch_seed(settings["seed"], epoch)
    rng = np.random.default_rng([seed, 1])
    train_mode(stage.model, settings["batch_statistics"])
    total = 0.0
    lower_precision = device.type == "cuda" and settings["mixed_precision"] == "auto"
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)  # for dropout
        for rows in shuffled_batches(len(stage.train), settings["batch_size"], seed):
            images = augment(
                stage.preprocessing(stage.train.images[rows]), settings["augmentation"], rng
            ).to(device)
            targets = stage.train.targets[torch.from_numpy(rows)].to(device)
            optimiser.zero_grad(set_to_none=True)
            # bfloat16 has the range of float32, so no loss needs scaling.
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=lower_precision):
                outputs = stage.model(images)
            loss = stage.task.loss(outputs.float(), targets)
            loss.backward()
            optimiser.step()
            total += loss.item() * len(rows)
    return total / len(stage.train)


def _is_better(new: Mapping, old: Mapping, choose_by: str) -> bool:
    """Return whether an epoch is better than another; one with an undefined value never is."""
    sign = -1 if choose_by == "validation_loss" else 1
    new_value, old_value = sign * new[choose_by], sign * old[choose_by]
    return bool(new_value > old_value or (np.isfinite(new_value) and not np.isfinite(old_value)))


def _row(epoch: int, train_loss: float, loss: float, score: float, rate: float) -> dict:
    return {
        "epoch": epoch,
        "train_loss": train_loss,
        "validation_loss": loss,
        "validation_score": score,
        "learning_rate": rate,
    }
