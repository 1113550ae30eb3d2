"""What a stage learns: the classes of the stimuli, or the responses of the sites."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from ventral.data.responses import Responses
from ventral.errors import VentralError
from ventral.scores.measures import explained_variance


@dataclass(frozen=True)
class Classification:
    """Classes by cross-entropy; the score is the fraction right.

    classes: names, in the order of the head's outputs.
    """

    classes: list[str]

    @property
    def outputs(self) -> int:
        """Number of the head's outputs."""
        return len(self.classes)

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy of logits, (batch, classes), for indices, (batch,)."""
        return functional.cross_entropy(outputs, targets)

    def score(self, outputs: np.ndarray, targets: np.ndarray) -> float:
        """Return the accuracy."""
        return float((outputs.argmax(axis=1) == targets).mean())

    def description(self) -> dict:
        """Return what a checkpoint must know to name the outputs."""
        return {"task": "classification", "classes": self.classes}


@dataclass(frozen=True)
class ResponsePrediction:
    """Responses by squared error, each site in units of its train statistics.

    site_id: names, in the order of the head's outputs. mean, deviation: (sites,), over train
    stimuli; a site that is constant on them has deviation 1.
    """

    site_id: list[str]
    mean: torch.Tensor
    deviation: torch.Tensor

    @property
    def outputs(self) -> int:
        """Number of the head's outputs."""
        return len(self.site_id)

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error over stimuli and sites of (batch, sites), z-scored."""
        return functional.mse_loss(outputs, targets)

    def score(self, outputs: np.ndarray, targets: np.ndarray) -> float:
        """Return the mean explained variance over the sites where it is defined, else NaN."""
        values = explained_variance(targets.astype(float), outputs.astype(float))
        return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")

    def description(self) -> dict:
        """Return what a checkpoint must know to give predictions in the data set's unit."""
        return {
            "task": "responses",
            "site_id": self.site_id,
            "mean": self.mean,
            "deviation": self.deviation,
        }


def classification_task(
    stimuli: pd.DataFrame, target: str, train: np.ndarray
) -> tuple[Classification, torch.Tensor]:
    """Return the task and the class of each stimulus, (n,) indices, -1 for one unknown to train.

    target: a column of the stimulus table, such as ``category``. train: indices.

    Raises `VentralError` where the data set has no such column or the train part has one class.
    """
    if target not in stimuli:
        raise VentralError(
            f"training: target: the stimulus set has no {target!r}; it has"
            f" {', '.join(stimuli.columns)}"
        )
    labels = stimuli[target].astype(str)
    classes = sorted(set(labels.iloc[train]))
    if len(classes) < 2:
        raise VentralError(f"training: the train stimuli have one {target}: nothing to learn")
    return Classification(classes), torch.from_numpy(pd.Index(classes).get_indexer(labels))


def response_task(
    responses: Responses, train: np.ndarray
) -> tuple[ResponsePrediction, torch.Tensor]:
    """Return the task and the z-scored responses, (n, sites) float32, by train statistics.

    Raises `VentralError` where a train stimulus has no responses.
    """
    recorded = responses.of_train(train)
    mean, deviation = recorded.mean(axis=0), recorded.std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1.0)
    task = ResponsePrediction(
        [str(site) for site in responses.sites["site_id"]],
        torch.from_numpy(mean),
        torch.from_numpy(deviation),
    )
    return task, torch.from_numpy(((responses.average - mean) / deviation).astype(np.float32))
