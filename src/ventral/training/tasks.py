"""Tasks of a stage: predict the classes of the stimuli, or the responses of the sites."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from ventral.data.missing import sites_by_stimuli
from ventral.data.responses import Responses
from ventral.errors import VentralError
from ventral.scores.measures import explained_variance


@dataclass(frozen=True)
class Classification:
    """Classification of stimuli with cross-entropy loss; the score is the accuracy.

    Parameters
    ----------
    classes : list of str
        In the order of the head's outputs.
    """

    classes: list[str]

    @property
    def outputs(self) -> int:
        """Number of the head's outputs."""
        return len(self.classes)

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy of logits, (n, n_classes), given indices, (n,)."""
        return functional.cross_entropy(outputs, targets)

    def score(self, outputs: np.ndarray, targets: np.ndarray) -> float:
        """Return the accuracy of logits, (n, n_classes), given indices, (n,)."""
        return float((outputs.argmax(axis=1) == targets).mean())

    def description(self) -> dict:
        """Return what a checkpoint stores to name the outputs."""
        return {"task": "classification", "classes": self.classes}


@dataclass(frozen=True)
class ResponsePrediction:
    """Prediction of responses with squared loss, each site z-scored by its train statistics.

    Parameters
    ----------
    site_id : list of str, (n_sites,)
        In the order of the head's outputs.
    mean, deviation : Tensor, (n_sites,)
        Mean and standard deviation over the train stimuli, in the data set's unit. The deviation of
        a site that is constant on them is set to 1, and the mean of one without responses is NaN.
    lacks_responses : bool
        Whether some of the targets are NaN, which are then left out of losses and scores.
    """

    site_id: list[str]
    mean: torch.Tensor
    deviation: torch.Tensor
    lacks_responses: bool = False

    @property
    def outputs(self) -> int:
        """Number of the head's outputs."""
        return len(self.site_id)

    def loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error over stimuli and sites, both (n, n_sites), z-scored."""
        if not self.lacks_responses:
            return functional.mse_loss(outputs, targets)
        absent = targets.isnan()
        errors = torch.where(absent, 0.0, outputs - targets)
        return (errors**2).sum() / (~absent).sum().clamp(min=1)

    def score(self, outputs: np.ndarray, targets: np.ndarray) -> float:
        """Return the mean explained variance over sites; NaN if it is defined for none."""
        recorded, predicted = targets.astype(float), outputs.astype(float)
        values = np.full(recorded.shape[1], np.nan)
        for sites, rows in sites_by_stimuli(recorded):
            if len(rows) > 1:
                own = np.ix_(rows, sites)
                values[sites] = explained_variance(recorded[own], predicted[own])
        return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")

    def description(self) -> dict:
        """Return what a checkpoint stores to give predictions in the data set's unit."""
        return {
            "task": "responses",
            "site_id": self.site_id,
            "mean": self.mean,
            "deviation": self.deviation,
        }


Task = Classification | ResponsePrediction


def classification_task(
    stimuli: pd.DataFrame, target: str, train: np.ndarray
) -> tuple[Classification, torch.Tensor]:
    """Make the task of classifying stimuli.

    Parameters
    ----------
    stimuli : DataFrame, n_stimuli rows
        The stimulus table.
    target : str
        A column of it, such as ``category``.
    train : ndarray
        Rows of the train stimuli, which define the classes.

    Returns
    -------
    task : Classification
    targets : Tensor, (n_stimuli,), int64
        Index of each stimulus's class; −1 for a class that no train stimulus has.

    Raises
    ------
    VentralError
        If the data set has no such column, or all train stimuli have the same class.
    """
    if target not in stimuli:
        raise VentralError(
            f"training: target: the stimulus set has no {target!r}; it has"
            f" {', '.join(stimuli.columns)}"
        )
    labels = stimuli[target].astype(str)
    classes = sorted(set(labels.iloc[train]))
    if len(classes) < 2:
        raise VentralError(f"training: all train stimuli have the same {target}: nothing to learn")
    return Classification(classes), torch.from_numpy(
        pd.Index(classes).get_indexer(pd.Index(labels))
    )


def response_task(
    responses: Responses, train: np.ndarray
) -> tuple[ResponsePrediction, torch.Tensor]:
    """Make the task of predicting responses.

    Parameters
    ----------
    responses : Responses
        The responses of the data set.
    train : ndarray
        Rows of the train stimuli, whose statistics scale each site.

    Returns
    -------
    task : ResponsePrediction
    targets : Tensor, (n_stimuli, n_sites), float32
        Responses in standard deviations from the mean; NaN if not recorded.

    Raises
    ------
    VentralError
        If a train stimulus has no response of any site.
    """
    recorded = responses.of_train(train)
    mean, deviation = recorded.mean(axis=0), recorded.std(axis=0)
    for site in np.flatnonzero(np.isnan(mean)):
        present = recorded[~np.isnan(recorded[:, site]), site]
        if len(present):
            mean[site], deviation[site] = present.mean(), present.std()
    deviation = np.where(deviation > 0, deviation, 1.0)
    answered = ~np.isnan(responses.average).all(axis=1)
    task = ResponsePrediction(
        [str(site) for site in responses.sites["site_id"]],
        torch.from_numpy(mean),
        torch.from_numpy(deviation),
        bool(np.isnan(responses.average[answered]).any()),
    )
    return task, torch.from_numpy(((responses.average - mean) / deviation).astype(np.float32))
