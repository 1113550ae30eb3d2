"""Outputs of a trained head for all stimuli: predicted responses, or the logits of classes."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from ventral.data.stimuli import iterate_images
from ventral.networks.build import build_model
from ventral.networks.device import find_device, reproducible_kernels
from ventral.networks.preprocessing import Preprocessing, StimulusBatches
from ventral.training.checkpoint import read_checkpoint
from ventral.training.headed_network import HeadedNetwork


def apply_head(
    settings: Mapping,
    checkpoint: str | Path,
    stimulus_store: str | Path,
    *,
    device: str = "auto",
    batch_size: int = 64,
) -> tuple[np.ndarray, list[str], int]:
    """Compute the outputs of a trained head for all stimuli.

    Parameters
    ----------
    settings : mapping
        The model's ``architecture``, ``arguments``, ``weights``, ``seed`` and ``preprocessing``.
    checkpoint : str or Path
        Written by `ventral.training.stage.train_model`.
    stimulus_store : str or Path
        ``stimuli.zarr`` of the data set.
    device : str
        ``auto``, or the name of a torch device.
    batch_size : int
        Stimuli per forward pass.

    Returns
    -------
    outputs : ndarray, (n_stimuli, n_outputs), float64
        For the task ``responses``, predictions in the data set's unit; for ``classification``,
        logits.
    names : list of str, (n_outputs,)
        For ``responses``, the ids of the sites; for ``classification``, the classes.
    width : int
        Number of features that the head reads.

    Raises
    ------
    VentralError
        If the checkpoint or the stimuli are damaged.
    """
    for _ in iterate_images(stimulus_store):  # verifies the digest before anything is computed
        pass
    content = read_checkpoint(checkpoint)
    found = find_device(device)
    batches = StimulusBatches(
        stimulus_store, Preprocessing(**settings["preprocessing"]), batch_size
    )
    network = build_model(dict(settings), Path(checkpoint), settings["seed"])
    facts, head = content["facts"], content["head"]
    model = HeadedNetwork(
        network, facts["layer"], len(head["bias"]), batches[0][:1], pooling=facts["pooling"]
    )
    model.head.load_state_dict(head)
    model.to(found).eval()
    with reproducible_kernels(found), torch.inference_mode():
        computed = torch.cat(
            [model(batches[index].to(found)).cpu() for index in range(len(batches))]
        )
    outputs = computed.double().numpy()
    output = content["output"]
    if output["task"] == "classification":
        return outputs, output["classes"], model.width
    predictions = outputs * output["deviation"].numpy() + output["mean"].numpy()
    return predictions, output["site_id"], model.width
