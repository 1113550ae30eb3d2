"""docs/results.md describes every file that a run leaves, and every column of its tables."""

import csv
import re
import sys

import pytest

from helpers import ROOT, snakemake
from ventral.scores.reference_check import COLUMNS as REFERENCE_COLUMNS
from ventral.similarity.tables import COLUMNS as SIMILARITY_COLUMNS

sys.path.insert(0, str(ROOT / "docs"))
from _extensions import results_pages

FULL_CONFIG = ["config.yaml", "cowley_v4.yaml"]
PATH = re.compile(r"results/[^\s,;]+")
IN_WORDS = {"models.csv", "layers.csv", "sweeps.csv"}


@pytest.fixture(scope="module")
def planned(tmp_path_factory) -> dict[str, set[str]]:
    """Return all outputs of a plan in which every rule has a job, and those that `all` asks for."""
    configs = [str(ROOT / "config" / name) for name in FULL_CONFIG]
    configs.append(str(ROOT / "tests" / "configs" / "every_rule.yaml"))
    folder = tmp_path_factory.mktemp("plan")
    said = snakemake(folder, "-n", "--configfile", *configs)
    assert said.returncode == 0, said.stdout[-3000:]
    outputs = re.findall(r"^    output: (.*)$", said.stdout, re.MULTILINE)
    wanted = re.search(r"^rule all:\n    input: (.*)$", said.stdout, re.MULTILINE)
    assert outputs and wanted
    return {
        "outputs": {_of_a_dataset(path) for line in outputs for path in PATH.findall(line)},
        "all": {_of_a_dataset(path) for path in PATH.findall(wanted[1])},
    }


def _of_a_dataset(path: str) -> str:
    _, first, *rest = path.split("/")
    return "/".join(["{dataset}", *rest]) if rest else first


def test_every_output_is_described(planned):
    assert "{dataset}/tables/models.md" in planned["all"]
    missing = sorted(path for path in planned["all"] | planned["outputs"] if not described(path))
    assert not missing, f"describe these in docs/_extensions/results.yaml: {missing}"


def described(path):
    return results_pages.described(path)


def test_nothing_is_described_that_no_rule_makes(planned):
    # Only a data set with published numbers has this one, and every_rule.yaml has none.
    made = planned["outputs"] | {"{dataset}/tables/reference_check.csv"}
    stems = {path.rpartition(".")[0] for path in made}
    for kind in ("tables", "figures"):
        assert set(results_pages.FACTS[kind]) <= stems


def test_every_caption_is_shown():
    captions = results_pages.captions()
    kinds = {*results_pages.FACTS["tables"], *results_pages.FACTS["figures"]}
    assert set(captions) <= kinds, f"describe {set(captions) - kinds}"
    page = results_pages.page()
    assert all(caption in page for caption in captions.values())


def test_every_column_is_described(finished):
    files = sorted((finished.folder / "results").rglob("*.csv"))
    assert len(files) > 10
    names = {*SIMILARITY_COLUMNS, *REFERENCE_COLUMNS}
    for path in files:
        if path.name not in IN_WORDS:
            with path.open() as file:
                names |= set(next(csv.reader(file)))
    missing = sorted(name for name in names if not results_pages.column_described(name))
    assert not missing, f"describe these in docs/_extensions/results.yaml: {missing}"


def test_the_page_is_current():
    assert results_pages.PAGE.read_text() == results_pages.page(), "run make docs"
