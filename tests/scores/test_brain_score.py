"""Brain-Score's protocol against its definition, written with scikit-learn, SciPy and NumPy.

`PUBLISHED` are numbers of the package itself (brainscore-vision 2.4.2, which needs NumPy under 2
and is not installed here) on the data sets of `an_assembly`.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

from ventral.data.assign_split import assign_split
from ventral.data.responses import Responses
from ventral.data.splits import partitions_of, rows_of
from ventral.features.pca import fit_all_components
from ventral.readouts.fit import fit_readout
from ventral.readouts.fit_store import StoredFit
from ventral.scores.brain_score import (
    COLUMNS,
    Mean,
    brain_scores_in_words,
    internal_consistency,
    mean_of_medians,
    published_ceilings,
    r2_over_ceiling,
    r_over_ceiling_squared,
    table_of_brain_scores,
)
from ventral.scores.ceilings import estimate_ceilings, scored_together
from ventral.scores.score import score_layers

LATENT = 25
SITES = ["V4"] * 4 + ["IT"] * 7
NUMBERS = ["pearson_r", "error", "ceiling", "ceiling_error"]
PUBLISHED = [
    ({}, "V4", [0.8802507128, 0.0115656566, 0.9732761045, 0.0006778431], 0.7961166556),
    ({}, "IT", [0.8343639045, 0.0120865364, 0.9066817507, 0.0027676388], 0.7678142022),
    ({"p": 40}, "V4", [0.6995894687, 0.0247027870, 0.6346161686, 0.0049805342], 0.7712148681),
    (
        {"trials": 8, "missing": 0.15},
        "IT",
        [0.8536364592, 0.0146315247, 0.8954124409, 0.0035916460],
        0.8138095600,
    ),
]
SPLIT = {"method": "repeated", "repeats": 10, "test_fraction": 0.1, "seed": 1}


def an_assembly(n_objects=8, views=15, p=200, trials=7, missing=0.0, seed=0):
    """Return features, single trials (stimuli, sites, trials) and the object of each stimulus."""
    rng = np.random.default_rng(seed)
    objects = np.repeat([f"object_{i}" for i in range(n_objects)], views)
    n = len(objects)
    features = rng.normal(size=(n, p)) * np.geomspace(3, 0.1, p) + rng.normal(size=p)
    signal = features @ rng.normal(size=(p, len(SITES))) / 5
    noise = rng.uniform(0.5, 4, size=(1, len(SITES), 1))
    recorded = signal[:, :, None] + noise * rng.normal(size=(n, len(SITES), trials)) + 4
    # A trial is missing at all sites together, as one that was never presented.
    recorded[np.broadcast_to(rng.random((n, 1, trials)) < missing, recorded.shape)] = np.nan
    return features, recorded, objects


def of_the_library(features, trials, objects):
    """Return the table of Brain-Scores, by way of all the steps behind it."""
    sites = pd.DataFrame(
        {"site_id": [f"s{i:02}" for i in range(trials.shape[1])], "region": SITES, "animal": ""}
    )
    ids = np.array([f"i{i:04}" for i in range(len(trials))], object)
    responses = Responses(ids, sites, np.nanmean(trials, axis=2))
    stimuli = pd.DataFrame({"stimulus_id": ids})
    settings = SPLIT
    if objects is not None:
        stimuli["object"], settings = objects, {**SPLIT, "by": "object"}
    partitions = partitions_of(assign_split(stimuli, settings))
    centred = features - features.mean(axis=0)
    pls = {"method": "pls", "features": "raw", "n_components": LATENT}
    fits = {}
    for name, partition in partitions.items():
        train = rows_of(partition, "train")
        found = fit_all_components(centred @ centred.T, train)
        readout, scores = fit_readout(pls, found.scores, found.eigenvalues, responses, train)
        split = partition["split"].to_numpy()
        predictions = np.where((split == "test")[:, None], readout.predict(scores), np.nan)
        fits[name] = StoredFit(predictions, split, readout.alpha, readout.alpha_on_edge, LATENT)
    ceilings = estimate_ceilings(sites, trials, scored_together(partitions))
    scored, _, _ = score_layers(
        [("layer", fits)], responses, ceilings, ceiling_floor=0, seed=0, n_bootstrap=10
    )
    scored = scored.assign(model="net", readout="pls_25")
    return table_of_brain_scores(scored, published_ceilings(sites, trials)).set_index("region")


def of_the_definition(features, trials, objects, region):
    """Return r, its error, the ceiling and its error of a region."""
    inside = np.array(SITES) == region
    trials, averaged = trials[:, inside], np.nanmean(trials[:, inside], axis=2)
    kind = ShuffleSplit if objects is None else StratifiedShuffleSplit
    splits = kind(n_splits=10, train_size=0.9, random_state=1).split(averaged, objects)
    of_splits = []
    for train, test in splits:
        pls = PLSRegression(n_components=LATENT, scale=False)
        pls.fit(features[train], averaged[train])
        predicted = pls.predict(features[test])
        pairs = zip(averaged[test].T, predicted.T, strict=True)
        of_splits.append(np.median([pearsonr(*pair).statistic for pair in pairs]))
    halves = ShuffleSplit(n_splits=10, train_size=0.5, random_state=1)
    of_halves = []
    for first, second in halves.split(np.arange(trials.shape[2])):
        one, other = (np.nanmean(trials[:, :, half], axis=2) for half in (first, second))
        r = np.array([pearsonr(*pair).statistic for pair in zip(one.T, other.T, strict=True)])
        of_halves.append(np.median(2 * r / (1 + r)))
    return [
        number
        for values in (of_splits, of_halves)
        for number in (np.mean(values), np.std(values) / np.sqrt(10))
    ]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"trials": 6},
        {"trials": 8, "missing": 0.15},
        {"p": 40},  # fewer features than train stimuli
        {"views": 9, "n_objects": 7},  # parts of uneven size
        {"views": 12, "seed": 3},
    ],
)
@pytest.mark.parametrize("stratified", [True, False])
def test_the_published_metric(given, stratified):
    features, trials, objects = an_assembly(**given)
    objects = objects if stratified else None
    table = of_the_library(features, trials, objects)
    for region in ("V4", "IT"):
        expected = of_the_definition(features, trials, objects, region)
        row = table.loc[region]
        assert list(row[NUMBERS]) == pytest.approx(expected, abs=1e-6)
        r, _, ceiling, _ = expected
        assert row["r2_over_ceiling"] == pytest.approx(r**2 / ceiling, abs=1e-6)
        assert row["r_over_ceiling_squared"] == pytest.approx((r / ceiling) ** 2, abs=1e-6)
        assert (row["n_splits"], row["n_sites"]) == (10, SITES.count(region))


@pytest.mark.parametrize(("given", "region", "numbers", "score"), PUBLISHED)
def test_the_package_itself(given, region, numbers, score):
    row = of_the_library(*an_assembly(**given)).loc[region]
    assert list(row[NUMBERS]) == pytest.approx(numbers, abs=1e-9)
    assert row["r2_over_ceiling"] == pytest.approx(score, abs=1e-9)


def test_the_order_of_averages_is_the_published_one():
    """The median is taken before the mean: the other order gives another number."""
    values = np.array([[0.1, 0.2, 0.9], [0.8, 0.3, 0.1]])
    found = mean_of_medians(values)
    assert found.value == pytest.approx(0.25)
    assert found.error == pytest.approx(0.05 / np.sqrt(2))
    assert np.median(values.mean(axis=0)) == pytest.approx(0.45)


def test_undefined_sites_are_left_out_of_the_median():
    nan = np.nan
    assert mean_of_medians(np.array([[0.1, nan, 0.9], [nan, nan, 0.3]])).value == pytest.approx(0.4)
    for nothing in (np.full((2, 3), nan), np.empty((10, 0))):
        assert np.isnan(mean_of_medians(nothing)).all()


@pytest.mark.parametrize(
    ("r", "ceiling", "now", "before"),
    [
        (0.6, 0.8158, 0.4413, 0.5409),
        (-0.3, 0.6, -0.15, -0.25),
        (0.3, 0.0, np.nan, np.nan),
        (0.3, -0.1, np.nan, np.nan),
        (0.3, np.nan, np.nan, np.nan),
        (np.nan, 0.6, np.nan, np.nan),
    ],
)
def test_the_quotients(r, ceiling, now, before):
    assert r2_over_ceiling(r, ceiling) == pytest.approx(now, abs=1e-4, nan_ok=True)
    assert r_over_ceiling_squared(r, ceiling) == pytest.approx(before, abs=1e-4, nan_ok=True)


def test_ceilings_of_awkward_trials():
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(30, 3, 1))
    trials = signal + 0.5 * rng.normal(size=(30, 3, 6))
    trials[:, 1] = 2.0  # constant
    trials[5:, 2, 1:] = np.nan  # both halves of few stimuli
    found = internal_consistency(trials)
    assert found.shape == (10, 3)
    assert np.isfinite(found[:, 0]).all() and np.isnan(found[:, 1]).all()
    assert np.isfinite(found[:, 2]).all()
    trials[2:, 2, 1:] = np.nan
    assert np.isnan(internal_consistency(trials)[:, 2]).all()
    assert np.isnan(internal_consistency(trials[:, :, :1])).all()
    sites = pd.DataFrame({"region": ["IT", "V4", "V4"]})
    none = published_ceilings(sites, None)
    assert list(none) == ["IT", "V4"] and np.isnan(none["IT"]).all()
    some = published_ceilings(sites, trials)
    assert some["IT"].value == pytest.approx(found[:, 0].mean()) and np.isnan(some["V4"].value)


def scores_of(values):
    """Return rows of scores.csv: values[layer] is (splits, sites), of region IT."""
    rows = [
        {"region": "IT", "model": "net", "layer": layer, "readout": "pls", "site_id": f"s{site}"}
        | {"split": f"fold_{fold}", "pearson_r": r, "n_components": 25}
        for layer, of_layer in values.items()
        for fold, of_fold in enumerate(of_layer)
        for site, r in enumerate(of_fold)
    ]
    table = pd.DataFrame(rows)
    means = table.assign(split="folds", pearson_r=9.0)  # must not be read
    return pd.concat([table, means], ignore_index=True)


def test_the_best_layer_is_marked_and_nothing_undefined_wins():
    nan = np.nan
    values = {"a": [[0.2], [0.3]], "b": [[0.5], [0.4]], "c": [[nan], [nan]], "d": [[0.5], [0.4]]}
    table = table_of_brain_scores(scores_of(values), {"IT": Mean(nan, nan)})
    assert list(table.columns) == COLUMNS and list(table["layer"]) == list("abcd")
    assert list(table["committed"]) == [False, True, False, False]
    assert table["r2_over_ceiling"].isna().all() and list(table["n_undefined"]) == [0, 0, 1, 0]
    assert table["pearson_r"].iloc[1] == pytest.approx(0.45)
    undefined = table_of_brain_scores(scores_of({"c": [[nan], [nan]]}), {"IT": Mean(0.8, 0.01)})
    assert not undefined["committed"].any() and undefined["r2_over_ceiling"].isna().all()


def test_words():
    table = table_of_brain_scores(
        scores_of({"a": [[0.4], [0.6]], "b": [[np.nan], [np.nan]]}), {"IT": Mean(0.8, 0.01)}
    )
    models = {"net": {"label": "Net", "group": "g", "architecture": "a"}}
    readouts = {"pls": {"label": "PLS", "method": "pls", "features": "raw"}}
    text = brain_scores_in_words(table, models, readouts)
    assert (
        "0.500 ± 0.071" in text
        and "0.391" in text
        and "0.312" in text
        and "PLS on all features" in text
    )
    assert text.count("✓ ") == 2  # a row, and the note
    assert brain_scores_in_words(table[:0], models, readouts).startswith("| Region")
