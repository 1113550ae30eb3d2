"""Draw the score of each network against the number of its retrained parameters."""

from ventral.figures import score_against_parameters
from ventral.figures.style import save
from ventral.jobs.job import job
from ventral.scores.reporting import reported_split
from ventral.storage.tables import read_csv

with job(snakemake):
    display = snakemake.params.display
    summary = read_csv(snakemake.input.summary)
    figure = score_against_parameters.draw(
        summary,
        read_csv(snakemake.input.training),
        display["models"],
        display["readouts"],
        reported_split(summary),
        display["readout"],
    )
    save(figure, snakemake.output.svg, snakemake.output.png)
