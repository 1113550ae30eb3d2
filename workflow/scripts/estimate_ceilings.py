"""Estimate the reliability of each site, on all stimuli and on those that test."""

import numpy as np

from ventral.data.responses import read_repetitions, read_responses
from ventral.data.splits import partitions_of
from ventral.jobs.job import job
from ventral.scores.ceilings import estimate_ceilings
from ventral.storage.tables import read_csv, write_csv

with job(snakemake):
    sites = read_responses(snakemake.input.responses, repetitions=False).sites
    repeated, repetitions = read_repetitions(snakemake.input.responses) or ([], None)
    partitions = partitions_of(read_csv(snakemake.input.split))
    tests = [
        np.flatnonzero(partition["split"].to_numpy()[repeated] == "test")
        for partition in partitions.values()
        if repetitions is not None
    ]
    write_csv(
        snakemake.output[0], estimate_ceilings(sites, repetitions, tests, snakemake.params.seed)
    )
