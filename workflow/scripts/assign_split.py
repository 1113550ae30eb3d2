"""Write which stimuli train, which choose and which test."""

from ventral.data.assign_split import assign_split
from ventral.data.clusters import clusters_for
from ventral.data.identical_images import warn_of_identical_images
from ventral.data.stimuli import iterate_images, read_stimulus_table
from ventral.jobs.job import job
from ventral.storage.tables import write_csv

with job(snakemake):
    stimuli = read_stimulus_table(snakemake.input.store)
    clusters = clusters_for(iterate_images(snakemake.input.store), snakemake.params.settings)
    split = assign_split(stimuli, snakemake.params.settings, clusters)
    warn_of_identical_images(iterate_images(snakemake.input.store), split)
    write_csv(snakemake.output[0], split)
