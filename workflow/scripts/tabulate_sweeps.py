"""Put every variant of every sweep into a table, with the committed ones marked."""

from ventral.jobs.job import job
from ventral.scores.tables import sweeps_in_words, table_of_sweeps
from ventral.storage.tables import read_csv, write_csv, write_markdown

with job(snakemake):
    training = read_csv(snakemake.input.training) if snakemake.input.get("training") else None
    table = table_of_sweeps(read_csv(snakemake.input.summary), training)
    write_csv(snakemake.output.table, table)
    display = snakemake.params.display
    text = sweeps_in_words(table, display["models"], display["readouts"])
    write_markdown(snakemake.output.markdown, text)
