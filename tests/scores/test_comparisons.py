"""Every pair of models, compared on the same stimuli and sites."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

from ventral.data.responses import Responses
from ventral.data.splits import SINGLE_PARTITION
from ventral.errors import VentralError
from ventral.readouts.fit_store import FitFiles, StoredFit, write_head
from ventral.scores.comparisons import compare_models, comparisons_in_words, holm
from ventral.scores.measures import explained_variance
from ventral.scores.resampling import compare, resample

N, SITES = 120, 12
SPLIT = np.array(["train", "validation", "test"] * 40, dtype=object)
MODELS = ("weak", "strong", "twin")


@pytest.fixture
def study():
    """Return a summary, responses, and the predictions of three models, of which two are alike."""
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(N, SITES))
    sites = pd.DataFrame(
        {
            "site_id": [f"s{i}" for i in range(SITES)],
            "region": ["V4", "IT"] * (SITES // 2),
            "animal": ["m"] * 6 + ["n"] * 6,
        }
    )
    ids = np.array([f"i{row}" for row in range(N)], object)
    responses = Responses(ids, sites, signal + 0.5 * rng.normal(size=(N, SITES)))
    strong = 0.8 * signal + 0.3 * rng.normal(size=(N, SITES))
    predictions = {
        "weak": 0.5 * signal + 0.6 * rng.normal(size=(N, SITES)),
        "strong": strong,
        "twin": strong + 0.02 * rng.normal(size=(N, SITES)),
    }
    rows = [
        {"model": name, "region": region, "split": split}
        for name in ("strong", "weak", "twin")  # not the order of the config
        for region in ("V4", "IT")
        for split in ("validation", "test")
    ]
    summary = pd.DataFrame(rows).assign(
        readout="ridge.alpha-2",
        layer="layer",
        layer_committed=True,
        setting_committed=True,
        explained_variance_mean=0.5,
        n_stimuli=40,
    )
    summary["model_entry"], summary["readout_entry"] = summary["model"], "ridge"
    return summary, responses, predictions


def compared(summary, responses, predictions):
    def read(dataset, model, readout, layer):
        assert (dataset, readout, layer) == ("d", "ridge.alpha-2", "layer")
        fit = StoredFit(
            predictions=predictions[model],
            split=SPLIT,
            alpha=np.ones(SITES),
            alpha_on_edge=np.zeros(SITES, bool),
            n_components=3,
        )
        return {SINGLE_PARTITION: fit}

    return compare_models(summary, {"d": responses}, MODELS, read, seed=0, n_bootstrap=400)


def test_pairs_are_differences_on_the_reported_stimuli(study):
    _, responses, predictions = study
    table = compared(*study)
    assert (
        list(zip(table["model"], table["other"], strict=True))
        == [
            ("weak", "strong"),
            ("weak", "twin"),
            ("strong", "twin"),
        ]
        * 2
    )
    assert list(table["region"]) == ["V4"] * 3 + ["IT"] * 3
    rows = SPLIT == "test"
    for row in table.to_dict("records"):
        inside = (responses.sites["region"] == row["region"]).to_numpy()
        first, second = (
            explained_variance(
                responses.average[rows][:, inside], predictions[row[key]][rows][:, inside]
            )
            for key in ("model", "other")
        )
        assert row["difference"] == pytest.approx((first - second).mean())
        assert row["sites_won"] == pytest.approx((first > second).mean())
        halves = (first - second).reshape(2, 3).mean(axis=1)
        assert (row["animals_won"], row["n_animals"]) == ((halves > 0).sum(), 2)
        assert row["difference_low"] < row["difference"] < row["difference_high"]
        assert row["n_stimuli"] == 40 and row["split"] == "test" and row["n_sites"] == 6


def test_the_better_model_is_found_and_a_twin_is_not(study):
    table = compared(*study).set_index(["region", "model", "other"])
    for region in ("V4", "IT"):
        better = table.loc[(region, "weak", "strong")]
        assert better["difference_high"] < 0 and better["p_holm"] < 0.01
        assert better["sites_won"] == 0
        # In pairs: the twins differ by far less than either's own interval is wide.
        twins = table.loc[(region, "strong", "twin")]
        assert twins["difference_high"] - twins["difference_low"] < 0.05


def test_a_site_without_a_prediction_is_left_out(study):
    study[2]["weak"][:, 0] = np.nan
    row = compared(*study).iloc[0]
    assert row["n_sites"] == 5 and np.isfinite(row["difference"])


def test_one_site_and_equal_models(study):
    summary, responses, predictions = study
    sites = responses.sites.assign(region=["V4"] + ["IT"] * (SITES - 1), animal="")
    alone = Responses(responses.stimulus_id, sites, responses.average)
    predictions["twin"] = predictions["strong"].copy()
    table = compared(summary, alone, predictions)
    equal = table[(table["model"] == "strong") & (table["other"] == "twin")]
    assert (equal["difference"] == 0).all() and (equal["p"] == 1).all()
    assert (equal["sites_won"] == 0.5).all() and equal["n_animals"].isna().all()
    of_one = table[table["region"] == "V4"].iloc[0]
    assert of_one["n_sites"] == 1
    assert of_one["difference_low"] < of_one["difference"] < of_one["difference_high"]


def test_p_is_that_of_a_paired_t_test_where_stimuli_add_nothing():
    """With very many stimuli only the sites are a sample: the paired t-test of their scores."""
    rng = np.random.default_rng(3)
    n, sites = 4000, 15
    y = rng.normal(size=(n, sites))
    quality = rng.uniform(0.2, 0.8, size=(2, sites))
    first, second = (
        quality[k] * y + 0.3 * rng.normal(size=y.shape) * np.ones(sites) for k in range(2)
    )
    drawn = [resample([(np.arange(n), y, p)], 0, 400) for p in (first, second)]
    found = compare(*drawn)["explained_variance"]
    scores = [explained_variance(y, p) for p in (first, second)]
    expected = ttest_rel(*scores)
    assert found.estimate == pytest.approx((scores[0] - scores[1]).mean())
    interval = expected.confidence_interval()
    np.testing.assert_allclose([found.low, found.high], interval, atol=0.25 * np.ptp(interval))
    assert found.p == pytest.approx(expected.pvalue, rel=0.35)


@pytest.mark.slow
def test_p_of_equal_models_is_seldom_small():
    """Two models of the same quality: p < .05 in about one of twenty populations."""
    small = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        signal = rng.normal(size=(60, 20))
        y = signal + rng.normal(size=signal.shape)
        shared = rng.normal(size=(60, 1))
        drawn = [
            resample([(np.arange(60), y, 0.5 * signal + 0.3 * noise)], seed, 200)
            for noise in rng.normal(size=(2, 60, 20)) + shared
        ]
        small += compare(*drawn)["explained_variance"].p < 0.05
    assert 3 <= small <= 27  # 15 are expected


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        ([0.01, 0.02, 0.03, 0.04, 0.05], [0.05, 0.08, 0.09, 0.09, 0.09]),
        ([0.04, 0.01, np.nan, 0.03], [0.06, 0.03, np.nan, 0.06]),
        ([0.7, 0.9], [1, 1]),
        ([], []),
    ],
)
def test_holm(p, expected):
    np.testing.assert_allclose(holm(np.array(p)), expected)


def test_words(study):
    table = compared(*study)
    models = {
        name: {"label": name.capitalize(), "group": "g", "architecture": "a"} for name in MODELS
    }
    text = comparisons_in_words(table, models, {"ridge": {"label": "Ridge"}})
    assert "| Weak" in text and "| Strong" in text and "0.004" in text
    assert "0% of 6" in text and "0 of 2" in text and "Holm" in text
    none = comparisons_in_words(table[:0], models, {})
    assert none.startswith("| Region")


def test_fits_are_found_in_the_store_that_has_the_layer(study, tmp_path):
    _, responses, predictions = study
    path = tmp_path / "head.zarr"
    write_head(path, predictions["weak"], 7, SPLIT, responses)
    files = FitFiles([["d", "net", "ridge"]], [path])
    found = files.read("d", "net", "ridge", "head")[SINGLE_PARTITION]
    np.testing.assert_array_equal(found.predictions, predictions["weak"])
    with pytest.raises(VentralError, match="no fit of model 'net', readout 'ridge', layer 'other'"):
        files.read("d", "net", "ridge", "other")
