"""Draw the distribution of explained variance over sites for each layer."""

from ventral.figures.draw import draw_figure
from ventral.figures.explained_variance_by_layer import draw
from ventral.jobs.job import job

with job(snakemake):
    draw_figure(
        draw,
        snakemake.input.scores,
        snakemake.input.summary,
        snakemake.params.display,
        snakemake.output.svg,
        snakemake.output.png,
    )
