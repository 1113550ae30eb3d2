"""Predict the sites of each animal from those of the others, and tabulate the scores."""

from ventral.data.responses import read_responses
from ventral.data.splits import partitions_of
from ventral.jobs.job import job
from ventral.jobs.threads import limit_threads
from ventral.scores.between_animals import score_between_animals
from ventral.scores.between_animals_tables import markdown_of
from ventral.storage.tables import read_csv, write_csv, write_markdown

with job(snakemake), limit_threads(snakemake.threads):
    table, sites = score_between_animals(
        read_responses(snakemake.input.responses, repetitions=False),
        read_csv(snakemake.input.ceilings),
        partitions_of(read_csv(snakemake.input.split)),
        **snakemake.params.settings,
    )
    for found, path in ((table, snakemake.output.table), (sites, snakemake.output.sites)):
        found.insert(0, "dataset", snakemake.wildcards.dataset)
        write_csv(path, found)
    write_markdown(snakemake.output.markdown, markdown_of(table))
