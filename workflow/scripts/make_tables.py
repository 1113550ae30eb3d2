"""Make the table of models and the table of layers."""

from ventral.jobs.job import job
from ventral.scores.between_animals_tables import sentence_of
from ventral.scores.reporting import at_committed_settings, reported_split
from ventral.scores.tables import grouped_markdown, note_of, table_of_layers, table_of_models
from ventral.storage.tables import read_csv, write_csv, write_markdown

with job(snakemake):
    summary = read_csv(snakemake.input.summary)
    display = snakemake.params.display
    training = read_csv(snakemake.input.training) if snakemake.input.get("training") else None
    between = snakemake.input.get("between_animals")
    split, cross_site = reported_split(summary), display["cross_site"]
    shown = at_committed_settings(summary, summary)
    arguments = (shown, display["models"], display["readouts"], split)
    tables = {
        "models": table_of_models(*arguments, training, cross_site),
        "layers": table_of_layers(*arguments, cross_site),
    }
    note = note_of(shown, split)
    if between:
        note = f"{note} {sentence_of(read_csv(between), split)}".rstrip()
    for name, table in tables.items():
        write_csv(snakemake.output[name], table)
        text = f"{grouped_markdown(table)}\n\n{note}"
        write_markdown(snakemake.output[f"{name}_markdown"], text)
