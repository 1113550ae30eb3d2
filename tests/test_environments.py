"""One set of pins, and one environment per kind of job."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def pins(lines):
    return dict(
        line.strip().split("==") for line in lines if re.fullmatch(r"[\w.-]+==[\w.]+", line.strip())
    )


REQUIREMENTS = pins((ROOT / "requirements.txt").read_text().splitlines())


def test_every_requirement_is_pinned_exactly():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if line.strip() and not line.startswith("#")]
    assert len(wanted) == len(REQUIREMENTS)


@pytest.mark.parametrize("name", ["torch", "analysis"])
def test_conda_environments_have_the_same_pins(name):
    environment = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text())
    packages = pins(environment["dependencies"][-1]["pip"])
    assert packages
    assert packages.items() <= REQUIREMENTS.items()


WITHOUT = """
import sys
from importlib.machinery import PathFinder

class Finder(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name in {absent} else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Finder
"""


def with_dependencies(names):
    """Return the names of installed distributions and of all that they need."""
    found, pending = set(), list(names)
    while pending:
        name = canonicalize_name(pending.pop())
        if name in found:
            continue
        found.add(name)
        needs = map(Requirement, metadata.requires(name) or [])
        pending += [
            need.name for need in needs if not need.marker or need.marker.evaluate({"extra": ""})
        ]
    return found


def imports_of(script):
    """Return the import statements at the top of a script."""
    body = ast.parse(script.read_text()).body
    return [ast.unparse(node) for node in body if isinstance(node, (ast.Import, ast.ImportFrom))]


@pytest.mark.parametrize("name", ["torch", "analysis"])
def test_scripts_import_what_their_environment_has(name):
    """Without what is installed here, but not in the environment that the rule names."""
    environment = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text())
    there = with_dependencies(pins(environment["dependencies"][-1]["pip"]))
    absent = [
        module
        for module, distributions in metadata.packages_distributions().items()
        if not there.intersection(map(canonicalize_name, distributions))
    ]
    assert "snakemake" in absent
    rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    # An environment, then what else the rule says, then its script, after which comes a new rule.
    pairs = re.findall(r'(?s)"../../envs/(\w+).yaml"(?:(?!\nrule ).)*?"../scripts/(\w+).py"', rules)
    assert len(pairs) == rules.count("    conda:")
    scripts = [script for where, script in pairs if where == name]
    lines = [line for one in scripts for line in imports_of(ROOT / f"workflow/scripts/{one}.py")]
    code = "\n".join([WITHOUT.format(absent=absent), *lines])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "src", capture_output=True, text=True
    )
    assert not done.returncode, done.stderr


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]


def test_the_public_interface_needs_the_dependencies_of_the_package_alone():
    """Without what is installed here only for the workflow, for networks or for tests."""
    there = with_dependencies(Requirement(need).name for need in PROJECT["dependencies"])
    absent = [
        module
        for module, distributions in metadata.packages_distributions().items()
        if module != "ventral" and not there.intersection(map(canonicalize_name, distributions))
    ]
    assert {"torch", "snakemake", "zarrs"} <= set(absent)
    code = (
        WITHOUT.format(absent=absent)
        + """
import numpy, ventral
for name in ventral.__all__:
    getattr(ventral, name)
X, Y = numpy.random.default_rng(0).normal(size=(20, 50)), numpy.arange(20.0)
ventral.score(Y, ventral.ridge_cv(X, Y).predict(X))
ventral.pls(X, Y, 2), ventral.pca(X), ventral.noise_ceiling(X[:, None, :5])
try:
    ventral.open_store("nothing.zarr")
except ventral.VentralError:
    import xarray
"""
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "src", capture_output=True, text=True
    )
    assert not done.returncode, done.stderr


def test_the_pins_lie_in_the_ranges_of_the_package():
    """The workflow does without xarray, which only `ventral.open_store` needs."""
    tested = pins((ROOT / "requirements-test.txt").read_text().splitlines())
    needs = [*PROJECT["dependencies"], *EXTRAS["workflow"], *EXTRAS["torch"]]
    ranges = {canonicalize_name(need.name): need.specifier for need in map(Requirement, needs)}
    pinned = {canonicalize_name(name): pin for name, pin in (tested | REQUIREMENTS).items()}
    assert ranges.keys() <= pinned.keys()
    for name, allowed in ranges.items():
        assert pinned[name] in allowed, name


def test_the_wheel_holds_every_file_of_the_package(tmp_path):
    """Schemas and the marker for type checkers are read from the installed package."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("ventral-*.whl")
    with zipfile.ZipFile(wheel) as file:
        packed = {name for name in file.namelist() if name.startswith("ventral/")}
    kept = {
        str(path.relative_to(ROOT / "src"))
        for path in (ROOT / "src" / "ventral").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == kept
    assert "ventral/data/sources/files/schema.yaml" in packed


def test_the_container_is_made_of_the_same_pins():
    """It installs requirements.txt itself, on the Python of the conda environments."""
    recipe = (ROOT / "envs" / "Containerfile").read_text()
    version = re.search(r"^FROM python:([\d.]+)-", recipe, re.MULTILINE)[1]
    for name in ("torch", "analysis"):
        environment = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text())
        assert f"python={version}" in environment["dependencies"]
    copied = re.search(r"^COPY (\S+) (\S+)$", recipe, re.MULTILINE)
    assert copied[1] == "requirements.txt"
    installs = re.findall(r"pip install .*", recipe)
    assert installs == [f"pip install --no-cache-dir -r {copied[2]}"]  # and nothing without a pin


def test_profiles_agree_on_what_is_to_be_done():
    profiles = [
        yaml.safe_load((ROOT / f"workflow/profiles/{name}/profile.yaml").read_text())
        for name in ("default", "slurm")
    ]
    for key in ("rerun-triggers", "max-checksum-file-size", "rerun-incomplete"):
        assert profiles[0][key] == profiles[1][key]


def test_every_rule_has_its_script_and_every_script_its_rule():
    rules = re.findall(
        r"^rule (\w+):",
        "\n".join(
            path.read_text()
            for path in [ROOT / "Snakefile", *(ROOT / "workflow/rules").glob("*.smk")]
        ),
        flags=re.MULTILINE,
    )
    rules = [
        rule for rule in rules if rule not in ("all", "fetch", "layers")
    ]  # they name targets alone
    scripts = [path.stem for path in (ROOT / "workflow/scripts").glob("*.py")]
    assert sorted(rules) == sorted(scripts)


def test_the_library_has_no_word_of_snakemake():
    told = re.compile("snakemake", re.IGNORECASE)
    files = list((ROOT / "src").rglob("*.py"))
    assert len(files) > 20
    for path in files:
        assert not told.search(path.read_text()), path
