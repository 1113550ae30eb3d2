"""Put the published numbers of a data set beside ours."""

from ventral.jobs.job import job
from ventral.scores.reference_check import check_references
from ventral.scores.reporting import at_committed_settings
from ventral.storage.tables import read_csv, write_csv

with job(snakemake):
    summary = read_csv(snakemake.input.summary)
    brain_scores = None
    if snakemake.input.brain_scores:
        brain_scores = at_committed_settings(read_csv(snakemake.input.brain_scores), summary)
    table = check_references(
        snakemake.params.references,
        at_committed_settings(summary, summary),
        at_committed_settings(read_csv(snakemake.input.scores), summary),
        brain_scores,
    )
    write_csv(snakemake.output[0], table)
