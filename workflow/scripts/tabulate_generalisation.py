"""Put the scores in distribution, those out of it and the distances into one table."""

from ventral.data.responses import read_responses
from ventral.jobs.job import job
from ventral.jobs.threads import limit_threads
from ventral.readouts.fit_store import FitFiles
from ventral.scores.generalisation import generalisation_in_words, tabulate_generalisation
from ventral.scores.spectra import collect_by_model
from ventral.storage.tables import read_csv, write_csv, write_markdown

with job(snakemake), limit_threads(snakemake.threads):
    display, given = snakemake.params.display, snakemake.input
    table = tabulate_generalisation(
        read_csv(given.summary),
        read_responses(given.responses, repetitions=False),
        collect_by_model(given.distances, snakemake.params.tap_sets),
        list(display["models"]),
        FitFiles(snakemake.params.names, given.fits).read,
        dataset=snakemake.wildcards.dataset,
        **snakemake.params.resampling,
    )
    write_csv(snakemake.output.table, table)
    text = generalisation_in_words(table, display["models"], display["readouts"])
    write_markdown(snakemake.output.markdown, text)
