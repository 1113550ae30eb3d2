"""Ceilings against known reliabilities and a plain loop."""

import numpy as np
import pandas as pd
import pytest

from ventral.scores.ceilings import (
    estimate_ceilings,
    reliability_p,
    scored_together,
    split_half_reliability,
)
from ventral.scores.measures import pearson_r, r2_ceiled


def trials(n, reliability, r, seed):
    """Draw repetitions whose average has the given true reliability at each site."""
    rng = np.random.default_rng(seed)
    reliability = np.asarray(reliability)
    noise = np.sqrt(r * (1 - reliability) / reliability)
    signal = rng.normal(size=(n, len(reliability), 1))
    return signal + noise[None, :, None] * rng.normal(size=(n, len(reliability), r))


@pytest.mark.parametrize("r", [2, 4, 11])
def test_recovers_the_true_reliability(r):
    true = np.array([0.3, 0.6, 0.9])
    estimates = [split_half_reliability(trials(400, true, r, seed), seed) for seed in range(30)]
    # Halves of an odd number differ in length, which costs a little.
    np.testing.assert_allclose(np.mean(estimates, axis=0), true, atol=0.03)


def test_two_repetitions_have_one_halving():
    repetitions = trials(50, [0.5], 2, 0)
    r = np.corrcoef(repetitions[:, 0, 0], repetitions[:, 0, 1])[0, 1]
    # Each stimulus may swap its halves, which moves the correlation a little.
    np.testing.assert_allclose(split_half_reliability(repetitions), 2 * r / (1 + r), atol=0.05)


def test_absent_repetitions_are_left_out():
    repetitions = trials(600, [0.7, 0.7], 8, 1)
    repetitions[:, 1, 6:] = np.nan
    repetitions[:5, 1] = np.nan
    both = split_half_reliability(repetitions)
    alone = split_half_reliability(repetitions[5:, 1:, :6])
    np.testing.assert_allclose(both[1], alone[0], atol=0.03)
    assert both[0] > both[1]


def test_order_of_noise_free_sites():
    repetitions = np.repeat(np.random.default_rng(2).normal(size=(20, 3, 1)), 4, axis=2)
    np.testing.assert_allclose(split_half_reliability(repetitions), 1.0)


def test_a_constant_site_is_nan():
    repetitions = trials(30, [0.5, 0.5], 4, 3)
    repetitions[:, 0] = 2.0
    reliability = split_half_reliability(repetitions)
    assert np.isnan(reliability[0])
    assert np.isfinite(reliability[1])


SITES = pd.DataFrame({"site_id": ["a", "b"], "region": "IT"})


def test_table_without_repetitions():
    nothing = np.array([], int)
    table = estimate_ceilings(SITES, None, {"validation": nothing, "test": nothing})
    columns = ["site_id", "region", "ceiling", "ceiling_p", "n_repetitions"]
    assert list(table.columns) == [*columns, "ceiling_validation", "ceiling_test"]
    assert table.drop(columns=["site_id", "region"]).isna().all(axis=None)


def test_test_stimuli_have_a_ceiling_of_their_own():
    repetitions = trials(500, [0.8, 0.5], 6, 4)
    quiet = np.arange(250)
    repetitions[250:] = trials(250, [0.3, 0.3], 6, 5)
    loud = np.arange(250, 500)
    table = estimate_ceilings(SITES, repetitions, {"validation": loud, "test": quiet}, seed=2)
    np.testing.assert_allclose(
        table["ceiling_validation"], split_half_reliability(repetitions[loud], seed=2)
    )
    np.testing.assert_allclose(
        table["ceiling_test"], split_half_reliability(repetitions[quiet], seed=2)
    )
    assert (table["ceiling_test"] > table["ceiling"]).all()
    of_folds = estimate_ceilings(SITES, repetitions, {"fold_0": quiet, "fold_1": loud}, seed=2)
    halves = [split_half_reliability(repetitions[rows], seed=2) for rows in (quiet, loud)]
    np.testing.assert_allclose(of_folds[["ceiling_fold_0", "ceiling_fold_1"]].T, halves)
    np.testing.assert_allclose(of_folds["ceiling_folds"], table["ceiling"])
    overlapping = {"fold_0": quiet, "fold_1": np.arange(200, 500)}
    of_folds = estimate_ceilings(SITES, repetitions, overlapping, seed=2)
    expected = of_folds[["ceiling_fold_0", "ceiling_fold_1"]].mean(axis=1)
    np.testing.assert_allclose(of_folds["ceiling_folds"], expected)


