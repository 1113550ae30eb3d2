"""Make the table of models and the table of layers."""

from ventral.jobs.job import job
from ventral.scores.reporting import at_committed_settings, reported_split
from ventral.scores.tables import grouped_markdown, table_of_layers, table_of_models
from ventral.storage.tables import read_csv, write_csv, write_markdown

with job(snakemake):
    summary = read_csv(snakemake.input.summary)
    display = snakemake.params.display
    training = read_csv(snakemake.input.training) if snakemake.input.get("training") else None
    arguments = (
        at_committed_settings(summary, summary),
        display["models"],
        display["readouts"],
        reported_split(summary),
    )
    tables = {
        "models": table_of_models(*arguments, training),
        "layers": table_of_layers(*arguments),
    }
    for name, table in tables.items():
        write_csv(snakemake.output[name], table)
        write_markdown(snakemake.output[f"{name}_markdown"], grouped_markdown(table))
