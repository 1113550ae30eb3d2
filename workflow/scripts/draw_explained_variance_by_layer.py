"""Draw the distribution of explained variance over sites for each layer."""

from ventral.figures import explained_variance_by_layer
from ventral.figures.style import save
from ventral.job_log import job_log
from ventral.scores.reporting import reported_split
from ventral.tables import read_csv

with job_log(snakemake.log[0]):
    display = snakemake.params.display
    summary = read_csv(snakemake.input.summary)
    figure = explained_variance_by_layer.draw(
        read_csv(snakemake.input.scores),
        summary,
        display["models"],
        display["readouts"],
        reported_split(summary),
        display["readout"],
    )
    save(figure, snakemake.output.svg, snakemake.output.png)
