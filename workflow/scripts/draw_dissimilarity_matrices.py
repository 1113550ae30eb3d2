"""Draw the dissimilarities of stimuli in each region and in the layers most similar to it."""

from ventral.data.responses import read_responses
from ventral.data.splits import partitions_of
from ventral.data.stimuli import read_stimulus_table
from ventral.features.gram import find_gram
from ventral.features.layer_files import LayerFiles
from ventral.figures.dissimilarity_matrices import draw
from ventral.figures.style import save
from ventral.jobs.job import job
from ventral.scores.reporting import default_readout
from ventral.similarity.entries import at_committed
from ventral.similarity.matrices import matrices_of_responses
from ventral.similarity.population import compared_stimuli, populations
from ventral.similarity.standardised import scaled
from ventral.storage.tables import read_csv

with job(snakemake):
    given, display = snakemake.input, snakemake.params.display
    recorded = read_responses(given.responses, repetitions=False)
    responses = scaled(recorded, snakemake.params.scale)
    compared = compared_stimuli(partitions_of(read_csv(given.split)), responses.average)
    readout = display["readout"] or default_readout(display["readouts"])
    matrices = matrices_of_responses(
        at_committed(read_csv(given.similarity), read_csv(given.summary), readout),
        responses,
        list(populations(responses, compared.stimuli)),
        read_stimulus_table(given.stimuli),
        display["models"],
        LayerFiles(snakemake.params.names, given.grams, find_gram).read,
    )
    figure = draw(matrices, display["models"], "Squared Euclidean distances")
    save(figure, snakemake.output.svg, snakemake.output.png)
