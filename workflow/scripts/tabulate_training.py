"""Put what training came to, and the accuracies of the classifiers, into tables."""

from ventral.data.stimuli import read_stimulus_table
from ventral.jobs.job import job
from ventral.storage.store import Store
from ventral.storage.tables import read_csv, to_markdown, write_csv, write_markdown
from ventral.training.tables import table_of_classification, table_of_training

with job(snakemake):
    models = snakemake.params.models
    epochs = dict(zip(models, map(read_csv, snakemake.input.tables), strict=True))
    training = table_of_training(models, epochs)
    classifiers = [name for name in models if models[name]["task"] == "classification"]
    heads = {}
    for name, path in zip(classifiers, snakemake.input.get("stores", []), strict=True):
        store = Store(path)
        heads[name] = (store.read("outputs"), [str(label) for label in store.read("name")])
    classification = table_of_classification(
        models,
        epochs,
        heads,
        read_stimulus_table(snakemake.input.stimuli),
        read_csv(snakemake.input.split)["split"].to_numpy(),
    )
    for name, table in (("training", training), ("classification", classification)):
        write_csv(snakemake.output[name], table)
        write_markdown(snakemake.output[f"{name}_markdown"], to_markdown(table))
