"""Train one stage: epochs over the train stimuli, the best of them chosen on validation."""

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
from ventral.training.tasks import Classification, ResponsePrediction

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
    """What is trained on what.

    model: on its device, its trainable parameters chosen. settings: the ``training`` entry of the
    config (`workflow/schemas`), with ``batch_statistics`` update or keep. task: from
    `ventral.training.tasks`. device: of the model.
    """

    model: HeadedNetwork
    task: Classification | ResponsePrediction
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
    """Train, and leave the parameters of the best epoch in the stage's model.

    The best epoch has the highest validation score (``choose_by: validation_score``) or the lowest
    validation loss, the first among equals; epoch 0, before training, is evaluated and never
    chosen. Validation stimuli decide nothing else. Training ends after ``epochs``, or once
    ``patience`` epochs have gone by without a better one.

    resume: where the state after each epoch is kept and taken up again; an interrupted training
        ends with the same bits as an uninterrupted one on the same machine.
    after_epoch: is given each new row and the model with the parameters of that epoch.

    Returns one row per epoch with `COLUMNS`; train_loss is the mean over the epoch's stimuli, with
    dropout and augmentation, while the parameters move.
    """
    model, settings = stage.model, stage.settings
    optimiser, schedule = make_optimiser(model, settings)
    state = resume.load() if resume else None
    if state:
        log.info("training goes on after epoch %d", state["rows"][-1]["epoch"])
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
            log.info("no better epoch in %d: training ends early", settings["patience"])
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
            *(epoch, settings["epochs"], train_loss, loss, score),
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
    """Return loss and score on the validation stimuli."""
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
    """Return the head's outputs on images as stored, (n, outputs) float32, on the CPU."""
    model.eval()
    with torch.inference_mode():
        return torch.cat(
            [
                model(batch).float().cpu()
                for batch in ordered_batches(images, preprocessing, batch_size, device)
            ]
        )


def _train_epoch(stage: Stage, optimiser: torch.optim.Optimizer, epoch: int) -> float:
    """Go once over the train stimuli; everything random comes from the seed and the epoch."""
    settings, device = stage.settings, stage.device
    seed = epoch_seed(settings["seed"], epoch)
    random = np.random.default_rng([seed, 1])
    train_mode(stage.model, settings["batch_statistics"])
    total = 0.0
    lower_precision = device.type == "cuda" and settings["mixed_precision"] == "auto"
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)  # of dropout
        for rows in shuffled_batches(len(stage.train), settings["batch_size"], seed):
            images = augment(
                stage.preprocessing(stage.train.images[rows]), settings["augmentation"], random
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
    """Tell whether an epoch beats another; one without a defined value beats none."""
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
