"""Make the table of models and the table of layers."""

from ventral.job_log import job_log

with job_log(snakemake.log[0]):
    pass
