"""Free a tap set's store, after the Gram matrix of each of its layers has been made."""

from ventral.activations.free import free_activations
from ventral.job_log import job_log

with job_log(snakemake.log[0]):
    free_activations(snakemake.input.manifest, snakemake.output[0])
