"""Rank correlations of dissimilarities, their intervals and ceilings, against rsatoolbox."""

import numpy as np
import pandas as pd
import pytest
from rsatoolbox.data import Dataset
from rsatoolbox.inference import boot_noise_ceiling, eval_bootstrap_pattern
from rsatoolbox.model import ModelFixed
from rsatoolbox.rdm import RDMs, calc_rdm, compare
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from helpers import store_layer
from synthetic_scores import PIXELS, network
from ventral.data.dissimilarities import Dissimilarities
from ventral.features.correlation_distances import correlation_distances
from ventral.figures import dissimilarities as figure_of_dissimilarities
from ventral.scores.dissimilarities import (
    collect_comparisons,
    compare_layers,
    correlate_dissimilarities,
    noise_ceilings,
    spearman,
    table_of_dissimilarities,
)
from ventral.storage.tables import write_csv

RNG = np.random.default_rng(0)


def related(n=40, subjects=1, noise=1.0):
    """Return dissimilarities of a model, and of subjects that share its signal."""
    signal = RNG.normal(size=(n, 5))
    found = [pdist(signal + noise * RNG.normal(size=(n, 5))) for _ in range(subjects)]
    return pdist(signal), np.array(found)


@pytest.mark.parametrize("scale_factor", [1.0, 0.5])
@pytest.mark.parametrize("p", [2, 3000])
def test_distances_of_a_layer_are_scipys_and_rsatoolboxs(tmp_path, p, scale_factor):
    features = RNG.normal(loc=30, size=(12, p)).astype(np.float32)
    store = store_layer(tmp_path / "a.zarr", features, (12, 700), "block", scale_factor)
    found = correlation_distances(store, "block")
    np.testing.assert_allclose(found, pdist(features.astype(float), "correlation"), atol=1e-9)
    theirs = calc_rdm(Dataset(features.astype(float)), method="correlation").dissimilarities[0]
    np.testing.assert_allclose(found, theirs, rtol=0, atol=1e-9)


def test_a_stimulus_with_equal_features_has_no_distance(tmp_path):
    features = RNG.normal(size=(5, 8))
    features[1] = 0.1
    found = correlation_distances(store_layer(tmp_path / "a.zarr", features), "layer1.0")
    assert np.isnan(found).sum() == 4 and np.isnan(spearman(found, found))


def test_the_correlation_is_scipys_and_rsatoolboxs_also_with_ties():
    first, (second,) = related()
    for x, y in ((first, second), (first.round(), second.round()), (first, first[::-1])):
        found = correlate_dissimilarities(x, y, 0, 10).rho
        assert found == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)
        theirs = compare(RDMs(x[None]), RDMs(y[None]), method="spearman")
        assert found == pytest.approx(theirs.item(), abs=1e-9)


def test_the_interval_is_that_of_rsatoolboxs_bootstrap_over_stimuli():
    first, (second,) = related()
    found = correlate_dissimilarities(first, second, 0, 600)
    theirs = eval_bootstrap_pattern(
        ModelFixed("one", first), RDMs(second[None]), method="spearman", N=600
    )
    low, high = theirs.get_ci(0.95, "t-test")
    half = (high - low).item() / 2
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.15)
    assert found.low < found.rho < found.high


def test_of_several_subjects_it_is_the_mean_as_rsatoolbox_has_it():
    first, subjects = related(subjects=3)
    found = correlate_dissimilarities(first, subjects, 0, 300)
    theirs = compare(RDMs(first[None]), RDMs(subjects), method="spearman")
    assert found.rho == pytest.approx(theirs.mean(), abs=1e-9)
    assert found.low < found.rho < found.high
    alone = [correlate_dissimilarities(first, one, 0, 300) for one in subjects]
    widest = max(one.high - one.low for one in alone)
    assert 0.3 * widest < found.high - found.low <= widest


def table_of(regions, layers=("a", "b")):
    found = {layer: related(n=12)[0] for layer in layers}
    return found, compare_layers(found, regions, seed=0, n_bootstrap=20)


