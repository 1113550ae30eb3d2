"""Write which stimuli train, which choose and which test."""

from ventral.data.assign_split import assign_split
from ventral.data.stimuli import read_stimulus_table
from ventral.jobs.job import job
from ventral.storage.tables import write_csv

with job(snakemake):
    stimuli = read_stimulus_table(snakemake.input.store)
    write_csv(snakemake.output[0], assign_split(stimuli, snakemake.params.settings))
