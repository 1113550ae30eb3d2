"""Draw the correlation with each region's dissimilarities along the layers of each model."""

from ventral.figures.dissimilarities import draw
from ventral.figures.style import save
from ventral.jobs.job import job
from ventral.storage.tables import read_csv

with job(snakemake):
    models = snakemake.params.display["models"]
    figure = draw(read_csv(snakemake.input[0]), models)
    save(figure, snakemake.output.svg, snakemake.output.png)
