"""Fit one readout from the features of each layer of a tap set to the responses of every site."""

from ventral.data.responses import read_responses
from ventral.data.splits import groups_of, partitions_of
from ventral.jobs.job import job
from ventral.jobs.threads import limit_threads
from ventral.readouts.fit import fit_layers
from ventral.readouts.fit_store import write_fits
from ventral.storage.provenance import provenance
from ventral.storage.store import Store
from ventral.storage.tables import read_csv

with job(snakemake), limit_threads(snakemake.threads):
    settings = snakemake.params.settings
    components = Store(snakemake.input.components)
    split = read_csv(snakemake.input.split)
    partitions = partitions_of(split)
    responses = read_responses(snakemake.input.responses, repetitions=False)
    write_fits(
        snakemake.output.store,
        fit_layers(components, settings, responses, partitions, groups_of(split)),
        partitions,
        responses,
        is_raw=settings["features"] == "raw",
        attributes=provenance(settings=settings),
    )
