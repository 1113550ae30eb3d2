"""Record the activations of one tap set of a model, in one forward pass."""

from pathlib import Path

from ventral.activations.extract import extract_activations
from ventral.job_log import job_log

with job_log(snakemake.log[0]):
    weights = snakemake.input.get("weights")
    extract_activations(
        snakemake.input.stimuli,
        snakemake.params.settings,
        Path(weights) if weights else None,
        snakemake.output.store,
        # Read past the params, untracked: these change the speed and not what is asked for.
        **snakemake.config["compute"],
    )
