"""Draw the score of every layer of every model as a map of colours."""

from ventral.figures.draw import draw_figure
from ventral.figures.heat_map_of_layers import draw
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
