"""Put the population scores of all fits into one table; commit to layers and settings."""

from ventral.jobs.job import job
from ventral.scores.summary import KEY, collect, commit_layers, commit_settings
from ventral.storage.tables import write_csv

with job(snakemake):
    table = collect(snakemake.input, snakemake.params.names, KEY)
    committed = commit_settings(
        commit_layers(table, snakemake.params.commit_by), snakemake.params.origins
    )
    write_csv(snakemake.output[0], committed)