def test_stimuli_are_scored_together_by_split_or_by_fold():
    split = pd.DataFrame({"split": ["train", "test", "validation", "test"]})
    found = scored_together({"": split})
    assert {name: list(rows) for name, rows in found.items()} == {"validation": [2], "test": [1, 3]}
    folds = {"fold_0": split, "fold_1": split[::-1]}
    found = scored_together(folds)
    assert {name: list(rows) for name, rows in found.items()} == {
        "fold_0": [1, 3],
        "fold_1": [0, 2],
    }
    assert not len(scored_together({"": split[:1]})["test"])


def test_the_ceiling_of_a_part_is_right_where_that_of_all_is_not():
    """A perfect model on stimuli of another spread: corrected by all stimuli it is not at 1."""
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(4000, 2)) * np.repeat([3, 0.5], 2000)[:, None]
    repetitions = signal[:, :, None] + rng.normal(size=(4000, 2, 6))
    parts = {"validation": np.arange(2000), "test": np.arange(2000, 4000)}
    table = estimate_ceilings(SITES, repetitions, parts)
    for name, rows in parts.items():
        r = pearson_r(repetitions[rows].mean(axis=2), signal[rows])
        own = r2_ceiled(r, table[f"ceiling_{name}"].to_numpy(), 0.1)
        np.testing.assert_allclose(own, 1, atol=0.06)
    assert (r2_ceiled(r, table["ceiling"].to_numpy(), 0.1) < 0.75).all()


@pytest.mark.parametrize("same", [True, False])
def test_equals_a_plain_loop_over_stimuli(same):
    """The same repetitions absent at all sites, or others at each: one order of trials, or many."""
    repetitions = trials(40, [0.7, 0.5, 0.9], 7, 6)
    lacking = np.random.default_rng(0).random((40, 1 if same else 3, 7)) < 0.3
    repetitions[np.broadcast_to(lacking, repetitions.shape)] = np.nan
    keys = np.random.default_rng(9)
    expected = []
    for _ in range(3):
        drawn = keys.random((40, 1, 7))[:, 0]
        halves = [[], [], []]
        for stimulus in range(40):
            for site in range(3):
                present = ~np.isnan(repetitions[stimulus, site])
                order = np.argsort(drawn[stimulus][present])
                values = repetitions[stimulus, site][present][order]
                if len(values) > 1:
                    cut = len(values) // 2
                    halves[site].append((values[:cut].mean(), values[cut:].mean()))
        r = np.array([np.corrcoef(np.array(pairs).T)[0, 1] for pairs in halves])
        expected.append(2 * r / (1 + r))
    found = split_half_reliability(repetitions, seed=9, n_splits=3)
    np.testing.assert_allclose(found, np.mean(expected, axis=0), rtol=1e-10)


def test_p_is_uniform_for_noise_and_small_for_signal():
    """Sites without a signal are below .05 in one of twenty; those with one nearly always."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(40, 300, 6))
    p = reliability_p(noise, seed=1, n_permutations=199)
    assert 0.02 < (p < 0.05).mean() < 0.09
    assert abs(p.mean() - 0.5) < 0.05
    signal = rng.normal(size=(40, 50, 1)) + noise[:, :50]
    assert (reliability_p(signal, seed=1, n_permutations=199) < 0.05).mean() > 0.95


def test_p_counts_permutations_of_one_half():
    """Of four stimuli all 24 orders can be listed; an exact match is one of them."""
    trials = np.array([1.0, 2.0, 4.0, 8.0])[:, None, None] * np.ones((1, 1, 2))
    assert reliability_p(trials)[0] == pytest.approx(1 / 24)
    trials[:, 0, 1] = np.nan
    assert np.isnan(reliability_p(trials)[0])
    assert np.isnan(reliability_p(np.ones((5, 1, 4)))[0])
