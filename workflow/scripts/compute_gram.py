"""Stream the Gram matrix of each layer of a tap set out of its activations."""

from ventral.features.gram import write_grams
from ventral.jobs.job import job
from ventral.jobs.threads import limit_threads
from ventral.storage.provenance import provenance
from ventral.storage.store import Store

with job(snakemake), limit_threads(snakemake.threads):
    activations = Store(snakemake.input.activations)
    attributes = provenance(activations=activations.manifest)
    write_grams(activations, snakemake.output.store, attributes)
