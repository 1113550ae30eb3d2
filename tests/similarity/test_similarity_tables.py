"""The table of all models, its Markdown, and the files of distances."""

import numpy as np
import pandas as pd
import pytest

from ventral.data.responses import Responses
from ventral.similarity.compare import compare_layers
from ventral.similarity.distance_files import read_distances, write_distances
from ventral.similarity.measure import MEASURES
from ventral.similarity.noise_ceilings import noise_ceilings
from ventral.similarity.tables import (
    COLUMNS,
    HEADINGS,
    collect_similarity,
    markdown_of,
    table_of_ceilings,
)
from ventral.storage.tables import read_csv, write_csv

TEST = np.arange(20, 40)


@pytest.fixture
def responses():
    rng = np.random.default_rng(0)
    trials = rng.normal(size=(40, 7, 1)) + rng.normal(size=(40, 7, 6))
    sites = pd.DataFrame(
        {"site_id": [f"s{i}" for i in range(7)], "region": ["V4"] * 3 + ["IT"] * 4, "animal": "a"}
    )
    ids = np.array([f"i{i}" for i in range(40)], object)
    return Responses(ids, sites, trials.mean(axis=2), trials)


@pytest.fixture
def files(responses, tmp_path):
    rng = np.random.default_rng(1)
    split = {"": pd.DataFrame({"split": ["train"] * 20 + ["test"] * 20})}
    paths = []
    for model in ("net", "1e5"):
        x = rng.normal(size=(40, 9))
        layers = [("0.10", x @ x.T), ("0.1", x[:, :2] @ x[:, :2].T)]
        table, _ = compare_layers(layers, responses, split, seed=0, n_bootstrap=10)
        paths.append(str(tmp_path / f"{model}.csv"))
        write_csv(paths[-1], table)
    return paths


def test_the_ceilings_are_those_of_the_compared_stimuli(responses):
    rows = np.arange(10, 40)  # those of the others are not repeated
    found = table_of_ceilings(responses, (rows, responses.repetitions[rows]), TEST, seed=3)
    expected = noise_ceilings(responses.repetitions[TEST][:, 3:], seed=3)
    of_it = found[found["region"] == "IT"]
    assert tuple(of_it["measure"]) == MEASURES
    np.testing.assert_array_equal(of_it["noise_ceiling_lower"], expected.lower)
    np.testing.assert_array_equal(of_it["noise_ceiling_upper"], expected.upper)


@pytest.mark.parametrize("rows", [None, np.arange(0), np.arange(20)])
def test_without_trials_of_the_compared_stimuli_there_are_no_ceilings(responses, rows):
    repeated = None if rows is None else (rows, responses.repetitions[rows])
    found = table_of_ceilings(responses, repeated, TEST, seed=0)
    assert len(found) == 2 * len(MEASURES) and found["noise_ceiling_upper"].isna().all()


def test_all_models_are_in_one_table_and_its_markdown(responses, files, tmp_path):
    ceilings = table_of_ceilings(responses, (np.arange(40), responses.repetitions), TEST, seed=0)
    table = collect_similarity(files, "mine", ["net", "1e5"], ceilings)
    assert list(table) == COLUMNS and len(table) == 2 * 2 * 2 * (len(MEASURES) + 1)
    known = table["measure"].isin(MEASURES)
    assert table.loc[known, "noise_ceiling_lower"].notna().all()
    assert table.loc[~known, "noise_ceiling_lower"].isna().all()
    write_csv(tmp_path / "similarity.csv", table)
    back = read_csv(tmp_path / "similarity.csv")
    assert set(back["layer"]) == {"0.10", "0.1"} and set(back["model"]) == {"net", "1e5"}
    names = {"net": "A network", "1e5": "Many"}
    text = markdown_of(back, names)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 2 * (1 + 2 * 2)
    assert all(heading in lines[0] for heading in HEADINGS.values())
    assert "| A network" in text and "1e5" not in text
    assert "noise ceilings" in text and "test stimuli" in text
    without = markdown_of(
        back.assign(noise_ceiling_lower=np.nan, noise_ceiling_upper=np.nan), names
    )
    assert "| noise ceilings" not in without


def test_distances_are_read_as_they_were_written(tmp_path):
    rng = np.random.default_rng(2)
    given = {}
    for layer in ("features.0", "file", "relu@1"):
        half = np.triu(rng.random((6, 6)), 1)
        given[layer] = half + half.T
    write_distances(tmp_path / "a.npz", given)
    found = read_distances(tmp_path / "a.npz")
    assert list(found) == list(given)
    for layer, distances in given.items():
        np.testing.assert_array_equal(found[layer], distances)
    first = (tmp_path / "a.npz").read_bytes()
    write_distances(tmp_path / "a.npz", given)
    assert (tmp_path / "a.npz").read_bytes() == first
