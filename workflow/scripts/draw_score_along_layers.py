"""Draw the score along the layers of each network, with the pixel baseline."""

import functools

from ventral.figures.draw import draw_figure
from ventral.figures.score_along_layers import draw
from ventral.jobs.job import job
from ventral.storage.tables import read_csv

with job(snakemake):
    between = snakemake.input.get("between_animals")
    draw_figure(
        functools.partial(draw, between=read_csv(between)) if between else draw,
        snakemake.input.scores,
        snakemake.input.summary,
        snakemake.params.display,
        snakemake.output.svg,
        snakemake.output.png,
    )
