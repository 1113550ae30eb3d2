"""Measure how far held-out stimuli lie from the train stimuli, in each layer of a tap set."""

from ventral.features.distances import measure_layers
from ventral.jobs.job import job
from ventral.jobs.threads import limit_threads
from ventral.storage.store import Store
from ventral.storage.tables import read_csv, write_csv

with job(snakemake), limit_threads(snakemake.threads):
    table = measure_layers(
        Store(snakemake.input.gram),
        Store(snakemake.input.components),
        read_csv(snakemake.input.split),
        **snakemake.params.settings,
    )
    write_csv(snakemake.output[0], table)
