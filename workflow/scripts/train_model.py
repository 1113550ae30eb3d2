"""Train one stage of a model on the train stimuli; validation chooses the epoch."""

from pathlib import Path

import torch

from ventral.jobs.job import job
from ventral.training.stage import Sources, train_model

with job(snakemake):
    torch.set_num_threads(snakemake.threads)
    given = {
        name: Path(snakemake.input[name])
        for name in ("stimuli", "split", "responses", "weights", "files")
        if snakemake.input.get(name)
    }
    train_model(
        snakemake.params.settings,
        Sources(**given),
        snakemake.output.checkpoint,
        snakemake.output.table,
        # Read past the params, untracked: where it is computed is not what is asked for.
        device=snakemake.config["compute"]["device"],
        code=snakemake.params.code,
    )
