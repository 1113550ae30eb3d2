"""Draw the score of each model's committed layer against the number of components."""

from ventral.figures.score_by_components import draw
from ventral.figures.style import save
from ventral.jobs.job import job
from ventral.scores.reporting import at_committed_settings
from ventral.storage.tables import read_csv

with job(snakemake):
    summary = read_csv(snakemake.input.summary)
    display = snakemake.params.display
    figure = draw(
        read_csv(snakemake.input.curves),
        at_committed_settings(summary, summary),
        display["models"],
        display["readouts"],
        display["readout"],
    )
    save(figure, snakemake.output.svg, snakemake.output.png)