def test_a_table_has_each_layer_and_region_and_regions_beside_one_another(tmp_path):
    _, pairs = related(n=12, subjects=3)
    targets = pd.DataFrame({"region": ["it", "it", "v4"], "subject": ["one", "two", ""]})
    names = np.array([f"i{i:02}" for i in range(12)], object)
    regions = Dissimilarities(names, targets, pairs)
    layers, table = table_of(regions)
    assert table[["region", "layer"]].to_numpy().tolist() == [
        *(["it", "a"], ["it", "b"]),
        *(["v4", "a"], ["v4", "b"]),
    ]
    first = table.iloc[0]
    assert first["rho"] == pytest.approx(spearmanr(layers["a"], pairs[:2].mean(axis=0)).statistic)
    of_subjects = [spearmanr(layers["a"], one).statistic for one in pairs[:2]]
    assert first["rho_of_subjects"] == pytest.approx(np.mean(of_subjects))
    assert table["ceiling_low"].notna().tolist() == [True, True, False, False]
    write_csv(tmp_path / "a.csv", table)
    whole = collect_comparisons(
        [str(tmp_path / "a.csv")], [["set", "net"]], regions, "set", seed=0, n_bootstrap=20
    )
    assert whole["model"].tolist() == ["net"] * 4 + [""] * 2
    between = whole.iloc[4:].set_index("region")["rho"]
    expected = spearmanr(pairs[:2].mean(axis=0), pairs[2]).statistic
    np.testing.assert_allclose(between[["it", "v4"]], expected)
    shown = table_of_dissimilarities(whole, {"net": "A network"})
    assert shown["Model"].tolist()[0] == "A network"
    assert shown["Model"].tolist()[-1] == "(another region)" and len(shown) == 6


@pytest.mark.parametrize("n_models", [3, 30])
def test_the_figure_shows_every_model_and_what_has_no_layers(n_models):
    models = {"pixels": PIXELS} | {
        f"net{i}": network(f"Network {i}", "pretrained", architecture=f"net{i % 4}", layers="ab")
        for i in range(n_models - 1)
    }
    _, pairs = related(n=12, subjects=3)
    targets = pd.DataFrame({"region": ["it", "it", "v4"], "subject": ["one", "two", ""]})
    regions = Dissimilarities(np.array([f"i{i:02}" for i in range(12)], object), targets, pairs)
    tables = [
        table_of(regions, one["layers"])[1].assign(model=name) for name, one in models.items()
    ]
    table = pd.concat([*tables, tables[0].iloc[1:].assign(model=np.nan, layer="it")])
    figure = figure_of_dissimilarities.draw(table, models)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "it, 12 stimuli, 2 subjects",
        "v4, 12 stimuli",
    ]
    for axes, region in zip(figure.axes, ("it", "v4"), strict=True):
        for name in list(models)[1:]:
            (line,) = [one for one in axes.lines if one.get_gid() == f"rho:{name}"]
            rows = table[(table["model"] == name) & (table["region"] == region)]
            np.testing.assert_array_equal(line.get_ydata(), rows["rho_of_subjects"])
        assert [text.get_text() for text in axes.texts].count("pixels") == 1
    message = figure_of_dissimilarities.draw(table[table["model"] == "pixels"], models)
    assert "No network was recorded" in message.texts[0].get_text()


def test_the_interval_covers_what_many_stimuli_give():
    first, (second,) = related(n=800)
    truth, covered = spearman(first, second), 0
    for seed in range(60):
        first, (second,) = related(n=40)
        found = correlate_dissimilarities(first, second, seed, 60)
        covered += found.low <= truth <= found.high
    assert covered >= 52


def test_ceilings_between_subjects_are_rsatoolboxs():
    _, subjects = related(subjects=5)
    found = noise_ceilings(subjects)
    theirs = boot_noise_ceiling(RDMs(subjects), method="spearman")
    np.testing.assert_allclose(found, theirs, rtol=0, atol=1e-9)
    assert found.low < found.high
    assert np.isnan(noise_ceilings(subjects[:1])).all()


def test_equal_or_few_dissimilarities_have_no_interval():
    assert np.isnan(correlate_dissimilarities(np.ones(10), np.arange(10.0), 0, 10)).all()
    few = correlate_dissimilarities(np.arange(3.0), np.arange(3.0) ** 2, 0, 10)
    assert few.rho == pytest.approx(1) and np.isnan(few.low)
    assert correlate_dissimilarities(np.arange(6.0), np.arange(6.0), 0, 10).high == 1
