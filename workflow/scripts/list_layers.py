"""List the layers of a model: shape, bytes per stimulus, and whether float16 serves."""

from pathlib import Path

from tabulate import tabulate

from ventral.activations.layer_table import tabulate_layers
from ventral.jobs.log import job_log
from ventral.networks.build import build
from ventral.storage.atomic import write_aside

with job_log(snakemake.log[0]):
    settings = snakemake.params.settings
    weights = Path(snakemake.input.weights) if snakemake.input.get("weights") else None
    files = Path(snakemake.input.files) if snakemake.input.get("files") else None
    model = build(settings, weights, settings["seed"], files)
    table = tabulate_layers(model.network, model.preprocessing, snakemake.params.taps)
    text = tabulate(table, headers="keys", tablefmt="github")
    with write_aside(snakemake.output[0]) as aside:
        aside.write_text(text + "\n", encoding="utf-8")
    print(f"\n{snakemake.wildcards.model}\n{text}")
