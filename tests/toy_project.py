"""A toy project that has run, and the plan that Snakemake makes after a change."""

import copy
import hashlib
import io
import logging
import os
import shutil
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import yaml
from PIL import Image
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

# Threads that wait for one another must not spin while other jobs want the cores.
THREADS = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
NETWORK = {"preprocessing": {"size": 32}, "readouts": ["linear_pcs"]}
SHALLOW = {
    "architecture": "ventral.networks.shallow_cnn:shallow_cnn",
    "arguments": {"layers": 4},
    "preprocessing": {"size": 16},
}
TRAINING = {"epochs": 12, "patience": 0, "batch_size": 32, "augmentation": ["flip", "crop"]}
ADDRESS = "https://lab.example.org"  # of files that are all in a mirror
IMAGE_SIZE, IMAGES_PER_OBJECT, N_SITES, REPETITIONS = 16, 6, 5, 4
N_IMAGES = 64 * IMAGES_PER_OBJECT
CONFIG = {
    "mirrors": ["mirror"],
    "datasets": {
        "first": {
            "source": "simulated",
            "stimuli": {"image_size": IMAGE_SIZE, "images_per_object": IMAGES_PER_OBJECT},
            "responses": {"n_it_sites": 3, "n_v4_sites": 2, "repetitions": REPETITIONS},
        },
        "second": {
            "source": "files",
            "stimuli": {
                "image_size": IMAGE_SIZE,
                "files": {"images": {"url": f"{ADDRESS}/images.zip"}},
            },
            "responses": {"files": {"responses": {"url": f"{ADDRESS}/responses.npz"}}},
            "models": ["net"],
        },
    },
    "models": {
        "pixels": {
            "architecture": "pixels",
            "preprocessing": {"size": 16},
            "taps": {"main": ["pixels"]},
            "readouts": ["ridge_raw", "ridge_cv_pcs"],
        },
        "net": {
            **NETWORK,
            "architecture": "squeezenet1_1",
            "taps": {"main": ["features.0", "features.3"]},
        },
        "other": {
            **NETWORK,
            "architecture": "my_networks:small",
            "weights": {"url": f"{ADDRESS}/small.pth"},
            "taps": {"main": ["second"]},
        },
        "classifier": {
            **SHALLOW,
            "training": {**TRAINING, "task": "classification", "head": {"layer": "stage4"}},
        },
        "tuned": {
            **SHALLOW,
            "start": "classifier",
            "training": {**TRAINING, "task": "responses", "trainable": ["stage4.*"]},
            "taps": {"main": ["stage4"]},
            "readouts": ["linear_pcs", "head"],
        },
    },
    "pca": {"n_components": 8},
    "readouts": {
        "ridge_raw": {
            **{"method": "ridge", "features": "raw", "alpha": 1.0},
            "sweep": {"alpha": [1.0]},
        },
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
OWN_CODE = {
    "my_networks.py": """
        from torch import nn

        from my_layers import layer


        class Small(nn.Module):
            '''Two layers.'''

            def __init__(self):
                super().__init__()
                self.first, self.second = layer(3, 4), layer(4, 8)

            def forward(self, images):
                return self.second(self.first(images))


        def small():
            return Small()
        """,
    "my_layers.py": """
        from torch import nn


        def layer(before, after):
            return nn.Sequential(nn.Conv2d(before, after, 3, stride=2), nn.ReLU())
        """,
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
        """Copy the workflow; write the toy config, its networks and its files."""
        for name in ("workflow", "src", "config", "envs"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pyc*"))
        shutil.copy2(ROOT / "Snakefile", folder)
        (folder / "profiles").symlink_to("workflow/profiles")
        for name, text in OWN_CODE.items():
            (folder / name).write_text(textwrap.dedent(text).lstrip())
        sums = _write_mirror(folder / "mirror")
        config = copy.deepcopy(CONFIG)
        for file in files_of(config):
            file["sha256"] = sums[file["url"].rsplit("/", 1)[-1]]
        project = cls(folder)
        project.write_config(config)
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
            sys.executable,
            "-m",
            "snakemake",
            "--cores",
            "2",
            *arguments,
            "--configfile",
            "toy.yaml",
        ]

    def start(self, *arguments: str, **how) -> subprocess.Popen[str]:
        """Start a run as a user does, and do not wait for it; `how` goes to `Popen`."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env={**os.environ, **THREADS},
            stderr=subprocess.STDOUT,
            text=True,
            **how,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the workflow as a user does."""
        with self.start(*arguments, stdout=subprocess.PIPE) as process:
            said, _ = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, said)

    def plan(self, *targets: str, everything: bool = False, until: Collection[str] = ()) -> Jobs:
        """Return the jobs that a run would make, with the settings of the default profile."""
        collector = _Collector()
        here = Path.cwd()
        path, environment = list(sys.path), dict(os.environ)
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
            os.environ.clear()
            os.environ.update(environment)
        return Jobs(collector.jobs)


def files_of(config: dict) -> list[dict]:
    """Return the entry of every file that the toy config names."""
    second = config["datasets"]["second"]
    return [
        *second["stimuli"]["files"].values(),
        *second["responses"]["files"].values(),
        config["models"]["other"]["weights"],
    ]


def _write_mirror(folder: Path) -> dict[str, str]:
    """Write the toy's files, the same ones every time; return the sha256 of each."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    names = [f"image_{number:03d}" for number in range(N_IMAGES)]
    with zipfile.ZipFile(folder / "images.zip", "w") as archive:
        for name in names:
            image, content = rng.integers(0, 256, (IMAGE_SIZE, IMAGE_SIZE, 3)), io.BytesIO()
            Image.fromarray(image.astype(np.uint8)).save(content, "PNG")
            archive.writestr(zipfile.ZipInfo(f"{name}.png"), content.getvalue())
    trials = rng.normal(size=(N_IMAGES, N_SITES, REPETITIONS))
    np.savez(folder / "responses.npz", responses=trials, stimulus_id=np.array(names))
    shapes = {"first.0": (4, 3, 3, 3), "second.0": (8, 4, 3, 3)}
    weights = {f"{name}.weight": rng.normal(size=shape) for name, shape in shapes.items()}
    weights |= {f"{name}.bias": rng.normal(size=shape[0]) for name, shape in shapes.items()}
    torch.save(
        {name: torch.from_numpy(value).float() for name, value in weights.items()},
        folder / "small.pth",
    )
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


class _Collector(logging.Handler):
    def __init__(self):
        super().__init__()
        self.jobs: set[Job] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "event", None) == LogEvent.JOB_INFO:
            wildcards = record.wildcards or {}
            pairs = tuple(sorted((name, str(value)) for name, value in wildcards.items()))
            self.jobs.add(Job(record.rule_name, pairs))
