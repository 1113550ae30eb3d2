"""Put the similarity of all models into one table, and compare the models with one another."""

from ventral.data.responses import read_repetitions, read_responses
from ventral.data.splits import partitions_of
from ventral.jobs.job import job
from ventral.jobs.threads import limit_threads
from ventral.scores.reporting import variant_names
from ventral.similarity.between_models import compare_models
from ventral.similarity.distance_files import read_distances
from ventral.similarity.population import compared_stimuli
from ventral.similarity.tables import (
    collect_similarity,
    markdown_between_models,
    markdown_of,
    table_of_ceilings,
)
from ventral.storage.tables import read_csv, write_csv, write_markdown

with job(snakemake), limit_threads(snakemake.threads):
    models, seed = snakemake.params.models, snakemake.params.seed
    responses = read_responses(snakemake.input.responses, repetitions=False)
    compared = compared_stimuli(partitions_of(read_csv(snakemake.input.split)), responses.average)
    trials = read_repetitions(snakemake.input.responses)
    scale = snakemake.params.scale
    ceilings = table_of_ceilings(responses, trials, compared.stimuli, seed, scale)
    table = collect_similarity(
        snakemake.input.tables, snakemake.wildcards.dataset, models, ceilings
    )
    write_csv(snakemake.output.similarity, table)
    names = variant_names(snakemake.params.variants)
    write_markdown(snakemake.output.markdown, markdown_of(table, names, scale))
    distances = map(read_distances, snakemake.input.distances)
    between = compare_models(dict(zip(models, distances, strict=True)), seed)
    write_csv(snakemake.output.between_models, between)
    shown = markdown_between_models(between, names)
    write_markdown(snakemake.output.between_models_markdown, shown)
