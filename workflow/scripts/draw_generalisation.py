"""Draw the scores in distribution and out of it of every model."""

from ventral.figures.generalisation import draw
from ventral.figures.style import save
from ventral.jobs.job import job
from ventral.storage.tables import read_csv

with job(snakemake):
    display = snakemake.params.display
    figure = draw(
        read_csv(snakemake.input.table),
        display["models"],
        display["readouts"],
        display["readout"],
    )
    save(figure, snakemake.output.svg, snakemake.output.png)
