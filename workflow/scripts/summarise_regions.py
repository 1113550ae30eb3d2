"""Put all data sets and regions into one table."""

from ventral.jobs.job import job
from ventral.scores.regions import table_of_regions
from ventral.scores.reporting import at_committed_settings
from ventral.storage.tables import read_csv, write_csv

with job(snakemake):
    display = snakemake.params.display
    summaries = [
        at_committed_settings(table, table) for table in map(read_csv, snakemake.input.summaries)
    ]
    ceilings = map(read_csv, snakemake.input.ceilings)
    tables = dict(
        zip(snakemake.params.datasets, zip(summaries, ceilings, strict=True), strict=True)
    )
    write_csv(snakemake.output[0], table_of_regions(tables, display["models"], display["readouts"]))
