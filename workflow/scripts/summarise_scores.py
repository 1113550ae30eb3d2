"""Put the population scores of all fits of a data set into one table; commit to layers."""

from ventral.job_log import job_log
from ventral.scores.summary import KEY, collect, commit_layers
from ventral.tables import write_csv

with job_log(snakemake.log[0]):
    table = collect(snakemake.input, snakemake.params.names, KEY)
    write_csv(snakemake.output[0], commit_layers(table))
