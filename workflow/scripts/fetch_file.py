"""Get one file that the config names: from a mirror, or from its address."""

import os
from pathlib import Path

from ventral.data.fetch import cache_folder, fetch_file, mirror_folders
from ventral.job_log import job_log

with job_log(snakemake.log[0]):
    # Both are read past the params, untracked: where a file lies changes nothing about it.
    mirrors = mirror_folders(snakemake.config["mirrors"], os.environ.get("VENTRAL_MIRRORS"))
    cache = cache_folder(snakemake.config["cache"], os.environ.get("VENTRAL_CACHE"))
    fetch_file(snakemake.params.specification, Path(snakemake.output[0]), mirrors, cache)
