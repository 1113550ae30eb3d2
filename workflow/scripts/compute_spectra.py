"""Describe the spectrum of each layer of a tap set, and the score by number of components."""

from ventral.data.responses import read_responses
from ventral.data.splits import partitions_of
from ventral.jobs.job import job
from ventral.jobs.threads import limit_threads
from ventral.scores.spectra import describe_layers
from ventral.storage.store import Store
from ventral.storage.tables import read_csv, write_csv

with job(snakemake), limit_threads(snakemake.threads):
    spectra, curves = describe_layers(
        Store(snakemake.input.components),
        read_responses(snakemake.input.responses, repetitions=False),
        partitions_of(read_csv(snakemake.input.split)),
        **snakemake.params.settings,
    )
    write_csv(snakemake.output.spectra, spectra)
    write_csv(snakemake.output.curves, curves)
