"""Put the site scores of all fits of a data set into one table."""

from ventral.jobs.log import job_log
from ventral.scores.summary import SCORE_COLUMNS, collect
from ventral.storage.tables import write_csv

with job_log(snakemake.log[0]):
    table = collect(snakemake.input, snakemake.params.names, SCORE_COLUMNS)
    write_csv(snakemake.output[0], table)
