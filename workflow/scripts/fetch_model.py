"""Get the files of a model that the config names: from a mirror, a cache or the hub."""

import os

from ventral.data.fetch import cache_folder, mirror_folders
from ventral.jobs.log import job_log
from ventral.networks.model_files import fetch_model

with job_log(snakemake.log[0]):
    # Both are read past the params, untracked: where a file lies changes nothing about it.
    mirrors = mirror_folders(snakemake.config["mirrors"], os.environ.get("VENTRAL_MIRRORS"))
    cache = cache_folder(snakemake.config["cache"], os.environ.get("VENTRAL_CACHE"))
    model = snakemake.params.model
    fetch_model(**model, manifest=snakemake.output.manifest, mirrors=mirrors, cache=cache)
