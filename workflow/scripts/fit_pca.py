"""Fit the principal components of each layer of a tap set on the train stimuli."""

from ventral.data.splits import partitions_of
from ventral.features.decompose import fit_layers
from ventral.features.pca_store import write_components
from ventral.jobs.job import job
from ventral.jobs.threads import limit_threads
from ventral.storage.provenance import provenance
from ventral.storage.store import Store
from ventral.storage.tables import read_csv

with job(snakemake):
    grams = Store(snakemake.input.gram)
    partitions = partitions_of(read_csv(snakemake.input.split))
    stimulus_id = grams.read("stimulus_id")
    with limit_threads(snakemake.threads, len(stimulus_id)):
        write_components(
            snakemake.output.store,
            fit_layers(grams, partitions),
            stimulus_id,
            **snakemake.params.settings,
            attributes=provenance(gram=grams.manifest),
        )
