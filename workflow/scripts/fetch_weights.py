"""Get the weights of a torchvision enum: from a mirror, or from their address."""

import os
from pathlib import Path

from ventral.data.fetch import cache_folder, fetch_file, mirror_folders
from ventral.jobs.log import job_log
from ventral.networks.build import weights_url

with job_log(snakemake.log[0]):
    # Both are read past the params, untracked: where a file lies changes nothing about it.
    mirrors = mirror_folders(snakemake.config["mirrors"], os.environ.get("VENTRAL_MIRRORS"))
    cache = cache_folder(snakemake.config["cache"], os.environ.get("VENTRAL_CACHE"))
    url, prefix = weights_url(*snakemake.params.weights)
    fetch_file({"url": url, "sha256_prefix": prefix}, Path(snakemake.output[0]), mirrors, cache)
