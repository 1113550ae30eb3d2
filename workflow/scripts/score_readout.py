"""Score the predictions of one fit, site by site and for the population."""

import numpy as np
import pandas as pd

from ventral.data.responses import read_responses
from ventral.job_log import job_log
from ventral.scores.score import Fit, score_population, score_sites
from ventral.store import Store, write_aside
from ventral.tables import write_csv

with job_log(snakemake.log[0]):
    settings = snakemake.params.settings
    store = Store(snakemake.input.fit)
    responses = read_responses(snakemake.input.responses)
    fit = Fit(
        predictions=store.read("predictions"),
        responses=responses.average,
        split=store.read("split").astype(object),
        sites=responses.sites,
        alpha=store.read("alpha"),
        alpha_on_edge=store.read("alpha_on_edge"),
        ceiling=pd.read_csv(snakemake.input.ceilings)["ceiling"].to_numpy(),
        n_components=int(store.read("n_components")[0]),
    )
    sites = score_sites(fit, settings["ceiling_floor"])
    population, draws = score_population(fit, sites, settings["seed"], settings["n_bootstrap"])
    write_csv(snakemake.output.sites, sites)
    write_csv(snakemake.output.population, population)
    with write_aside(snakemake.output.draws) as aside, aside.open("wb") as file:
        np.savez(file, **draws)
