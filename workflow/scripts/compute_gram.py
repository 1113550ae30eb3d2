"""Stream the Gram matrix of one layer out of its activations."""

from ventral.features.gram import gram_matrix
from ventral.jobs.log import job_log
from ventral.storage.provenance import provenance
from ventral.storage.store import Store
from ventral.storage.store_writer import write_store

with job_log(snakemake.log[0]):
    activations = Store(snakemake.input.activations)
    layer = snakemake.wildcards.layer
    gram = gram_matrix(activations, layer)
    source = activations.manifest[layer]
    with write_store(snakemake.output.store, provenance(activations=source)) as store:
        store.put("gram", gram, ("stimulus", "stimulus_2"))
        store.put("stimulus_id", activations.read("stimulus_id"), ("stimulus",))
