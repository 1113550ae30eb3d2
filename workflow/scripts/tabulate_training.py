"""Put what training came to, and the accuracies of the classifiers, into tables."""

from ventral.data.responses import read_responses
from ventral.data.stimuli import read_stimulus_table
from ventral.jobs.job import job
from ventral.jobs.threads import limit_threads
from ventral.scores.reporting import variant_names
from ventral.storage.tables import read_csv, write_csv, write_markdown
from ventral.training.head_store import read_head_outputs
from ventral.training.tables import (
    classification_in_words,
    gains_on_test,
    table_of_classification,
    table_of_training,
    training_in_words,
)

with job(snakemake), limit_threads(snakemake.threads):
    models, given = snakemake.params.models, snakemake.input
    epochs = dict(zip(models, map(read_csv, given.tables), strict=True))
    heads = dict(zip(models, map(read_head_outputs, given.stores), strict=True))
    stimuli = read_stimulus_table(given.stimuli)
    responses = read_responses(given.responses, repetitions=False) if given.responses else None
    gains = gains_on_test(models, heads, stimuli, responses, **snakemake.params.resampling)
    split = read_csv(given.split)["split"].to_numpy()
    names = variant_names(snakemake.params.variants)
    training = table_of_training(models, epochs, gains)
    write_csv(snakemake.output.training, training)
    text = training_in_words(training, models, names)
    write_markdown(snakemake.output.training_markdown, text)
    classification = table_of_classification(models, epochs, heads, stimuli, split)
    write_csv(snakemake.output.classification, classification)
    text = classification_in_words(classification, names)
    write_markdown(snakemake.output.classification_markdown, text)
