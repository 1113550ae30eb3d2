"""Put what training came to, and the accuracies of the classifiers, into tables."""

from ventral.data.responses import read_responses
from ventral.data.stimuli import read_stimulus_table
from ventral.jobs.job import job
from ventral.jobs.threads import limit_threads
from ventral.storage.tables import read_csv, to_markdown, write_csv, write_markdown
from ventral.training.head_store import read_head_outputs
from ventral.training.tables import gains_on_test, table_of_classification, table_of_training

with job(snakemake), limit_threads(snakemake.threads):
    models, given = snakemake.params.models, snakemake.input
    epochs = dict(zip(models, map(read_csv, given.tables), strict=True))
    heads = dict(zip(models, map(read_head_outputs, given.stores), strict=True))
    stimuli = read_stimulus_table(given.stimuli)
    responses = read_responses(given.responses, repetitions=False) if given.responses else None
    gains = gains_on_test(models, heads, stimuli, responses, **snakemake.params.resampling)
    split = read_csv(given.split)["split"].to_numpy()
    tables = {
        "training": table_of_training(models, epochs, gains),
        "classification": table_of_classification(models, epochs, heads, stimuli, split),
    }
    for name, table in tables.items():
        write_csv(snakemake.output[name], table)
        write_markdown(snakemake.output[f"{name}_markdown"], to_markdown(table))
