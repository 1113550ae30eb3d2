"""Rows of sites and of populations."""

import numpy as np
import pandas as pd

from ventral.scores.measures import explained_variance, pearson_r, r2
from ventral.scores.score import Fit, score_partitions, score_population


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
    rows, draws = score_population([{"": fit}], sites, seed=0, n_bootstrap=200)
    row = rows[(rows["split"] == "test") & (rows["region"] == "IT")].iloc[0]
    of_it = sites[(sites["split"] == "test") & (sites["region"] == "IT")]
    assert row["n_sites"] == 4
    assert row["n_undefined"] == 1
    assert row["n_alpha_on_edge"] == 1
    np.testing.assert_allclose(row["r2_mean"], of_it["r2"].mean())
    np.testing.assert_allclose(row["pearson_r_median"], of_it["pearson_r"].median())
    assert row["r2_low"] < row["r2_mean"] < row["r2_high"]
    assert draws["test/IT"].shape == (200, 3)
