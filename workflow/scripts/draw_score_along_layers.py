"""Draw the score along the layers of each network, with the pixel baseline."""

from ventral.figures.draw import draw_figure
from ventral.figures.score_along_layers import draw
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
