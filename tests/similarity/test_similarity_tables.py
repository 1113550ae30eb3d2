"""The table of all models, its Markdown, and the files of distances."""

import numpy as np
import pandas as pd
import pytest

from ventral.data.responses import Responses
from ventral.similarity.between_models import compare_models
from ventral.similarity.compare import compare_layers
from ventral.similarity.distance_files import read_distances, write_distances
from ventral.similarity.distances import distances_of_responses
from ventral.similarity.measure import MEASURES, Geometry, measure
from ventral.similarity.noise_ceilings import animal_ceilings, noise_ceilings
from ventral.similarity.standardised import scales_of
from ventral.similarity.tables import (
    COLUMNS,
    HEADINGS,
    collect_similarity,
    markdown_between_models,
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
        {
            "site_id": [f"s{i}" for i in range(7)],
            "region": ["V4"] * 3 + ["IT"] * 4,
            "animal": list("abababb"),
        }
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
        table, _ = compare_layers(layers, responses, split, seed=0, n_bootstrap=10, scale="raw")
        paths.append(str(tmp_path / f"{model}.csv"))
        write_csv(paths[-1], table)
    return paths


def test_the_ceilings_are_those_of_the_compared_stimuli(responses):
    rows = np.arange(10, 40)  # those of the others are not repeated
    found = table_of_ceilings(
        responses, (rows, responses.repetitions[rows]), TEST, seed=3, scale="raw"
    )
    expected = noise_ceilings(responses.repetitions[TEST][:, 3:], seed=3)
    of_it = found[found["region"] == "IT"]
    assert tuple(of_it["measure"]) == MEASURES
    np.testing.assert_array_equal(of_it["noise_ceiling_lower"], expected.lower)
    np.testing.assert_array_equal(of_it["noise_ceiling_upper"], expected.upper)


@pytest.mark.parametrize("rows", [None, np.arange(0), np.arange(20)])
def test_without_trials_of_the_compared_stimuli_there_are_no_ceilings(responses, rows):
    repeated = None if rows is None else (rows, responses.repetitions[rows])
    found = table_of_ceilings(responses, repeated, TEST, seed=0, scale="raw")
    assert len(found) == 2 * len(MEASURES) and found["noise_ceiling_upper"].isna().all()


def test_all_models_are_in_one_table_and_its_markdown(responses, files, tmp_path):
    ceilings = table_of_ceilings(
        responses, (np.arange(40), responses.repetitions), TEST, seed=0, scale="raw"
    )
    table = collect_similarity(files, "mine", ["net", "1e5"], ceilings)
    assert list(table) == COLUMNS and len(table) == 2 * 2 * 2 * (len(MEASURES) + 1)
    known = table["measure"].isin(MEASURES)
    assert table.loc[known, "noise_ceiling_lower"].notna().all()
    assert table.loc[~known, "noise_ceiling_lower"].isna().all()
    write_csv(tmp_path / "similarity.csv", table)
    back = read_csv(tmp_path / "similarity.csv")
    assert set(back["layer"]) == {"0.10", "0.1"} and set(back["model"]) == {"net", "1e5"}
    names = {"net": "A network", "1e5": "Many"}
    text = markdown_of(back, names, "raw")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 2 * (2 + 2 * 2)
    assert all(heading in lines[0] for heading in HEADINGS.values())
    assert "| A network" in text and "1e5" not in text
    assert "noise ceilings" in text and "test stimuli" in text
    without = markdown_of(
        back.assign(noise_ceiling_lower=np.nan, noise_ceiling_upper=np.nan), names, "raw"
    )
    assert "| noise ceilings, trials" not in without and "| noise ceilings, animals" in without


def test_sites_of_other_animals_give_ceilings(responses):
    found = table_of_ceilings(responses, None, TEST, seed=0, scale="standardised")
    of_it = found[found["region"] == "IT"]
    values = (responses.average / responses.average.std(axis=0))[TEST]
    a, b = (Geometry.of_responses(values[:, sites]) for sites in ([4], [3, 5, 6]))
    whole = Geometry.of_responses(values[:, 3:])
    lower = np.mean([measure(a, b), measure(b, a)], axis=0)
    upper = np.mean([measure(one, whole) for one in (a, b)], axis=0)
    np.testing.assert_allclose(of_it["animal_ceiling_lower"], lower, atol=1e-9)
    np.testing.assert_allclose(of_it["animal_ceiling_upper"], upper, atol=1e-9)
    assert found["noise_ceiling_lower"].isna().all()


def test_an_exact_copy_is_as_similar_as_can_be_and_one_animal_has_no_ceiling(responses):
    values = responses.average[TEST]
    twice = np.concatenate([values, values], axis=1)
    ends = animal_ceilings(twice, np.repeat(["a", "b"], 7))
    best = [0 if name == "procrustes_distance" else 1 for name in MEASURES]
    np.testing.assert_allclose(ends, [best, best], atol=1e-6)
    for animals in (["a"] * 7, [""] * 7, ["a"] * 5 + [""] * 2):
        assert np.isnan(animal_ceilings(values, np.array(animals))).all()
    two = animal_ceilings(values[:, :2], np.array(["a", "b"]))  # a site each
    assert np.isfinite(two).all()


def test_the_unit_of_a_site_is_its_deviation_over_the_stimuli_that_it_has():
    rng = np.random.default_rng(5)
    average = rng.normal(size=(30, 4)) * [1, 10, 100, 1e-3]
    average[3, 1] = np.nan
    average[:, 2] = 7.1
    scales = scales_of(average, "standardised")
    np.testing.assert_allclose(scales[[0, 1, 3]], np.nanstd(average[:, [0, 1, 3]], axis=0))
    assert scales[2] == 1 and (scales_of(average, "raw") == 1).all()


def test_of_each_two_models_the_most_similar_layers_are_shown():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(30, 6))
    models = {
        "a": {"one": x, "two": rng.normal(size=(30, 6))},
        "b": {"one": rng.normal(size=(30, 6)), "0.10": 2 * x},
        "c": {"flat": np.ones((30, 2))},
    }
    distances = {
        model: {layer: distances_of_responses(values) for layer, values in layers.items()}
        for model, layers in models.items()
    }
    text = markdown_between_models(
        compare_models(distances, seed=0), {"a": "A", "b": "B", "c": "C"}
    )
    (row,) = text.splitlines()[2:3]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:4] == ["A", "one", "B", "0.10"] and cells[4].startswith("1.000")
    assert len([line for line in text.splitlines() if line.startswith("|")]) == 3
    alone = compare_models({"a": distances["a"]}, seed=0)
    assert "no two models" in markdown_between_models(alone, {"a": "A"})


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
