"""Outputs of a trained head for all stimuli: predicted responses, or the logits of classes."""

from collections.abc import Mapping
from pathlib import Path

import torch

from ventral.data.stimuli import iterate_images
from ventral.networks.build import build
from ventral.networks.device import find_device, reproducible_kernels
from ventral.networks.preprocessing import StimulusBatches
from ventral.training.checkpoint import read_checkpoint
from ventral.training.head_store import HeadOutputs
from ventral.training.headed_network import HeadedNetwork


def apply_head(
    settings: Mapping,
    checkpoint: str | Path,
    stimulus_store: str | Path,
    *,
    files: Path | None = None,
    device: str = "auto",
    batch_size: int = 64,
) -> HeadOutputs:
    """Compute the outputs of a trained head for all stimuli.

    Parameters
    ----------
    settings : mapping
        The model's ``architecture``, ``arguments``, ``weights``, ``seed`` and ``preprocessing``.
    checkpoint : str or Path
        Written by `ventral.training.stage.train_model`.
    stimulus_store : str or Path
        ``stimuli.zarr`` of the data set.
    files : Path, optional
        Manifest of what was fetched for a named model.
    device : str
        ``auto``, or the name of a torch device.
    batch_size : int
        Stimuli per forward pass.

    Returns
    -------
    HeadOutputs

    Raises
    ------
    VentralError
        If the checkpoint or the stimuli are damaged.
    """
    for _ in iterate_images(stimulus_store):  # verifies the digest before anything is computed
        pass
    content = read_checkpoint(checkpoint)
    found = find_device(device)
    built = build(dict(settings), Path(checkpoint), settings["seed"], files)
    network = built.network
    batches = StimulusBatches(stimulus_store, built.preprocessing, batch_size)
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
    output, start = content["output"], content["start"]
    given = (computed, start["outputs"])
    if output["task"] == "classification":
        names = output["classes"]
        outputs, before = (values.double().numpy() for values in given)
    else:
        names, mean, deviation = output["site_id"], output["mean"], output["deviation"]
        outputs, before = ((values.double() * deviation + mean).numpy() for values in given)
    return HeadOutputs(outputs, names, model.width, start["stimuli"].numpy(), before)
