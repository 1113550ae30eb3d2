"""Correlate the dissimilarities of each layer of a tap set with those of each region."""

from ventral.data.dissimilarities import read_dissimilarities
from ventral.features.correlation_distances import read_distances
from ventral.jobs.job import job
from ventral.scores.dissimilarities import compare_layers
from ventral.storage.tables import write_csv

with job(snakemake):
    table = compare_layers(
        read_distances(snakemake.input.layers),
        read_dissimilarities(snakemake.input.regions),
        **snakemake.params.settings,
    )
    write_csv(snakemake.output[0], table)
