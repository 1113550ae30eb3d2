"""Put the correlations of all layers into a table, with those of regions with one another."""

from ventral.data.dissimilarities import read_dissimilarities
from ventral.jobs.job import job
from ventral.scores.dissimilarities import collect_comparisons, table_of_dissimilarities
from ventral.scores.reporting import variant_names
from ventral.storage.tables import to_markdown, write_csv, write_markdown

with job(snakemake):
    table = collect_comparisons(
        snakemake.input.layers,
        snakemake.params.names,
        read_dissimilarities(snakemake.input.regions),
        snakemake.wildcards.dataset,
        **snakemake.params.settings,
    )
    write_csv(snakemake.output.table, table)
    labels = variant_names(snakemake.params.variants)
    write_markdown(snakemake.output.markdown, to_markdown(table_of_dissimilarities(table, labels)))
