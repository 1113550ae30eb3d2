"""Dissimilarity matrices that are shown, and the figure of them."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist, squareform
from scipy.stats import rankdata, spearmanr

from synthetic_scores import PIXELS, network
from ventral.data.dissimilarities import Dissimilarities
from ventral.data.responses import Responses
from ventral.figures import dissimilarity_matrices
from ventral.scores.dissimilarities import compare_layers as compare_dissimilarities
from ventral.similarity import matrices
from ventral.similarity.compare import compare_layers
from ventral.similarity.population import compared_stimuli, populations

N = 48
MODELS = {"pixels": PIXELS} | {
    f"net{i}": network(f"Net {i}", "a variant with a long name", layers=["a", "b"])
    for i in range(5)
}


def test_ranks_are_those_of_scipy_and_between_0_and_1():
    distances = squareform(np.random.default_rng(0).normal(size=66).round(1))  # with ties
    ranks = matrices.ranks_of_pairs(distances)
    expected = (rankdata(squareform(distances)) - 1) / 65
    np.testing.assert_allclose(ranks[np.triu_indices(12, 1)], expected)
    np.testing.assert_array_equal(ranks, ranks.T)
    assert np.isnan(np.diag(ranks)).all()


def test_unknown_and_equal_dissimilarities():
    distances = np.ones((4, 4))
    distances[0, :] = distances[:, 0] = np.nan
    ranks = matrices.ranks_of_pairs(distances)
    assert np.isnan(ranks[0]).all()
    assert set(ranks[1:, 1:][~np.eye(3, dtype=bool)]) == {0.5}


@pytest.mark.parametrize("n", [N, 3 * matrices.MOST_STIMULI])
def test_stimuli_are_in_the_order_of_their_categories(n):
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "category": rng.choice(["cars", "animals", "boats"], n),
            "object": rng.choice(list("xyz"), n),
        }
    )
    order, groups = matrices.order_of_stimuli(table)
    assert len(order) == len(set(order)) == min(n, matrices.MOST_STIMULI)
    shown = table.iloc[order]
    assert shown.equals(shown.sort_values(["category", "object"], kind="stable"))
    assert groups == list(shown.groupby("category").size().items())
    unknown, none = matrices.order_of_stimuli(table.assign(category="", object=None))
    assert none == [] and (np.diff(unknown) > 0).all()


@pytest.fixture
def responses_study():
    rng = np.random.default_rng(2)
    x = {(m, layer): rng.normal(size=(N, 30)) for m in MODELS for layer in MODELS[m]["layers"]}
    average = x["net3", "b"][:, :7] + rng.normal(size=(N, 7))
    sites = pd.DataFrame(
        {"site_id": [f"s{i}" for i in range(7)], "region": ["V4"] * 3 + ["IT"] * 4, "animal": ""}
    )
    ids = np.array([f"i{i}" for i in range(N)], object)
    responses = Responses(ids, sites, average)
    split = {"": pd.DataFrame({"split": ["train"] * 20 + ["test"] * 28})}
    tables = []
    for model in MODELS:
        grams = [(layer, x[model, layer] @ x[model, layer].T) for layer in MODELS[model]["layers"]]
        table, _ = compare_layers(grams, responses, split, seed=0, n_bootstrap=5, scale="raw")
        tables.append(table.assign(model=f"{model}_variant", entry=model))
    stimuli = pd.DataFrame({"stimulus_id": ids, "category": ["odd", "even"] * (N // 2)})
    return x, responses, split, pd.concat(tables), stimuli


def test_the_matrices_correlate_as_the_table_says(responses_study):
    x, responses, split, table, stimuli = responses_study
    compared = compared_stimuli(split, responses.average)

    def read(model, layer):
        features = x[model.removesuffix("_variant"), layer]
        return features @ features.T

    found = matrices.matrices_of_responses(
        table,
        responses,
        list(populations(responses, compared.stimuli)),
        stimuli,
        MODELS,
        read,
    )
    assert [region.region for region in found] == ["V4", "IT"]
    for region, columns in zip(found, (slice(0, 3), slice(3, 7)), strict=True):
        own, *layers = region.matrices
        assert len(layers) == matrices.MOST_MODELS and region.n_stimuli == 28
        assert region.groups == [("even", 14), ("odd", 14)]
        order = np.r_[21:48:2, 20:48:2]  # the test stimuli, the even ones first
        expected = rankdata(pdist(responses.average[order, columns], "sqeuclidean"))
        pairs = np.triu_indices(28, 1)
        np.testing.assert_allclose(own.ranks[pairs] * (len(expected) - 1) + 1, expected)
        for layer in layers:
            rho = spearmanr(own.ranks[pairs], layer.ranks[pairs]).statistic
            assert layer.correlation == pytest.approx(rho, abs=1e-12)
        here = table[(table["region"] == region.region) & (table["measure"] == matrices.RSA)]
        best = (
            here[here["entry"] != "pixels"].reset_index().pipe(lambda t: t.loc[t["value"].idxmax()])
        )
        assert (layers[0].model, layers[0].layer) == (best["entry"], best["layer"])
        assert [one.correlation for one in layers] == sorted(
            (one.correlation for one in layers), reverse=True
        )


def given_study(n_regions=2):
    rng = np.random.default_rng(4)
    n_pairs = N * (N - 1) // 2
    targets = pd.DataFrame(
        [(f"region {i}", f"subject {j}") for i in range(n_regions) for j in range(i + 1)],
        columns=["region", "subject"],
    )
    regions = Dissimilarities(
        np.array([f"i{i}" for i in range(N)], object), targets, rng.random((len(targets), n_pairs))
    )
    layers = {m: {layer: rng.random(n_pairs) for layer in MODELS[m]["layers"]} for m in MODELS}
    table = pd.concat(
        compare_dissimilarities(own, regions, seed=0, n_bootstrap=5).assign(model=model)
        for model, own in layers.items()
    )
    return regions, layers, table


def test_given_matrices_correlate_as_the_table_says():
    regions, layers, table = given_study()
    stimuli = pd.DataFrame({"stimulus_id": regions.stimulus_id})
    found = matrices.matrices_of_dissimilarities(
        table, regions, stimuli, MODELS, lambda model, layer: layers[model][layer]
    )
    pairs = np.triu_indices(N, 1)
    assert [region.source for region in found] == ["one matrix", "mean of 2 subjects"]
    for region in found:
        own, *shown = region.matrices
        best = table[(table["region"] == region.region) & (table["model"] != "pixels")]
        best = best.groupby("model")["rho"].max().nlargest(matrices.MOST_MODELS)
        assert [one.model for one in shown] == best.index.tolist()
        for one in shown:
            rho = spearmanr(own.ranks[pairs], one.ranks[pairs]).statistic
            assert one.correlation == pytest.approx(rho, abs=1e-12)


@pytest.mark.parametrize("n_regions", [1, 3])
def test_the_figure_shows_each_matrix_on_one_scale(n_regions):
    regions, layers, table = given_study(n_regions)
    stimuli = pd.DataFrame({"category": ["one", "another"] * (N // 2)})
    found = matrices.matrices_of_dissimilarities(
        table, regions, stimuli, MODELS, lambda model, layer: layers[model][layer]
    )
    figure = dissimilarity_matrices.draw(found, MODELS, "As given")
    figure.draw_without_rendering()
    *panels, bar = figure.axes
    shown = [matrix for region in found for matrix in region.matrices]
    for axes, matrix in zip(panels, shown, strict=True):
        (image,) = axes.get_images()
        np.testing.assert_array_equal(image.get_array().filled(np.nan), matrix.ranks)
        assert image.get_clim() == (0, 1)
        head = axes.get_title(loc="left")
        assert matrix.layer in head if matrix.model else head.startswith("region")
    assert bar.get_ylabel() == "Rank of the dissimilarity"
    names = [text.get_text() for text in panels[0].get_yticklabels()]
    assert names == ["another", "one"]
    assert f"{N} stimuli, by category" in " ".join(text.get_text() for text in figure.texts)


def test_without_stimuli_the_figure_says_so():
    figure = dissimilarity_matrices.draw([], MODELS, "As given")
    assert "Too few stimuli" in figure.texts[0].get_text()
