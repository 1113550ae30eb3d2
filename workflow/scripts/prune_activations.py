"""Free a tap set's store, after the Gram matrix of each of its layers has been made."""

from ventral.activations.prune import prune_activations
from ventral.jobs.log import job_log

with job_log(snakemake.log[0]):
    prune_activations(snakemake.input.manifest, snakemake.output[0])
