"""Draw dissimilarity matrices that were given, and those of the layers most similar to them."""

from ventral.data.dissimilarities import read_dissimilarities
from ventral.data.stimuli import read_stimulus_table
from ventral.features.correlation_distances import find_distances
from ventral.features.layer_files import LayerFiles
from ventral.figures.dissimilarity_matrices import draw
from ventral.figures.style import save
from ventral.jobs.job import job
from ventral.similarity.matrices import matrices_of_dissimilarities
from ventral.storage.tables import read_csv

with job(snakemake):
    given, models = snakemake.input, snakemake.params.display["models"]
    matrices = matrices_of_dissimilarities(
        read_csv(given.table),
        read_dissimilarities(given.regions),
        read_stimulus_table(given.stimuli),
        models,
        LayerFiles(snakemake.params.names, given.layers, find_distances).read,
    )
    figure = draw(
        matrices, models, "As given of regions; of layers one less the correlation over features"
    )
    save(figure, snakemake.output.svg, snakemake.output.png)
