"""Write the dissimilarity matrices of a data set."""

from ventral.data.dissimilarities import write_dissimilarities
from ventral.data.fetch import checked_files
from ventral.data.sources import load_source
from ventral.data.stimuli import read_stimulus_table
from ventral.jobs.job import job

with job(snakemake):
    settings = snakemake.params.settings
    files = checked_files(snakemake.params.files, snakemake.input.files)
    found = load_source(settings["source"]).read_dissimilarities(
        settings, files, read_stimulus_table(snakemake.input.stimuli)
    )
    write_dissimilarities(snakemake.output[0], found)
