"""Compare the layers of one model with the sites of every region."""

from ventral.data.responses import read_responses
from ventral.data.splits import partitions_of
from ventral.features.gram import read_grams
from ventral.jobs.job import job
from ventral.jobs.threads import limit_threads
from ventral.similarity.compare import compare_layers
from ventral.similarity.distance_files import write_distances
from ventral.storage.store import Store
from ventral.storage.tables import read_csv, write_csv

with job(snakemake):
    responses = read_responses(snakemake.input.responses, repetitions=False)
    with limit_threads(snakemake.threads, len(responses.stimulus_id)):
        table, distances = compare_layers(
            read_grams(map(Store, snakemake.input.grams)),
            responses,
            partitions_of(read_csv(snakemake.input.split)),
            **snakemake.params.settings,
        )
    write_csv(snakemake.output.table, table)
    write_distances(snakemake.output.distances, distances)
