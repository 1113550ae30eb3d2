"""Get the weights of a torchvision enum: from a mirror, or from their address."""

import os
from pathlib import Path

from ventral.activations.weights import fetch_weights
from ventral.data.fetch import mirror_folders
from ventral.job_log import job_log

with job_log(snakemake.log[0]):
    # Mirrors are read past the params, untracked: where a file lies changes nothing about it.
    mirrors = mirror_folders(snakemake.config["mirrors"], os.environ.get("VENTRAL_MIRRORS"))
    fetch_weights(*snakemake.params.weights, Path(snakemake.output[0]), mirrors)
