"""Write which stimuli train, which choose and which test."""

from ventral.data.assign_split import assign_split
from ventral.data.stimuli import read_stimulus_table
from ventral.jobs.log import job_log
from ventral.storage.tables import write_csv

with job_log(snakemake.log[0]):
    stimuli = read_stimulus_table(snakemake.input.store)
    write_csv(snakemake.output[0], assign_split(stimuli, snakemake.params.settings))
