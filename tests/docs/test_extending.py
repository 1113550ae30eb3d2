"""The examples of docs/extending.md work, word for word: a model, a readout and a figure."""

import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import BayesianRidge

import ventral
from helpers import ROOT, snakemake
from ventral.data.splits import rows_of
from ventral.storage.tables import read_csv

PAGE = (ROOT / "docs" / "extending.md").read_text()
FENCE = r"```\w+\n(.*?)```"
FILE = re.compile(rf"File `([^`]+)`[^\n]*:\n\n{FENCE}", re.DOTALL)
APPEND = re.compile(rf"Append to `([^`]+)`:\n\n{FENCE}", re.DOTALL)
REPLACE = re.compile(rf"In `([^`]+)`, replace\n\n{FENCE}\n\nby\n\n{FENCE}", re.DOTALL)
BESIDE = ("my_networks.py", "my_study.yaml", "my_readout.yaml")
FIGURE = "results/simulated/figures/histogram_of_sites"
TABLES = "results/simulated/tables/models.md"


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Give a copy of the repository to which the page was applied."""
    folder = tmp_path_factory.mktemp("ventral_copy")
    for name in ("workflow", "src", "config", "envs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pyc*"))
    shutil.copy2(ROOT / "Snakefile", folder)
    files = dict(FILE.findall(PAGE))
    assert set(BESIDE) < set(files)
    for name, text in files.items():
        if name not in BESIDE:
            assert not (folder / name).exists(), name
            (folder / name).write_text(text)
    for name, text in APPEND.findall(PAGE):
        (folder / name).write_text((folder / name).read_text() + text)
    replaced = REPLACE.findall(PAGE)
    assert len(replaced) == 4
    for name, old, new in replaced:
        # A line that is quoted in part goes on behind the quotation.
        old, new, before = old.rstrip("\n"), new.rstrip("\n"), (folder / name).read_text()
        assert before.count(old) == 1, (name, old)
        (folder / name).write_text(before.replace(old, new))
    return folder


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Give a folder with the files that the page puts beside the config."""
    folder = tmp_path_factory.mktemp("my_study")
    for name, text in FILE.findall(PAGE):
        if name in BESIDE:
            (folder / name).write_text(text)
    return folder


def test_the_page_shows_code_in_the_house_style(repository):
    changed = [name for name, _ in FILE.findall(PAGE) if name.endswith(".py")]
    changed = [name for name in changed if name not in BESIDE]
    command = [sys.executable, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [*command, *changed], cwd=repository, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_a_plan_of_the_model_holds_its_jobs(study):
    """The model needs no change of the repository."""
    config = str(study / "my_study.yaml")
    done = snakemake(study, TABLES, "-n", "--configfile", config)
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"extract_activations +1\n", done.stdout)
    wrong = (study / "my_study.yaml").read_text().replace("[first, second]", "[first, secnd]")
    (study / "wrong.yaml").write_text(wrong)
    done = snakemake(study, TABLES, "-n", "--configfile", str(study / "wrong.yaml"))
    assert done.returncode != 0 and "second" in done.stdout


@pytest.mark.slow
def test_the_model_the_readout_and_the_figure_are_in_the_results(repository, study):
    configs = [str(study / name) for name in ("my_study.yaml", "my_readout.yaml")]
    done = snakemake(
        study,
        *("--snakefile", str(repository / "Snakefile")),
        *(TABLES, f"{FIGURE}.png", f"{FIGURE}.svg"),
        *("--configfile", *configs),
    )
    assert done.returncode == 0, done.stdout[-4000:]
    results = study / "results" / "simulated"
    for ending in ("png", "svg"):
        assert (study / f"{FIGURE}.{ending}").stat().st_size > 1000
    models = (results / "tables" / "models.md").read_text()
    assert "Two layers" in models and "Bayesian ridge" in models

    fit = ventral.open_store(results / "fits" / "two_layers" / "main" / "bayesian.zarr")["second"]
    components = ventral.open_store(results / "pca" / "two_layers" / "main.zarr")["second"]
    responses = ventral.open_store(results / "responses.zarr")["responses"].to_numpy()
    train = rows_of(read_csv(results / "split.csv"), "train")
    scores = components["scores"].to_numpy()
    expected = BayesianRidge().fit(scores[train], responses[train, 0]).predict(scores)
    assert np.allclose(fit["predictions"].to_numpy()[:, 0], expected, rtol=1e-3, atol=1e-3)

    table = pd.read_csv(results / "scores.csv")
    assert set(table["readout"]) == {"ridge_cv", "bayesian"}
    assert set(table["layer"]) == {"first", "second"}
