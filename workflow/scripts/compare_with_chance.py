"""Compare the scores of one readout of a tap set with those of permuted responses."""

from ventral.data.responses import read_responses
from ventral.data.splits import groups_of
from ventral.jobs.job import job
from ventral.jobs.threads import limit_threads
from ventral.readouts.fit_store import read_fits
from ventral.scores.chance import compare_with_chance
from ventral.storage.tables import read_csv, write_csv

with job(snakemake), limit_threads(snakemake.threads):
    sites, regions = compare_with_chance(
        read_fits(snakemake.input.fit),
        read_responses(snakemake.input.responses, repetitions=False),
        groups_of(read_csv(snakemake.input.split)),
        **snakemake.params.settings,
    )
    write_csv(snakemake.output.sites, sites)
    write_csv(snakemake.output.regions, regions)
