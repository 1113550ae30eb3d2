"""Draw the similarity of layers and regions along the layers of each network."""

from ventral.figures.similarity_along_layers import draw
from ventral.figures.style import save
from ventral.jobs.job import job
from ventral.storage.tables import read_csv

with job(snakemake):
    display = snakemake.params.display
    figure = draw(
        read_csv(snakemake.input.similarity),
        read_csv(snakemake.input.summary),
        display["models"],
        display["readouts"],
        display["readout"],
    )
    save(figure, snakemake.output.svg, snakemake.output.png)
