"""Site rows, population rows, bootstrap intervals and layer commitment."""

import importlib.util

import numpy as np
import pandas as pd
import pytest

from toy_project import ROOT
from ventral.scores.measures import explained_variance, pearson_r, r2
from ventral.scores.score import (
    Fit,
    bootstrap_fold_means,
    interval_of,
    levels_of,
    resample_population,
    score_partitions,
    score_population,
)
from ventral.scores.summary import commit_layers, commit_settings


def a_fit(n=90, n_sites=8, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    responses = rng.normal(size=(n, n_sites)) + 4
    return Fit(
        predictions=responses * 0.5 + noise * 0.5 * rng.normal(size=(n, n_sites)),
        responses=responses,
        split=np.array((["train"] * (n - 40) + ["validation"] * 20 + ["test"] * 20), dtype=object),
        sites=pd.DataFrame(
            {"site_id": [f"s{i}" for i in range(n_sites)], "region": ["IT", "V4"] * (n_sites // 2)}
        ),
        alpha=np.arange(n_sites, dtype=float),
        alpha_on_edge=np.arange(n_sites) == 2,
        ceilings={
            "validation": np.linspace(0.9, 0.1, n_sites),
            "test": np.linspace(0.1, 0.9, n_sites),
        },
        n_components=5,
    )


def test_rows_are_the_measures_of_their_part():
    fit = a_fit()
    table = score_partitions({"": fit}, ceiling_floor=0.3)
    assert len(table) == 3 * 8
    test = table[table["split"] == "test"]
    y, p = fit.responses[-20:], fit.predictions[-20:]
    np.testing.assert_allclose(test["r2"], r2(y, p))
    np.testing.assert_allclose(test["explained_variance"], explained_variance(y, p))
    np.testing.assert_allclose(test["pearson_r"], pearson_r(y, p))
    below = test["ceiling"] < 0.3
    assert test.loc[below, "r2_ceiled"].isna().all()
    np.testing.assert_allclose(
        test.loc[~below, "r2_ceiled"],
        (test["pearson_r"] * test["pearson_r"].abs() / test["ceiling"])[~below],
    )


def test_a_part_without_responses_has_no_scores():
    fit = a_fit()
    fit.responses[-20:] = np.nan
    assert set(score_partitions({"": fit}, 0.1)["split"]) == {"train", "validation"}


def test_population_rows():
    fit = a_fit()
    fit.responses[:, 0] = 1.0
    sites = score_partitions({"": fit}, 0.3)
    rows, draws = score_population({"": fit}, sites, seed=0, n_bootstrap=200)
    row = rows[(rows["split"] == "test") & (rows["region"] == "IT")].iloc[0]
    of_it = sites[(sites["split"] == "test") & (sites["region"] == "IT")]
    assert row["n_sites"] == 4
    assert row["n_undefined"] == 1
    assert row["n_alpha_on_edge"] == 1
    np.testing.assert_allclose(row["r2_mean"], of_it["r2"].mean())
    np.testing.assert_allclose(row["pearson_r_median"], of_it["pearson_r"].median())
    assert row["r2_low"] < row["r2_mean"] < row["r2_high"]
    assert draws["test/IT"].shape == (200, 3)


def test_bootstrap_equals_resampling_by_index():
    """The matrix products against drawing rows and columns one resample at a time."""
    fit = a_fit(n=60, n_sites=6)
    fold = (np.arange(60), fit.responses, fit.predictions)
    fast = bootstrap_fold_means([fold], seed=5, n_bootstrap=20)
    rng = np.random.default_rng([5, 60, 6])
    counts = rng.multinomial(60, np.full(60, 1 / 60), size=20)
    site_counts = rng.multinomial(6, np.full(6, 1 / 6), size=20)
    for draw in range(20):
        rows = np.repeat(np.arange(60), counts[draw])
        columns = np.repeat(np.arange(6), site_counts[draw])
        y, p = fit.responses[rows][:, columns], fit.predictions[rows][:, columns]
        expected = [measure(y, p).mean() for measure in (r2, explained_variance, pearson_r)]
        np.testing.assert_allclose(fast[draw], expected, rtol=1e-9)


def by_index(y, p, seed, n_bootstrap):
    """Return what `bootstrap_fold_means` should, from samples drawn one at a time."""
    n, n_sites = y.shape
    rng = np.random.default_rng([seed, n, n_sites])
    counts = rng.multinomial(n, np.full(n, 1 / n), size=n_bootstrap)
    site_counts = rng.multinomial(n_sites, np.full(n_sites, 1 / n_sites), size=n_bootstrap)
    for stimuli, sites in zip(counts, site_counts, strict=True):
        rows = np.repeat(np.arange(n), stimuli)
        means = []
        for measure in (r2, explained_variance, pearson_r):
            kept = [
                measure(y[rows, [site]][:, None], p[rows, [site]][:, None])[0]
                for site in range(n_sites)
                for _ in range(sites[site])
                if len(set(y[rows, site])) > 1
                and (measure is not pearson_r or len(set(p[rows, site])) > 1)
            ]
            means.append(np.mean(kept) if kept else np.nan)
        yield means


@pytest.mark.parametrize("offset", [0.0, 0.1, -1234.5678, 1e6])
@pytest.mark.parametrize("n_spikes", [1, 2, 3])
def test_resamples_in_which_a_sparse_site_is_constant_leave_it_out(offset, n_spikes):
    rng = np.random.default_rng(n_spikes)
    y = np.full((30, 5), offset / 3)
    y[:, 3:] += rng.normal(size=(30, 2))
    y[:n_spikes, :3] += 1
    p = 0.4 * y + 0.3 * rng.normal(size=y.shape)
    means = bootstrap_fold_means([(np.arange(30), y, p)], seed=1, n_bootstrap=200)
    np.testing.assert_allclose(means, list(by_index(y, p, 1, 200)), rtol=1e-5, atol=1e-9)
    assert np.nanmin(means[:, 1]) > -20


@pytest.mark.parametrize("offset", [0.0, 0.1, -1234.5678])
def test_constant_predictions_have_no_correlation_in_any_resample(offset):
    rng = np.random.default_rng(0)
    y = rng.normal(size=(30, 4)) + offset
    p = 0.9 * y + 0.1 * rng.normal(size=y.shape)
    p[:, :3] = offset / 3
    means = bootstrap_fold_means([(np.arange(30), y, p)], seed=1, n_bootstrap=200)
    np.testing.assert_allclose(means, list(by_index(y, p, 1, 200)), rtol=1e-6)
    r = means[:, 2]
    assert (r[np.isfinite(r)] > 0.9).all()


@pytest.mark.slow
def test_interval_covers_the_mean_of_new_stimuli_and_sites():
    covered = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        weight = rng.uniform(0.2, 0.8, size=40)  # sites differ; the population mean r is known
        y = rng.normal(size=(80, 40))
        p = weight * y + np.sqrt(1 - weight**2) * rng.normal(size=(80, 40))
        means = bootstrap_fold_means([(np.arange(80), y, p)], seed, 400)
        low, high = np.percentile(means[:, 2], [2.5, 97.5])
        covered += low < 0.5 < high
    assert 0.9 < covered / 200 <= 1.0


def summary_rows(values, split="validation"):
    return pd.DataFrame(
        {
            "dataset": "d",
            "model": "m",
            "readout": "ridge",
            "region": "IT",
            "layer": list("abcd")[: len(values)],
            "split": split,
            "explained_variance_mean": values,
            "explained_variance_median": values,
        }
    )


def test_one_outlier_chooses_no_layer():
    """A layer that predicts every site better but one, on which it is far off."""
    table = summary_rows([0.1, 0.3])
    table["explained_variance_mean"] = [0.1, -2.0]
    median, mean = (commit_layers(table, by)["layer_committed"] for by in ("median", "mean"))
    assert list(median) == [False, True] and list(mean) == [True, False]
    origins = {
        "models": {"m": {"entry": "m", "settings": {}}},
        "readouts": {
            name: {"entry": "ridge", "settings": {"alpha": i}} for i, name in enumerate("xy")
        },
    }
    swept = pd.concat([table[:1].assign(readout="x"), table[1:].assign(readout="y")])
    swept = swept.reset_index(drop=True)
    for by, chosen in (("median", "y"), ("mean", "x")):
        marked = commit_settings(commit_layers(swept, by), origins)
        assert list(marked.loc[marked["setting_committed"], "readout"]) == [chosen]


def test_commitment_is_on_validation_and_reported_everywhere():
    table = pd.concat([summary_rows([0.1, 0.3, 0.2]), summary_rows([0.5, 0.1, 0.9], "test")])
    marked = commit_layers(table.reset_index(drop=True))
    assert set(marked.loc[marked["layer_committed"], "layer"]) == {"b"}
    assert marked["layer_committed"].sum() == 2
    assert set(marked["committed_on"]) == {"validation"}
    assert set(marked["committed_by"]) == {"median"}


def test_one_outlying_site_does_not_choose_the_layer():
    """Layer b is better at every site but one, which it predicts badly enough to lose the mean."""
    scores = pd.DataFrame({"a": np.full(20, 0.1), "b": np.r_[np.full(19, 0.3), -30.0]})
    table = summary_rows(scores.median()).assign(explained_variance_mean=scores.mean().to_numpy())
    chosen = {by: commit_layers(table, by) for by in ("median", "mean")}
    layers = {by: marked.loc[marked["layer_committed"], "layer"] for by, marked in chosen.items()}
    assert layers["median"].tolist() == ["b"] and layers["mean"].tolist() == ["a"]


def test_commitment_without_validation_says_test():
    marked = commit_layers(summary_rows([0.5, np.nan, 0.9], "test"))
    assert marked.loc[marked["layer_committed"], "layer"].tolist() == ["c"]
    assert set(marked["committed_on"]) == {"test"}


def test_no_defined_score_commits_nothing():
    assert not commit_layers(summary_rows([np.nan, np.nan]))["layer_committed"].any()


def sites_of(**columns):
    return pd.DataFrame({"site_id": list("abcdef"), "region": "IT", **columns})


@pytest.mark.parametrize(
    ("sites", "levels"),
    [
        (sites_of(), []),
        (sites_of(animal=""), []),
        (sites_of(animal="m", session="1"), []),
        (sites_of(animal=list("mmmmnn")), [[0, 0, 0, 0, 1, 1]]),
        (sites_of(animal="m", session=list("112233")), [[0, 0, 1, 1, 2, 2]]),
        # Each animal has a first session, and they are not the same one.
        (
            sites_of(animal=list("mmmnnn"), session=list("112112")),
            [[0, 0, 0, 1, 1, 1], [0, 0, 1, 2, 2, 3]],
        ),
    ],
)
def test_sites_are_grouped_by_animal_and_session(sites, levels):
    assert [list(labels) for labels in levels_of(sites)] == levels


def test_groups_are_drawn_before_their_sites():
    """Two animals of 2 and 4 sites: of each resample, either animal gives whole multiples."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(40, 6))
    p = y + np.r_[np.full(2, 0.1), np.full(4, 3.0)] * rng.normal(size=y.shape)
    sample = [(np.arange(40), y, p)]
    animals = np.array([0, 0, 1, 1, 1, 1])
    flat, _ = resample_population(sample, 0, 2000)
    grouped, stretch = resample_population(sample, 0, 2000, [animals])
    of_animals = [r2(y[:, animals == a], p[:, animals == a]).mean() for a in (0, 1)]
    # A quarter of the resamples have the first animal alone, a quarter the second.
    near = [np.abs(grouped[:, 0] - value) < 3 for value in of_animals]
    assert np.mean(near[0] & ~near[1]) == pytest.approx(0.25, abs=0.04)
    assert grouped[:, 0].std() > 1.5 * flat[:, 0].std()
    assert (stretch > 5).all()  # Student's t with one degree of freedom


def test_the_spread_is_that_of_the_estimate():
    """The variance of R² over new sites and stimuli against the mean stretched variance."""
    estimates, spreads = [], []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        latent, weight = rng.normal(size=(60, 1)), rng.uniform(0.2, 1.2, size=30)
        y = weight * latent + rng.normal(size=(60, 30))
        p = 0.8 * weight * latent * np.ones(30)
        means, stretch = resample_population([(np.arange(60), y, p)], seed, 200)
        estimates.append(explained_variance(y, p).mean())
        spreads.append(means[:, 1].var() * (stretch[1] / (2.0452 / 1.96)) ** 2)
    assert np.mean(spreads) == pytest.approx(np.var(estimates), rel=0.2)


def test_the_interval_undoes_the_bias_twice():
    """Resampling doubles the bias, so the interval lies as far on the other side."""
    means = np.random.default_rng(0).normal(0.3, 0.02, 100_000)
    low, high = interval_of(means, 1.0, 0.32)
    assert (low + high) / 2 == pytest.approx(0.34, abs=1e-3)
    assert high - low == pytest.approx(2 * 1.96 * 0.02, abs=1e-3)
    assert np.isnan(interval_of(np.full(5, np.nan), 1.0, 0.1)).all()


def test_the_interval_of_r2_covers_the_truth():
    """168 sites and 70 stimuli: the percentile interval covered it in seven of ten populations."""
    spec = importlib.util.spec_from_file_location("coverage_of", ROOT / "benchmarks/coverage.py")
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    row = benchmark.rows_of(1, 168, 70, 100)[0]
    assert row["measure"] == "R²" and row["percentile"] < 0.85
    assert row["coverage"] > 0.9
