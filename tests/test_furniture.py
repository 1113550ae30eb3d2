"""Files that hosts and tools read: citation, hosted CI, hooks, the run of the catalogue."""

import os
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

from helpers import ROOT, snakemake

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
HOSTED = [*(ROOT / ".github").rglob("*.yml"), ROOT / ".pre-commit-config.yaml"]


def read(path: str | Path):
    return yaml.safe_load((ROOT / path).read_text())


def test_the_citation_has_the_version_of_the_package():
    citation = read("CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert citation.keys() >= {"message", "title", "authors", "license"}
    assert str(citation["version"]) == VERSION and citation["license"] == "MIT"
    assert all(author.get("name") or author.get("family-names") for author in citation["authors"])


def test_the_changelog_has_the_form_of_keep_a_changelog():
    text = (ROOT / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings[0] == "Unreleased"
    for heading in headings[1:]:
        assert re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d{2}-\d{2}", heading), heading
    kinds = set(re.findall(r"^### (.*)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_hosted_ci_runs_what_ci_runs():
    jobs = read(".github/workflows/ci.yml")["jobs"]
    commands = {job: [step.get("run", "") for step in jobs[job]["steps"]] for job in jobs}
    assert ".ci/run" in commands["tests"] and "make docs" in commands["docs"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert re.search(r"^docs:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", HOSTED, ids=lambda path: path.name)
def test_no_address_of_a_registry_is_named(path):
    assert yaml.safe_load(path.read_text())
    assert not re.search(r"https?://|index-url|pypi", path.read_text())


def test_hooks_are_tools_of_the_environment():
    pinned = (ROOT / "requirements-test.txt").read_text()
    for repository in read(".pre-commit-config.yaml")["repos"]:
        assert repository["repo"] == "local"
        for hook in repository["hooks"]:
            tool = shlex.split(hook["entry"])[0]
            assert hook["language"] == "system" and tool.startswith(".venv/bin/")
            assert f"{tool.rpartition('/')[2]}==" in pinned


CATALOGUE = ROOT / ".test" / "config" / "config.yaml"


def test_the_run_of_the_catalogue_is_planned(tmp_path):
    done = snakemake(tmp_path, "-n", "--configfile", str(CATALOGUE))
    assert done.returncode == 0, done.stdout[-3000:]
    assert "draw_score_along_layers" in done.stdout


@pytest.mark.slow
def test_the_run_of_the_catalogue_makes_its_tables(tmp_path):
    target = "results/simulated/tables/models.md"
    done = snakemake(tmp_path, target, "--configfile", str(CATALOGUE))
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Pixels" in (tmp_path / target).read_text()
