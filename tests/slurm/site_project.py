"""A small project as a user of a cluster has it: the profile with the site's own lines changed."""

import os
import subprocess
import sys
from pathlib import Path

import yaml

from toy_project import CONFIG, Project

SITE = {
    "jobs": 20,
    "cores": 4,
    "resources": ["mem_mb=8000", "gpu=2", "jobs_at_once=1"],
    "set-resources": [
        f"{rule}:slurm_partition=gpu"
        for rule in ("extract_activations", "train_model", "apply_head")
    ],
    # Only so that the tests wait less.
    "slurm-init-seconds-before-status-checks": 1,
    "seconds-between-status-checks": 1,
    "latency-wait": 20,
}
PROFILE = "workflow/profiles/slurm/profile.yaml"
SMALL = {
    **CONFIG,
    "datasets": {"first": CONFIG["datasets"]["first"]},
    "models": {
        "pixels": CONFIG["models"]["pixels"],
        "net": CONFIG["models"]["net"],
        "classifier": {
            **CONFIG["models"]["classifier"],
            "taps": {"main": ["stage4"]},
            "readouts": ["linear_pcs"],
        },
    },
}
"""Most of it is a part of the toy project, so that the results can be compared."""


class SiteProject(Project):
    """A project with the profile of a site."""

    def set_up_site(self, **lines) -> None:
        """Write the site's lines into the profile."""
        path = self.folder / PROFILE
        path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **SITE, **lines}))

    def submit(self, cluster, *arguments: str, **environment: str) -> subprocess.Popen:
        """Start a run on a cluster; what it says goes to `said`."""
        command = [sys.executable, "-m", "snakemake", "--workflow-profile", "slurm"]
        with self.said.open("ab") as said:
            return subprocess.Popen(
                [*command, "--configfile", "toy.yaml", *arguments],
                cwd=self.folder,
                env={**cluster.environment, "OMP_NUM_THREADS": "1", **environment},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    @property
    def said(self) -> Path:
        """The file of what runs on a cluster have said."""
        return self.folder / "said.txt"

    def results(self, pattern: str) -> dict[str, bytes]:
        """Return {path in results: content} of files."""
        folder = self.folder / "results"
        return {
            os.fspath(path.relative_to(folder)): path.read_bytes() for path in folder.glob(pattern)
        }
