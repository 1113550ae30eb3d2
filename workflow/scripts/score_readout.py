"""Score the predictions of one readout of a tap set, site by site and for the population."""

import numpy as np

from ventral.data.responses import read_responses
from ventral.jobs.job import job
from ventral.jobs.threads import limit_threads
from ventral.readouts.fit_store import read_fits
from ventral.scores.score import score_layers
from ventral.storage.atomic import write_aside
from ventral.storage.tables import read_csv, write_csv

with job(snakemake), limit_threads(snakemake.threads):
    sites, population, draws = score_layers(
        read_fits(snakemake.input.fit),
        read_responses(snakemake.input.responses, repetitions=False),
        read_csv(snakemake.input.ceilings),
        **snakemake.params.settings,
    )
    write_csv(snakemake.output.sites, sites)
    write_csv(snakemake.output.population, population)
    with write_aside(snakemake.output.draws) as aside, aside.open("wb") as file:
        np.savez(file, **draws)
