"""Estimate the reliability of each site, on all stimuli and on those that are scored together."""

from ventral.data.responses import read_repetitions, read_responses
from ventral.data.splits import partitions_of
from ventral.jobs.job import job
from ventral.scores.ceilings import estimate_ceilings, scored_together
from ventral.storage.tables import read_csv, write_csv

with job(snakemake):
    sites = read_responses(snakemake.input.responses, repetitions=False).sites
    repeated, repetitions = read_repetitions(snakemake.input.responses) or ([], None)
    partitions = partitions_of(read_csv(snakemake.input.split))
    parts = scored_together({name: split.iloc[repeated] for name, split in partitions.items()})
    write_csv(
        snakemake.output[0], estimate_ceilings(sites, repetitions, parts, snakemake.params.seed)
    )
