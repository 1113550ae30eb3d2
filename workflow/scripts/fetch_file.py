"""Get one file that the config names: from a mirror, or from its address."""

import os
from pathlib import Path

from ventral.data.fetch import cache_folder, fetch_file, mirror_folders
from ventral.data.named_files import find_download
from ventral.jobs.log import job_log

with job_log(snakemake.log[0]):
    # Read past the params, untracked: where a file comes from changes nothing about it.
    mirrors = mirror_folders(snakemake.config["mirrors"], os.environ.get("VENTRAL_MIRRORS"))
    cache = cache_folder(snakemake.config["cache"], os.environ.get("VENTRAL_CACHE"))
    specification = find_download(snakemake.config, snakemake.wildcards.download)
    fetch_file(specification, Path(snakemake.output[0]), mirrors, cache)
