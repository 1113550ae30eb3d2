"""Score the predictions of one fit, site by site and for the population."""

import numpy as np
import pandas as pd

from ventral.data.responses import read_responses
from ventral.jobs.log import job_log
from ventral.scores.score import score_partitions, score_population
from ventral.scores.stored_fits import read_fits
from ventral.storage.atomic import write_aside
from ventral.storage.tables import write_csv

with job_log(snakemake.log[0]):
    settings = snakemake.params.settings
    fits = read_fits(
        snakemake.input.fit,
        read_responses(snakemake.input.responses, repetitions=False),
        pd.read_csv(snakemake.input.ceilings),
    )
    sites = score_partitions(fits, settings["ceiling_floor"])
    population, draws = score_population(fits, sites, settings["seed"], settings["n_bootstrap"])
    write_csv(snakemake.output.sites, sites)
    write_csv(snakemake.output.population, population)
    with write_aside(snakemake.output.draws) as aside, aside.open("wb") as file:
        np.savez(file, **draws)
