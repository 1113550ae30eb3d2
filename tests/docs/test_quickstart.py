"""The config of docs/quickstart.md for recordings of one's own runs, word for word."""

import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from helpers import ROOT, snakemake

PAGE = (ROOT / "docs" / "quickstart.md").read_text()
N_IMAGES, N_SITES = 60, 3


@pytest.fixture
def folder(tmp_path):
    """Give what the page asks for: the file that it shows, images, and a table of responses."""
    ((name, config),) = re.findall(r"File `([^`]+)`:\n\n```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / name).write_text(config)
    (tmp_path / "images").mkdir()
    rng = np.random.default_rng(0)
    names = [f"image_{i}" for i in range(N_IMAGES)]
    for image in names:
        values = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(values).save(tmp_path / "images" / f"{image}.png")
    table = pd.DataFrame(rng.normal(size=(N_IMAGES, N_SITES))).add_prefix("neuron_")
    table.insert(0, "stimulus_id", names)
    table.to_csv(tmp_path / "responses.csv", index=False)
    return tmp_path


def test_the_commands_are_those_of_this_page():
    commands = re.findall(r"^```\n(\S.*)\n```$", PAGE, re.MULTILINE)
    assert commands[0] == "make"
    assert all(re.match(r"\.venv/bin/snakemake .*--configfile \S+$", each) for each in commands[1:])


def test_its_run_is_planned(folder):
    done = snakemake(folder, "-n", "--configfile", str(folder / "mine.yaml"))
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"extract_activations +1\n", done.stdout)


@pytest.mark.slow
def test_the_answer_is_where_the_page_says(folder):
    (target,) = set(re.findall(r"results/mine/\S+\.md", PAGE))
    done = snakemake(folder, target, "--configfile", str(folder / "mine.yaml"))
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Pixels" in (folder / target).read_text()
