"""Draw the score along the layers of each network, with the pixel baseline."""

from ventral.figures.draw import draw_figure
from ventral.figures.score_along_layers import draw
from ventral.jobs.log import job_log

with job_log(snakemake.log[0]):
    draw_figure(draw, *snakemake.input, snakemake.params.display, *snakemake.output)
