"""Put the site scores of all fits of a data set into one table."""

from ventral.jobs.job import job
from ventral.scores.summary import SCORE_COLUMNS, collect
from ventral.storage.tables import write_csv

with job(snakemake):
    table = collect(snakemake.input, snakemake.params.names, SCORE_COLUMNS)
    write_csv(snakemake.output[0], table)
