"""Training of one model: reads its settings and the data set, writes its checkpoint."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from ventral.data.responses import read_responses
from ventral.data.splits import rows_of
from ventral.data.stimuli import read_stimulus_table
from ventral.errors import VentralError
from ventral.networks.build import build, model_facts
from ventral.networks.device import find_device, reproducible_kernels
from ventral.networks.named_models import PRETRAINED
from ventral.storage.store import Store
from ventral.storage.tables import read_csv, write_csv
from ventral.training.batches import Part, read_images
from ventral.training.checkpoint import ResumeFile, write_checkpoint
from ventral.training.headed_network import HeadedNetwork, freeze_all_but
from ventral.training.ridge_initialisation import start_at_ridge
from ventral.training.tasks import Task, classification_task, response_task
from ventral.training.train import Stage, predict, train_stage

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sources:
    """The files that a stage reads.

    Parameters
    ----------
    stimuli : Path
        ``stimuli.zarr`` of the data set.
    split : Path
        ``split.csv`` of the data set.
    responses : Path or None
        ``responses.zarr`` of the data set; None if the task is classification.
    weights : Path or None
        State dict or checkpoint from which the network starts; None for random weights.
    files : Path or None
        Manifest of what was fetched for a named model, the weights that it starts from among it.
    """

    stimuli: Path
    split: Path
    responses: Path | None = None
    weights: Path | None = None
    files: Path | None = None

    def gives_weights(self, settings: Mapping) -> bool:
        """Tell whether a network starts from weights, and not from random values."""
        return self.weights is not None or settings["weights"] == PRETRAINED


def train_model(
    settings: Mapping,
    sources: Sources,
    checkpoint: str | Path,
    table: str | Path,
    *,
    device: str = "auto",
    code: str = "",
) -> None:
    """Train one stage of a model and write its checkpoint and its table of epochs.

    The parameters are fitted to train stimuli alone, and validation stimuli choose the epoch. Test
    stimuli have no part in either: only what the head says of them before training is kept, to be
    compared with what it says afterwards.

    Parameters
    ----------
    settings : mapping
        The model's ``architecture``, ``arguments``, ``weights``, ``seed``, ``preprocessing`` and
        ``training``, whose ``head: layer`` must be set.
    sources : Sources
        The files to read.
    checkpoint : str or Path
        Where to write the checkpoint, see `ventral.training.checkpoint.read_checkpoint`. The state
        of an unfinished training is kept beside it.
    table : str or Path
        Where to write the CSV: the rows of `train_stage`, and the numbers of trained parameters.
    device : str
        ``auto``, or the name of a torch device.
    code : str
        Digest of the code. A training that was interrupted under other code is not resumed.

    Raises
    ------
    VentralError
        If train stimuli have no responses, no validation stimulus has a target, a layer or a
        parameter is unknown, or too many parameters would be trained.
    """
    training = dict(settings["training"])
    if training["batch_statistics"] == "auto":
        # A head fitted to a pretrained network needs the same features when training starts.
        training["batch_statistics"] = "keep" if sources.gives_weights(settings) else "update"
    found = find_device(device)
    _log_reproducibility(found)
    task, train, validation = _parts(training, sources)
    built = build(dict(settings), sources.weights, settings["seed"], sources.files)
    network, preprocessing = built.network, built.preprocessing
    probe = preprocessing(train.images[:1])
    head = training["head"]
    model = HeadedNetwork(
        network,
        head["layer"],
        task.outputs,
        probe,
        pooling=head["pooling"],
        dropout=head["dropout"],
        seed=training["seed"],
    )
    retrained, of_head = freeze_all_but(
        model, training["trainable"], probe, training["max_trainable_parameters"]
    )
    log.info("%d parameters of the network and %d of the head are trained", retrained, of_head)
    model.to(found)
    stage = Stage(model, task, train, validation, preprocessing, training, found)
    resume = ResumeFile(Path(checkpoint).with_suffix(".resume.pt"), _key(settings, sources, code))
    with reproducible_kernels(found, of_training=True):
        if training["task"] == "responses" and sources.gives_weights(settings):
            start_at_ridge(model, train, preprocessing, training["batch_size"], found)
        test = rows_of(read_csv(sources.split), "test")
        before = torch.zeros(0, task.outputs)
        if len(test):
            images = read_images(sources.stimuli, test)
            before = predict(model, images, preprocessing, training["batch_size"], found)
        epochs = train_stage(stage, resume)
    epochs["retrained_parameters"], epochs["head_parameters"] = retrained, of_head
    state = {name: tensor.cpu() for name, tensor in model.network.state_dict().items()}
    write_csv(table, epochs)
    write_checkpoint(
        checkpoint,
        {
            "state_dict": state,
            "head": {name: tensor.cpu() for name, tensor in model.head.state_dict().items()},
            "output": task.description(),
            "start": {"stimuli": torch.from_numpy(test), "outputs": before},
            "facts": {
                "layer": head["layer"],
                "pooling": head["pooling"],
                "retrained_parameters": retrained,
                "head_parameters": of_head,
                "best_epoch": int(epochs.loc[epochs["is_best"], "epoch"].iloc[0]),
            },
        },
    )
    resume.remove()


def _parts(training: Mapping, sources: Sources) -> tuple[Task, Part, Part]:
    """Return the task, the train part and the validation part."""
    split = read_csv(sources.split)
    train, validation = rows_of(split, "train"), rows_of(split, "validation")
    task: Task
    if training["task"] == "classification":
        stimuli = read_stimulus_table(sources.stimuli)
        task, targets = classification_task(stimuli, training["target"], train)
        usable = (targets[validation] >= 0).numpy()
    else:
        if sources.responses is None:
            raise VentralError("training: task: responses needs the responses of the data set")
        task, targets = response_task(read_responses(sources.responses, repetitions=False), train)
        usable = ~targets[validation].isnan().all(dim=1).numpy()
    if not usable.any():
        raise VentralError(
            "training: no validation stimulus has a target, so no epoch can be chosen: change the"
            " split"
        )
    validation = validation[usable]
    return (
        task,
        Part(read_images(sources.stimuli, train), targets[train]),
        Part(read_images(sources.stimuli, validation), targets[validation]),
    )


def _key(settings: Mapping, sources: Sources, code: str) -> str:
    """Return a digest of everything that a training depends on."""
    facts = {
        "model": model_facts(dict(settings), sources.weights, settings["seed"], sources.files),
        "stimuli": Store(sources.stimuli).manifest,
        "split": Path(sources.split).read_text(),
        "responses": Store(sources.responses).manifest if sources.responses else None,
        "code": code,
        "threads": torch.get_num_threads(),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def _log_reproducibility(device: torch.device) -> None:
    """Log how far results can be reproduced."""
    if device.type != "cuda":
        log.info(
            "training on %d CPU threads: results are bit-identical for the same number of threads"
            " on one machine; with another number the last bits may differ",
            torch.get_num_threads(),
        )
        return
    log.info(
        "training on %s with deterministic kernels: results are bit-identical on this model of GPU"
        " with these package versions, unless a warning below says that an operation has no"
        " deterministic kernel; on another GPU, or in mixed precision, the last bits may differ",
        torch.cuda.get_device_name(device),
    )
