"""Scores in distribution and out of it: the difference, its interval, and the table."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap

from ventral.data.responses import Responses
from ventral.features.distances import COLUMNS as DISTANCE_COLUMNS
from ventral.readouts.fit_store import StoredFit
from ventral.scores.ceilings import estimate_ceilings, scored_together
from ventral.scores.generalisation import (
    COLUMNS,
    generalisation_in_words,
    tabulate_generalisation,
)
from ventral.scores.measures import explained_variance
from ventral.scores.resampling import compare, resample_parts
from ventral.scores.score import score_layers
from ventral.scores.summary import commit_layers, commit_settings

MEASURE = "explained_variance"
SIZES = {"train": 30, "validation": 20, "test": 50, "test_in_distribution": 40}
SPLIT = np.repeat(list(SIZES), list(SIZES.values())).astype(object)


def sample(rows, n_sites, noise, seed):
    rng = np.random.default_rng(seed)
    responses = rng.normal(size=(len(rows), n_sites)) + rng.normal(size=(len(rows), 1))
    predictions = responses + rng.normal(0, noise, responses.shape)
    return np.asarray(rows), responses, predictions


def test_of_one_site_the_deviation_is_that_of_scipys_bootstrap():
    parts = [sample(range(70), 1, 0.6, 1), sample(range(70, 130), 1, 0.9, 2)]
    drawn = resample_parts([[part] for part in parts], seed=0, n_bootstrap=6000)
    found = drawn[0].only(MEASURE).minus(drawn[1].only(MEASURE)).deviations()[0]

    def difference(first, second):
        scores = [
            explained_variance(part[1][rows], part[2][rows])[0]
            for part, rows in zip(parts, (first, second), strict=True)
        ]
        return scores[0] - scores[1]

    expected = bootstrap(
        [np.arange(70), np.arange(60)],
        difference,
        n_resamples=4000,
        vectorized=False,
        method="percentile",
        rng=np.random.default_rng(5),
    )
    assert found == pytest.approx(expected.standard_error, rel=0.04)
    estimate = compare(drawn[0], drawn[1])[MEASURE].estimate
    assert estimate == pytest.approx(difference(np.arange(70), np.arange(60)), abs=1e-12)


def test_of_many_sites_the_deviation_is_of_shared_sites_and_own_stimuli():
    parts = [sample(range(70), 12, 0.6, 3), sample(range(70, 130), 12, 0.9, 4)]
    drawn = resample_parts([[part] for part in parts], seed=0, n_bootstrap=4000)
    first, second = (part.only(MEASURE) for part in drawn)
    found = first.minus(second).deviations()[0]
    rng = np.random.default_rng(9)
    of_stimuli = np.array(
        [
            [
                explained_variance(responses[rows], predictions[rows])
                for _, responses, predictions in parts
                for rows in [rng.integers(0, len(responses), len(responses))]
            ]
            for _ in range(2000)
        ]
    )
    gained = of_stimuli[:, 0] - of_stimuli[:, 1]
    observed = first.score(MEASURE) - second.score(MEASURE)
    of_sites = observed.var(ddof=1) / 12
    shared = gained.mean(axis=1)
    own = (gained - shared[:, None]).var(axis=0).mean() / 12
    expected = np.sqrt(of_sites + shared.var() - own)
    assert found == pytest.approx(expected, rel=0.04)
    # Each part alone keeps its sites' spread, which the difference of paired sites lacks.
    apart = np.sqrt(first.deviations()[0] ** 2 + second.deviations()[0] ** 2)
    assert found < apart or observed.var() > first.score(MEASURE).var()


def test_equal_sites_are_drawn_for_both_parts_and_the_draws_are_seeded():
    parts = [[sample(range(30), 5, 0.6, 3)], [sample(range(30, 50), 5, 0.9, 4)]]
    first, second = resample_parts(parts, 1, 50)
    np.testing.assert_array_equal(first.site_counts, second.site_counts)
    again, _ = resample_parts(parts, 1, 50)
    np.testing.assert_array_equal(again.per_site, first.per_site)
    animals = [np.array(["a", "a", "b", "b", "c"])]
    by_animal, _ = resample_parts(parts, 1, 50, animals)
    assert by_animal.groups == 3


def toy(n_sites=6, repetitions=True, seed=0):
    """Return responses, and fits of two models: the test stimuli are predicted worse."""
    rng = np.random.default_rng(seed)
    n = len(SPLIT)
    signal = rng.normal(size=(n, n_sites)) + rng.normal(size=(n, 1))
    trials = signal[:, :, None] + rng.normal(0, 0.5, (n, n_sites, 6)) if repetitions else None
    average = trials.mean(axis=2) if repetitions else signal
    sites = pd.DataFrame(
        {
            "site_id": [f"s{i}" for i in range(n_sites)],
            "region": ["V4", "IT"] * (n_sites // 2) + ["IT"] * (n_sites % 2),
            "animal": "m",
            "session": "1",
        }
    )
    noise = trials.var(axis=2, ddof=1) / 6 if repetitions else None
    names = np.array([f"i{i}" for i in range(n)], object)
    responses = Responses(names, sites, average, trials, noise)
    fits = {}
    for model, layers in {"net": ["a", "b"], "pixels": ["pixels"]}.items():
        for index, layer in enumerate(layers):
            worse = np.where(SPLIT == "test", 1.5, 0.4 + 0.3 * index)[:, None]
            predictions = signal + worse * rng.normal(size=signal.shape)
            nothing = np.zeros(n_sites)
            fit = StoredFit(predictions, SPLIT, nothing, nothing > 0, 7)
            fits.setdefault(model, {})[layer] = {"": fit}
    return responses, fits


def summary_of(responses, fits, n_bootstrap=60):
    split = pd.DataFrame({"stimulus_id": responses.stimulus_id, "split": SPLIT})
    parts = scored_together({"": split})
    ceilings = estimate_ceilings(responses.sites, responses.repetitions, parts, 0)
    tables = []
    for model, layers in fits.items():
        _, population, _ = score_layers(
            layers.items(), responses, ceilings, ceiling_floor=0.1, seed=0, n_bootstrap=n_bootstrap
        )
        tables.append(population.assign(dataset="d", model=model, readout="ridge"))
    names = {"entry": "ridge", "settings": {}}
    origins = {
        "models": {model: {"entry": model, "settings": {}} for model in fits},
        "readouts": {"ridge": names},
    }
    return commit_settings(commit_layers(pd.concat(tables, ignore_index=True)), origins), ceilings


def distances_of(fits):
    rows = [
        {"model": model, "layer": layer, "split": part} | dict.fromkeys(DISTANCE_COLUMNS[3:], value)
        for model, layers in fits.items()
        for layer in layers
        for part, value in (("test", 2.0), ("test_in_distribution", 1.0), ("validation", 9.0))
    ]
    return pd.DataFrame(rows)


def table_of(responses, fits, summary, distances, n_bootstrap=200):
    def read(dataset, model, readout, layer):
        assert (dataset, readout) == ("d", "ridge")
        return fits[model][layer]

    return tabulate_generalisation(
        summary,
        responses,
        distances,
        ["pixels", "net"],
        read,
        dataset="d",
        seed=0,
        n_bootstrap=n_bootstrap,
    )


def test_the_table_has_both_scores_their_difference_and_the_distances():
    responses, fits = toy()
    summary, ceilings = summary_of(responses, fits)
    assert "ceiling_test_in_distribution" in ceilings
    assert set(summary["split"]) == set(SIZES)
    table = table_of(responses, fits, summary, distances_of(fits))
    assert list(table.columns) == list(COLUMNS) and len(table) == 2 * 3
    assert list(table["model"].unique()) == ["pixels", "net"]  # in the order that is asked for
    for row in table.to_dict("records"):
        inside = (responses.sites["region"] == row["region"]).to_numpy()
        fit = fits[row["model"]][row["layer"]][""]
        scores = {
            part: explained_variance(
                responses.average[part == SPLIT][:, inside],
                fit.predictions[part == SPLIT][:, inside],
            )
            for part in ("test", "test_in_distribution")
        }
        assert row["in_distribution"] == pytest.approx(scores["test_in_distribution"].mean())
        assert row["out_of_distribution"] == pytest.approx(scores["test"].mean())
        lost = row["in_distribution"] - row["out_of_distribution"]
        assert row["difference"] == pytest.approx(lost, abs=1e-10)
        assert row["difference_low"] < lost < row["difference_high"]
        assert lost > 0 and row["n_sites"] == inside.sum()
        assert row["in_distribution_stimuli"] == 40 and row["out_of_distribution_stimuli"] == 50
        assert 0 < row["in_distribution_ceiling"] <= 1
        assert row["in_distribution_corrected"] > row["out_of_distribution_corrected"]
        assert row["nearest_distance_in_distribution"] == 1
        assert row["nearest_distance_out_of_distribution"] == 2
        assert row["nearest_distance_ratio"] == 2
    assert (table["committed_on"] == "validation").all()


def test_the_part_in_distribution_chooses_no_layer():
    responses, fits = toy()
    inside = (SPLIT == "test_in_distribution")[:, None]
    other = fits["net"]["b"][""]
    fits["net"]["b"] = {
        "": StoredFit(
            np.where(inside, responses.average, other.predictions),
            SPLIT,
            other.alpha,
            other.alpha_on_edge,
            7,
        )
    }
    summary, _ = summary_of(responses, fits)
    committed = summary[summary["layer_committed"] & (summary["model"] == "net")]
    assert set(committed["layer"]) == {"a"}
    table = table_of(responses, fits, summary, distances_of(fits))
    best = table[table["model"] == "net"].sort_values("in_distribution").iloc[-1]
    assert best["layer"] == "b" and not best["layer_committed"]


def test_sites_without_a_score_in_one_part_are_left_out_of_the_difference():
    responses, fits = toy(n_sites=7)
    average = responses.average.copy()
    average[SPLIT == "test", 1] = 3.0
    average[SPLIT == "test_in_distribution", 3] = np.nan
    responses = Responses(responses.stimulus_id, responses.sites, average, None)
    summary, _ = summary_of(responses, fits)
    table = table_of(responses, fits, summary, distances_of(fits)).set_index(["region", "layer"])
    assert table.loc[("IT", "a"), "n_sites"] == 2  # of four
    assert table.loc[("V4", "a"), "n_sites"] == 3
    lost = table.loc[("IT", "a"), "difference"]
    fit = fits["net"]["a"][""]
    defined = np.array([False, False, False, False, False, True, True])
    expected = [
        explained_variance(average[rows][:, defined], fit.predictions[rows][:, defined]).mean()
        for rows in (SPLIT == "test_in_distribution", SPLIT == "test")
    ]
    assert lost == pytest.approx(expected[0] - expected[1], abs=1e-10)


def test_a_head_has_no_distances_and_no_trials_give_no_ceiling():
    responses, fits = toy(repetitions=False)
    summary, _ = summary_of(responses, fits)
    table = table_of(responses, fits, summary, distances_of({"pixels": fits["pixels"]}))
    of_net = table[table["model"] == "net"]
    assert of_net["nearest_distance_ratio"].isna().all() and len(of_net) == 4
    assert table["in_distribution_ceiling"].isna().all()
    assert table["difference"].notna().all()


def test_without_test_responses_the_table_is_empty():
    responses, fits = toy()
    average = np.where((SPLIT == "test")[:, None], np.nan, responses.average)
    responses = Responses(responses.stimulus_id, responses.sites, average, None)
    summary, _ = summary_of(responses, fits)
    table = table_of(responses, fits, summary, distances_of(fits))
    assert table.empty and list(table.columns) == list(COLUMNS)
    assert "Out of distribution" in generalisation_in_words(table, {}, {})


def test_in_words_committed_layers_are_shown_with_intervals():
    responses, fits = toy()
    summary, _ = summary_of(responses, fits)
    table = table_of(responses, fits, summary, distances_of(fits))
    models = {
        "pixels": {"label": "Pixels", "group": "Images"},
        "net": {"label": "Net", "variant": "random", "group": "Networks"},
    }
    text = generalisation_in_words(table, models, {"ridge": {"label": "Ridge"}})
    lines = text.split("\n")
    assert len([line for line in lines if line.startswith("| V4") or line.startswith("| IT")]) == 4
    assert "Net, random" in text and "2.000 [2.000, 2.000]" in text and "Lost" in lines[0]
