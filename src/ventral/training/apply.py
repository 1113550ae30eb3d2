"""A trained head on all stimuli: predicted responses, or the logits of classes."""

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
    """Return the head's outputs, (stimuli, outputs) float64, their names, and the head's width.

    For ``responses`` the outputs are predictions in the data set's unit and the names site ids;
    for ``classification`` they are logits and the names classes.

    settings: the model's ``architecture``, ``arguments``, ``weights``, ``seed``,
        ``preprocessing``.

    Raises `VentralError` for a damaged checkpoint or damaged stimuli.
    """
    for _ in iterate_images(stimulus_store):  # the whole digest, before anything is computed
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
        outputs = torch.cat(
            [model(batches[index].to(found)).cpu() for index in range(len(batches))]
        )
    outputs = outputs.double().numpy()
    output = content["output"]
    if output["task"] == "classification":
        return outputs, output["classes"], model.width
    predictions = outputs * output["deviation"].numpy() + output["mean"].numpy()
    return predictions, output["site_id"], model.width
