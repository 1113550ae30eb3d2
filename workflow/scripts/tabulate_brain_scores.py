"""Score all fits of a data set as Brain-Score does."""

from ventral.data.responses import read_responses
from ventral.jobs.job import job
from ventral.scores.brain_score import (
    brain_scores_in_words,
    published_ceilings,
    table_of_brain_scores,
)
from ventral.scores.reporting import at_committed_settings
from ventral.storage.tables import read_csv, write_csv, write_markdown

with job(snakemake):
    display = snakemake.params.display
    responses = read_responses(snakemake.input.responses)
    ceilings = published_ceilings(responses.sites, responses.repetitions)
    table = table_of_brain_scores(read_csv(snakemake.input.scores), ceilings)
    write_csv(snakemake.output.table, table)
    shown = at_committed_settings(table, read_csv(snakemake.input.summary))
    text = brain_scores_in_words(shown, display["models"], display["readouts"])
    write_markdown(snakemake.output.markdown, text)
