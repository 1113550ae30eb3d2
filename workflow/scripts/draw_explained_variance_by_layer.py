"""Draw the distribution of explained variance over sites for each layer."""

from ventral.figures.draw import draw_figure
from ventral.figures.explained_variance_by_layer import draw
from ventral.jobs.log import job_log

with job_log(snakemake.log[0]):
    draw_figure(draw, *snakemake.input, snakemake.params.display, *snakemake.output)
