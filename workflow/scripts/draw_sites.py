"""Draw single sites: the two best models against each other, the best against the ceiling."""

from ventral.figures.draw import draw_figure
from ventral.figures.sites import draw
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
