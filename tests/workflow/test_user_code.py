"""Files of the user's that a run imports, or must not import."""

import os
import subprocess
import sys

import pytest
import yaml

from helpers import ROOT

SHADOWS = [
    *("filelock", "h5py", "json", "jsonschema", "logging", "numcodecs", "numpy", "packaging"),
    *("pandas", "platformdirs", "pooch", "requests", "scipy", "subprocess", "torch"),
    *("torchvision", "urllib3", "yaml", "zarr"),
]
NETWORKS = """
import torch
from torch import nn

def small():
    return nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU())
"""


def config(architecture, layers=("1",), **arguments):
    return {
        "datasets": {"simulated": {"source": "simulated"}},
        "models": {
            "net": {
                "architecture": architecture,
                "arguments": arguments,
                "preprocessing": {"size": 32},
                "taps": {"main": list(layers)},
            }
        },
        "pca": {"when_rank_is_lower": "use_rank"},
        "readouts": {"ridge_cv": {"method": "ridge_cv", "features": "pcs"}},
    }


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def plan(folder, *arguments):
    """Plan with the working folder `folder`, started as the command `snakemake` is."""
    command = [sys.executable, "-P", "-m", "snakemake", "-n", "--cores", "1", *arguments]
    command += ["--configfile", "config.yaml"]
    return subprocess.run(
        command,
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def write(folder, settings):
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))


def shadow(folder, names=SHADOWS):
    for name in names:
        (folder / f"{name}.py").write_text(
            f"open({str(folder / 'was_imported')!r}, 'a').write({name!r} + ' ')\n"
            f"raise ImportError('{name} is not what was installed')\n"
        )


SNAKEFILE = """
configfile: "config.yaml"

module ventral:
    snakefile: "{root}/Snakefile"
    config: config

use rule * from ventral
"""


@pytest.mark.parametrize("beside", ["the config", "the Snakefile", "a Snakefile that imports"])
def test_a_file_does_not_take_the_place_of_a_package(folder, beside):
    """Its name is that of a package that the plan, or the process that builds networks, imports."""
    (folder / "networks.py").write_text(NETWORKS)
    write(folder, config("networks:small"))
    if beside == "the config":
        shadow(folder)
        done = plan(folder, "--snakefile", str(ROOT / "Snakefile"))
    elif beside == "the Snakefile":
        copy = folder / "workflow_copy"
        copy.mkdir()
        for name in ("config", "envs", "src", "workflow"):
            (copy / name).symlink_to(ROOT / name)
        (copy / "Snakefile").write_text((ROOT / "Snakefile").read_text())
        shadow(copy)
        done = plan(folder, "--snakefile", "workflow_copy/Snakefile")
    else:
        # Snakemake itself imports `packaging` when it reads `use rule`, before this workflow.
        shadow(folder, [name for name in SHADOWS if name != "packaging"])
        (folder / "Snakefile").write_text(SNAKEFILE.format(root=ROOT))
        done = plan(folder)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "extract_activations" in done.stdout
    assert not list(folder.rglob("was_imported"))


def test_a_job_does_not_import_a_file_in_the_place_of_a_package(folder):
    write(folder, config("pixels", ["pixels"]))
    shadow(folder)
    command = [
        sys.executable,
        "-P",
        "-m",
        "snakemake",
        "--cores",
        "1",
        "--configfile",
        "config.yaml",
    ]
    command += ["--snakefile", str(ROOT / "Snakefile"), "results/simulated/stimuli.json"]
    done = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert not (folder / "was_imported").exists(), (folder / "was_imported").read_text()


@pytest.mark.parametrize(
    ("architecture", "arguments", "said"),
    [
        (
            "os:system",
            {"command": "touch was_run"},
            "'os' is a module of Python's standard library",
        ),
        ("posix:system", {"command": "touch was_run"}, "standard library"),
        ("builtins:exec", {"source": "open('was_run', 'w')"}, "standard library"),
        ("helpers:run", {"args": ["touch", "was_run"]}, "subprocess.run of Python's standard"),
        ("ends:small", {}, "SystemExit: 0"),
        ("raises:small", {}, "ZeroDivisionError"),
        ("dies:small", {}, "status 3: out of luck"),
    ],
)
def test_a_plan_survives_the_module_of_an_architecture(folder, architecture, arguments, said):
    (folder / "helpers.py").write_text("from subprocess import run\n")
    (folder / "ends.py").write_text("print('{}')\nimport sys\nsys.exit(0)\n")
    (folder / "raises.py").write_text("print('{}', flush=True)\n1 / 0\n")
    (folder / "dies.py").write_text(
        "import os, sys\nprint('out of luck', file=sys.stderr, flush=True)\nos._exit(3)\n"
    )
    write(folder, config(architecture, **arguments))
    done = plan(folder, "--snakefile", str(ROOT / "Snakefile"))
    assert done.returncode == 1
    assert f"models: net: architecture '{architecture}'" in done.stdout, done.stdout[-3000:]
    assert said in done.stdout and "Traceback" not in done.stdout
    assert not (folder / "was_run").exists()


def test_an_image_whose_name_is_a_pattern_is_named(folder):
    images = folder / "images"
    images.mkdir()
    for name in ("s1.png", "s2{old}.png"):
        (images / name).touch()
    (folder / "responses.csv").write_text("stimulus_id,a\ns1,1\n")
    settings = config("pixels", ["pixels"])
    settings["datasets"] = {
        "mine": {
            "source": "files",
            "stimuli": {"image_size": 16, "files": {"images": {"path": "images"}}},
            "responses": {"region": "IT", "files": {"responses": {"path": "responses.csv"}}},
        }
    }
    write(folder, settings)
    done = plan(folder, "--snakefile", str(ROOT / "Snakefile"))
    assert done.returncode == 1
    assert "datasets: mine: stimuli: files: images: image 'images/s2{old}.png' has" in done.stdout
    assert "WildcardError" not in done.stdout and "Traceback" not in done.stdout


def test_no_secret_of_a_config_is_shown(folder):
    """The sentence of a config with a wrong key quotes what is wrong."""
    settings = config("pixels", ["pixels"])
    address = "https://jim:hunter2@host.org/a.npz?token=s3cret"
    settings["datasets"] = {
        "mine": {
            "source": "files",
            "stimuli": {"files": {"images": {"url": address, "sha256": "12"}}},
            "responses": {"region": "IT", "files": {"responses": {"url": address, "sum": 3}}},
        }
    }
    write(folder, settings)
    done = plan(folder, "--snakefile", str(ROOT / "Snakefile"))
    assert done.returncode == 1 and "mine" in done.stdout
    assert "hunter2" not in done.stdout and "s3cret" not in done.stdout, done.stdout
