"""Write the stimulus set of a data set as Zarr."""

from ventral.data.fetch import checked_files
from ventral.data.sources import load_source
from ventral.data.stimuli import write_stimuli
from ventral.jobs.job import job
from ventral.storage.provenance import provenance

with job(snakemake):
    settings = snakemake.params.settings
    files = checked_files(snakemake.params.files, snakemake.input.files)
    stimuli = load_source(settings["source"]).read_stimuli(settings, files)
    write_stimuli(snakemake.output.store, stimuli, provenance(settings=settings))
