"""A toy project that has run, and the plan that Snakemake makes after a change."""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import yaml
from snakemake.api import (
    ConfigSettings,
    DAGSettings,
    ExecutionSettings,
    OutputSettings,
    ResourceSettings,
    SnakemakeApi,
)
from snakemake.logging import logger
from snakemake.settings.enums import Quietness
from snakemake.settings.types import RerunTrigger
from snakemake_interface_logger_plugins.common import LogEvent

ROOT = Path(__file__).parents[1]
PROFILE = yaml.safe_load((ROOT / "workflow/profiles/default/profile.yaml").read_text())

NETWORK = {
    "architecture": "squeezenet1_1",
    "preprocessing": {"size": 32},
    "readouts": ["linear_pcs", "ridge_cv_pcs"],
}
SHALLOW = {
    "architecture": "ventral.activations.shallow_cnn:shallow_cnn",
    "arguments": {"layers": 4},
    "preprocessing": {"size": 16},
}
CONFIG = {
    "datasets": {
        name: {
            "source": "simulated",
            "stimuli": {"seed": seed, "image_size": 16, "images_per_object": 6},
            "responses": {"n_it_sites": 3, "n_v4_sites": 2, "repetitions": 4},
            **restriction,
        }
        for name, seed, restriction in (
            ("first", 0, {}),
            ("second", 1, {"models": ["pixels", "net"]}),
        )
    },
    "models": {
        "pixels": {
            "architecture": "pixels",
            "preprocessing": {"size": 16},
            "taps": {"main": ["pixels"]},
            "readouts": ["ridge_raw", "ridge_cv_pcs"],
        },
        "net": {**NETWORK, "taps": {"main": ["features.0", "features.3"]}},
        "other": {**NETWORK, "seed": 1, "taps": {"main": ["features.3"]}},
        "classifier": {
            **SHALLOW,
            "training": {"task": "classification", "epochs": 1, "head": {"layer": "stage4"}},
        },
        "tuned": {
            **SHALLOW,
            "start": "classifier",
            "training": {"task": "responses", "epochs": 1, "trainable": ["stage4.*"]},
            "taps": {"main": ["stage4"]},
            "readouts": ["linear_pcs", "head"],
        },
    },
    "pca": {"n_components": 8},
    "readouts": {
        "ridge_raw": {"method": "ridge", "features": "raw", "alpha": 1.0},
        "head": {"method": "head"},
        "linear_pcs": {"method": "linear", "features": "pcs"},
        "ridge_cv_pcs": {
            "method": "ridge_cv",
            "features": "pcs",
            "alphas": {"low": -2, "high": 6, "count": 9},
        },
    },
    "scores": {"n_bootstrap": 20},
}


@dataclass(frozen=True)
class Job:
    """A planned job: its rule and its wildcards, as sorted pairs."""

    rule: str
    wildcards: tuple[tuple[str, str], ...]

    def __str__(self):
        return self.rule + "".join(f" {name}={value}" for name, value in self.wildcards)


class Jobs(frozenset):
    """A set of jobs that can be asked for a part."""

    def of(self, *rules: str, **wildcards: str | Collection[str]) -> "Jobs":
        """Return the jobs of these rules (any, if none is named) with these wildcards."""
        wanted = {
            name: {value} if isinstance(value, str) else set(value)
            for name, value in wildcards.items()
        }
        return Jobs(
            job
            for job in self
            if (not rules or job.rule in rules)
            and all(dict(job.wildcards).get(name) in values for name, values in wanted.items())
        )

    def __or__(self, other):
        return Jobs(frozenset.__or__(self, other))

    def __sub__(self, other):
        return Jobs(frozenset.__sub__(self, other))


class Project:
    """A copy of the workflow in a folder of its own, with a config and results."""

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def create(cls, folder: Path) -> "Project":
        """Copy the workflow and write the toy config."""
        for name in ("workflow", "src", "config", "envs"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pyc*"))
        shutil.copy2(ROOT / "Snakefile", folder)
        (folder / "profiles").symlink_to("workflow/profiles")
        project = cls(folder)
        project.write_config(CONFIG)
        return project

    def copy(self, folder: Path) -> "Project":
        """Copy everything, with its times."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)

    @property
    def config(self) -> dict:
        """The config as it stands."""
        return yaml.safe_load((self.folder / "toy.yaml").read_text())

    def write_config(self, config: dict) -> None:
        """Write the config."""
        (self.folder / "toy.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of a run."""
        return [
            *(sys.executable, "-m", "snakemake", "--cores", "2", *arguments),
            *("--configfile", "toy.yaml"),
        ]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the workflow as a user does."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def plan(self, *targets: str, everything: bool = False, until: Collection[str] = ()) -> Jobs:
        """Return the jobs that a run would make, with the settings of the default profile."""
        collector = _Collector()
        here = Path.cwd()
        path = list(sys.path)
        try:
            with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, dryrun=True)) as api:
                logger.handlers[:] = [collector]  # in place of the terminal's
                workflow = api.workflow(
                    resource_settings=ResourceSettings(cores=2),
                    config_settings=ConfigSettings(configfiles=[self.folder / "toy.yaml"]),
                    snakefile=self.folder / "Snakefile",
                    workdir=self.folder,
                )
                dag = workflow.dag(
                    DAGSettings(
                        targets=frozenset(targets),
                        forceall=everything,
                        until=frozenset(until),
                        force_incomplete=PROFILE["rerun-incomplete"],
                        rerun_triggers=frozenset(
                            RerunTrigger.parse_choice(name) for name in PROFILE["rerun-triggers"]
                        ),
                        max_checksum_file_size=PROFILE["max-checksum-file-size"],
                    )
                )
                dag.execute_workflow(
                    executor="dryrun", execution_settings=ExecutionSettings(lock=False)
                )
        finally:
            logger.handlers.clear()
            os.chdir(here)
            sys.path[:] = path
        return Jobs(collector.jobs)


class _Collector(logging.Handler):
    def __init__(self):
        super().__init__()
        self.jobs: set[Job] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "event", None) == LogEvent.JOB_INFO:
            wildcards = record.wildcards or {}
            pairs = tuple(sorted((name, str(value)) for name, value in wildcards.items()))
            self.jobs.add(Job(record.rule_name, pairs))
