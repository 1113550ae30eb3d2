"""Write the responses of a data set as Zarr."""

from ventral.data.choose_sites import choose_sites
from ventral.data.fetch import checked_files
from ventral.data.responses import write_responses
from ventral.data.sources import load_source
from ventral.data.stimuli import read_stimulus_table
from ventral.jobs.job import job
from ventral.storage.provenance import provenance

with job(snakemake):
    settings = dict(snakemake.params.settings)
    sites = settings.pop("sites", {})
    files = checked_files(snakemake.params.files, snakemake.input.files)
    responses = load_source(settings["source"]).read_responses(
        settings, files, read_stimulus_table(snakemake.input.stimuli)
    )
    write_responses(
        snakemake.output.store,
        choose_sites(responses, sites),
        provenance(settings=snakemake.params.settings),
    )
