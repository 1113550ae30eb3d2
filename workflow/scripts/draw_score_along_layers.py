"""Draw the score along the layers of each network, with the pixel baseline."""

from ventral.figures import score_along_layers
from ventral.figures.style import save
from ventral.job_log import job_log
from ventral.scores.reporting import reported_split
from ventral.tables import read_csv

with job_log(snakemake.log[0]):
    display = snakemake.params.display
    summary = read_csv(snakemake.input.summary)
    figure = score_along_layers.draw(
        read_csv(snakemake.input.scores),
        summary,
        display["models"],
        display["readouts"],
        reported_split(summary),
        display["readout"],
    )
    save(figure, snakemake.output.svg, snakemake.output.png)
