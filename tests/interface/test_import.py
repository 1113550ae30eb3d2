"""What `import ventral` costs, and what it leaves as it was."""

import doctest
import json
import os
import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

import ventral
from helpers import ROOT
from ventral.storage.codecs import SETTING

MODULES = [
    module.name
    for module in pkgutil.walk_packages(ventral.__path__, "ventral.")
    if not module.name.endswith("__main__")
]


def run(code: str) -> object:
    """Run code in a new interpreter; return what it prints as JSON on its last line."""
    environment = {name: value for name, value in os.environ.items() if name != SETTING}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "src",
        env=environment,
        capture_output=True,
        text=True,
    )
    assert not done.returncode, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_importing_the_package_imports_no_large_library():
    loaded = run("import json, sys, ventral; dir(ventral); print(json.dumps(list(sys.modules)))")
    assert "ventral" in loaded
    packages = {name.split(".")[0] for name in loaded}
    assert not packages & {"numpy", "pandas", "scipy", "sklearn", "torch", "xarray", "zarr"}


def test_ridge_loads_neither_torch_nor_xarray():
    loaded = run(
        "import json, sys, ventral; ventral.ridge_cv; print(json.dumps(list(sys.modules)))"
    )
    packages = {name.split(".")[0] for name in loaded}
    assert "numpy" in packages
    assert not packages & {"torch", "xarray"}


def test_every_public_name_is_documented_and_listed():
    for name in ventral.__all__:
        assert getattr(ventral, name).__doc__, name
        assert name in ventral.__doc__
    assert set(ventral.__all__) <= set(dir(ventral))
    stub = (ROOT / "src/ventral/__init__.pyi").read_text()
    assert all(f"import {name} as {name}\n" in stub for name in ventral.__all__)
    with pytest.raises(AttributeError, match="no attribute 'rigde'"):
        ventral.rigde  # noqa: B018


@pytest.mark.parametrize("name", ["ventral", *(m for m in MODULES if ".interface." in m)])
def test_the_examples_of_the_interface_run(name):
    assert doctest.testmod(import_module(name)).failed == 0


# The libraries are imported first, since what they change on import is not ours to mend.
STATE = """
import importlib, json, logging, os, pkgutil, sys, warnings

import h5py, jsonschema, matplotlib.pyplot, numpy, pandas, scipy.stats, sklearn, torch, xarray, yaml
import PIL.Image, requests, sklearn.cross_decomposition, sklearn.model_selection, zarr, zarrs
from ventral.networks import torchvision_import  # torchvision may need it to load

def state():
    logger = logging.getLogger()
    return dict(
        zarr=zarr.config.config,
        numpy_errors=numpy.geterr(),
        numpy_print=numpy.get_printoptions(),
        random=str(numpy.random.get_state()),
        torch_random=torch.random.initial_seed(),
        torch=[
            torch.backends.cuda.matmul.allow_tf32,
            torch.backends.cudnn.allow_tf32,
            torch.backends.cudnn.deterministic,
            torch.backends.cudnn.benchmark,
            torch.are_deterministic_algorithms_enabled(),
            torch.get_num_threads(),
            str(torch.get_default_dtype()),
            torch.is_grad_enabled(),
            torch.multiprocessing.get_sharing_strategy(),
        ],
        warnings=[str(entry) for entry in warnings.filters],
        how_warnings_look=str(warnings.formatwarning),
        logging=[str(logger.handlers), logger.level, logging.lastResort.level],
        environment=dict(os.environ),
        path=list(sys.path),
        hook=str(sys.excepthook),
        matplotlib={key: str(value) for key, value in matplotlib.rcParams.items()},
        xarray=str(xarray.get_options()),
        pandas=pandas.get_option("display.max_rows"),
    )

before = json.loads(json.dumps(state()))
imported = %s
for name in imported:
    importlib.import_module(name)
after = json.loads(json.dumps(state()))
print(json.dumps([key for key in before if before[key] != after[key]]))
"""


def test_importing_every_module_changes_no_global_state():
    assert len(MODULES) > 60
    assert run(STATE % MODULES) == []
