"""Stream the dissimilarities of stimuli in each layer of a tap set out of its activations."""

from ventral.features.correlation_distances import write_distances
from ventral.jobs.job import job
from ventral.jobs.threads import limit_threads
from ventral.storage.store import Store

with job(snakemake), limit_threads(snakemake.threads):
    write_distances(Store(snakemake.input.activations), snakemake.output[0])
