"""Put the published numbers of a data set beside ours."""

from ventral.job_log import job_log
from ventral.scores.reference_check import check_references
from ventral.tables import read_csv, write_csv

with job_log(snakemake.log[0]):
    table = check_references(
        snakemake.params.references,
        read_csv(snakemake.input.summary),
        read_csv(snakemake.input.scores),
    )
    write_csv(snakemake.output[0], table)
