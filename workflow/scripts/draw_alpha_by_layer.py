"""Draw the alpha that each layer's sites chose."""

from ventral.figures.alpha_by_layer import draw
from ventral.figures.style import save
from ventral.jobs.job import job
from ventral.readouts.chosen_alphas import chosen_alphas
from ventral.scores.reporting import at_committed_settings
from ventral.storage.tables import read_csv

with job(snakemake):
    given, display = snakemake.input, snakemake.params.display
    alphas = chosen_alphas(
        snakemake.params.names, given.fits, given.components, snakemake.params.settings
    )
    figure = draw(
        at_committed_settings(alphas, read_csv(given.summary)),
        display["models"],
        display["readouts"],
        display["readout"],
    )
    save(figure, snakemake.output.svg, snakemake.output.png)
