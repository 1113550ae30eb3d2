"""Compare every pair of models at their committed layers."""

from ventral.data.responses import read_responses
from ventral.jobs.job import job
from ventral.jobs.threads import limit_threads
from ventral.readouts.fit_store import FitFiles
from ventral.scores.comparisons import compare_models, comparisons_in_words
from ventral.storage.tables import read_csv, write_csv, write_markdown

with job(snakemake), limit_threads(snakemake.threads):
    display, given = snakemake.params.display, snakemake.input
    responses = {
        name: read_responses(path, repetitions=False)
        for name, path in zip(snakemake.params.members, given.responses, strict=True)
    }
    table = compare_models(
        read_csv(given.summary),
        responses,
        list(display["models"]),
        FitFiles(snakemake.params.names, given.fits).read,
        **snakemake.params.resampling,
    )
    write_csv(snakemake.output.table, table)
    text = comparisons_in_words(table, display["models"], display["readouts"])
    write_markdown(snakemake.output.markdown, text)
