"""Estimate the reliability of each site."""

from ventral.data.responses import read_responses
from ventral.job_log import job_log
from ventral.scores.ceilings import estimate_ceilings
from ventral.tables import write_csv

with job_log(snakemake.log[0]):
    responses = read_responses(snakemake.input.responses)
    write_csv(snakemake.output[0], estimate_ceilings(responses, snakemake.params.seed))
