"""Make the table of models and the table of layers."""

from ventral.job_log import job_log
from ventral.scores.reporting import reported_split
from ventral.scores.tables import table_of_layers, table_of_models, to_markdown
from ventral.store import write_aside
from ventral.tables import read_csv, write_csv
from ventral.training.tables import with_training

with job_log(snakemake.log[0]):
    summary = read_csv(snakemake.input.summary)
    display = snakemake.params.display
    arguments = summary, display["models"], display["readouts"], reported_split(summary)
    for name, make in (("models", table_of_models), ("layers", table_of_layers)):
        table = make(*arguments)
        if name == "models" and snakemake.input.get("training"):
            table = with_training(table, read_csv(snakemake.input.training), display["models"])
        write_csv(snakemake.output[name], table)
        with write_aside(snakemake.output[f"{name}_markdown"]) as aside:
            aside.write_text(to_markdown(table) + "\n")
