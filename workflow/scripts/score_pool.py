"""Score the predictions of one readout of a tap set over all data sets of a pool."""

import numpy as np

from ventral.data.responses import read_responses
from ventral.jobs.job import job
from ventral.jobs.threads import limit_threads
from ventral.readouts.fit_store import read_fits
from ventral.scores.pools import Member, score_pool
from ventral.storage.atomic import write_aside
from ventral.storage.tables import read_csv, write_csv

with job(snakemake), limit_threads(snakemake.threads):
    given = snakemake.input
    members = [
        Member(name, read_responses(responses, repetitions=False), read_csv(ceilings))
        for name, responses, ceilings in zip(
            snakemake.params.members, given.responses, given.ceilings, strict=True
        )
    ]
    layers = [read_fits(fit) for fit in given.fits]
    sites, population, draws = score_pool(members, layers, **snakemake.params.settings)
    write_csv(snakemake.output.sites, sites)
    write_csv(snakemake.output.population, population)
    with write_aside(snakemake.output.draws) as aside, aside.open("wb") as file:
        np.savez(file, **draws)
