"""Put every variant of every sweep into a table, with the committed ones marked."""

from ventral.jobs.job import job
from ventral.scores.tables import table_of_sweeps
from ventral.storage.tables import read_csv, to_markdown, write_csv, write_markdown

with job(snakemake):
    training = read_csv(snakemake.input.training) if snakemake.input.get("training") else None
    table = table_of_sweeps(read_csv(snakemake.input.summary), training)
    write_csv(snakemake.output.table, table)
    write_markdown(snakemake.output.markdown, to_markdown(table))
