"""The alphas that a figure shows are those that were chosen, in the unit of their grid."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import RidgeCV

from synthetic_scores import network
from ventral.data.responses import Responses
from ventral.data.splits import partitions_of
from ventral.features.pca import fit_all_components
from ventral.features.pca_store import read_components, read_eigenvalues, write_components
from ventral.figures import alpha_by_layer
from ventral.readouts.chosen_alphas import alphas_over_sites, chosen_alphas
from ventral.readouts.fit import fit_layers
from ventral.readouts.fit_store import write_fits
from ventral.storage.store import Store

N, SITES, P = 60, 6, 12
GRID = {"low": -3, "high": 2, "count": 11}
LAYERS = ("first", "second")
FOLDS = {f"fold_{fold}": np.where(np.arange(N) % 3 == fold, "test", "train") for fold in range(3)}
SINGLE = {"split": np.where(np.arange(N) < 40, "train", "test")}


def stores(folder, splits, settings):
    """Write components and fits of two layers; return their paths, the features and responses."""
    rng = np.random.default_rng(3)
    ids = np.array([f"i{i:02}" for i in range(N)], object)
    features = {layer: rng.normal(size=(N, P)) * 5.0**index for index, layer in enumerate(LAYERS)}
    strength = np.linspace(0, 3, SITES)  # from no signal, where alpha is at the end, to much
    average = features["first"] @ rng.normal(size=(P, SITES)) * strength
    average += rng.normal(size=(N, SITES))
    regions = ["IT"] * 4 + ["V4"] * 2
    sites = pd.DataFrame(
        {"site_id": [f"s{i}" for i in range(SITES)], "region": regions, "animal": ""}
    )
    responses = Responses(ids, sites, average)
    partitions = partitions_of(pd.DataFrame({"stimulus_id": ids, **splits}))
    components = {
        layer: {
            name: fit_all_components(x @ x.T, np.flatnonzero(part["split"] == "train"))
            for name, part in partitions.items()
        }
        for layer, x in features.items()
    }
    pca, fit = folder / "pca.zarr", folder / "fit.zarr"
    write_components(pca, components.items(), ids, 5)
    write_fits(
        fit,
        fit_layers(Store(pca), settings, responses, partitions),
        partitions,
        responses,
        is_raw=settings["features"] == "raw",
    )
    return pca, fit, features, average


def ridge(relative=True, features="raw"):
    return {
        **{"method": "ridge_cv", "features": features, "alpha_for": "site"},
        **{"choose_alpha": "leave_one_out", "alphas": {**GRID, "relative": relative}},
    }


@pytest.mark.parametrize("splits", [SINGLE, FOLDS])
@pytest.mark.parametrize("relative", [True, False])
def test_they_are_those_of_scikit_learn(splits, relative, tmp_path):
    settings = ridge(relative)
    pca, fit, features, average = stores(tmp_path, splits, settings)
    table = chosen_alphas([("d", "net", "cv")], [fit], [pca], {"cv": settings})
    assert len(table) == len(LAYERS) * len(splits) * SITES
    for (layer, fold), rows in table.groupby(["layer", "fold"]):
        train = splits[fold or "split"] == "train"
        x = features[layer][train] - features[layer][train].mean(axis=0)
        unit = (x**2).sum() / train.sum()
        np.testing.assert_allclose(rows["unit"], unit, rtol=1e-9)
        grid = np.logspace(-3, 2, 11) * (unit if relative else 1)
        y = average[train] - average[train].mean(axis=0)
        expected = RidgeCV(grid, alpha_per_target=True).fit(x, y).alpha_
        np.testing.assert_allclose(rows["alpha"], expected, rtol=1e-9)
        np.testing.assert_allclose(rows["lowest"], grid[0], rtol=1e-9)
        np.testing.assert_allclose(rows["highest"], grid[-1], rtol=1e-9)
        assert set(rows["n_train"]) == {train.sum()}


def test_of_leading_components_the_unit_is_theirs(tmp_path):
    settings = ridge(features="pcs")
    pca, fit, _, _ = stores(tmp_path, FOLDS, settings)
    table = chosen_alphas([("d", "net", "cv")], [fit], [pca], {"cv": settings})
    store = Store(pca)
    for layer in LAYERS:
        for everything in (False, True):
            whole = read_components(store, layer, everything=everything)
            alone = read_eigenvalues(store, layer, everything=everything)
            assert list(whole) == list(alone)
            for fold, (_, eigenvalues) in whole.items():
                np.testing.assert_array_equal(alone[fold], eigenvalues)
        for fold, values in read_eigenvalues(store, layer).items():
            rows = table[(table["layer"] == layer) & (table["fold"] == fold)]
            np.testing.assert_allclose(rows["unit"], values[:5].sum() / 40)
            ratio = np.log10(rows["alpha"] / rows["unit"])
            np.testing.assert_allclose(ratio * 2, np.round(ratio * 2), atol=1e-9)  # of the grid


def test_the_spread_is_over_sites_in_the_unit_of_the_grid(tmp_path):
    settings = ridge()
    pca, fit, *_ = stores(tmp_path, SINGLE, settings)
    table = chosen_alphas([("d", "net", "cv")], [fit], [pca], {"cv": settings})
    found = alphas_over_sites(table).set_index(["region", "layer"])
    for (region, layer), rows in table.groupby(["region", "layer"]):
        logs = np.log10((rows["alpha"] / rows["unit"]).to_numpy(float))
        ends = np.percentile(logs, [10, 50, 90])
        row = found.loc[region, layer]
        np.testing.assert_allclose(np.log10(row[["low", "median", "high"]].tolist()), ends)
        np.testing.assert_allclose(row[["lowest", "highest"]].tolist(), [1e-3, 1e2])
        at_end = np.isclose(logs, -3) | np.isclose(logs, 2)
        assert row["on_edge"] == pytest.approx(at_end.mean())
        assert row["n_sites"] == len(rows)
    assert found["on_edge"].max() > 0  # sites without signal


READOUTS = {
    "cv": {"label": "Ridge CV", "method": "ridge_cv", "features": "raw"},
    "linear": {"label": "Linear", "method": "linear", "features": "raw"},
}


@pytest.mark.parametrize("n_models", [1, 30])
@pytest.mark.parametrize("relative", [True, False])
def test_the_figure_has_a_panel_per_model_with_the_ends_of_the_grid(n_models, relative, tmp_path):
    settings = ridge(relative)
    pca, fit, *_ = stores(tmp_path, SINGLE, settings)
    models = {f"n{i}": network(f"Net {i}", "random", layers=LAYERS) for i in range(n_models)}
    names = [("d", model, "cv") for model in models]
    table = chosen_alphas(names, [fit] * n_models, [pca] * n_models, {"cv": settings})
    figure = alpha_by_layer.draw(table, models, READOUTS, "linear")  # which chooses none
    figure.draw_without_rendering()
    assert max(figure.get_size_inches()) < 15
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == n_models
    expected = alphas_over_sites(table).set_index(["model", "region", "layer"])
    for axes, model in zip(shown, models, strict=True):
        lines = {line.get_gid(): line.get_ydata() for line in axes.lines if line.get_gid()}
        for region in ("IT", "V4"):
            medians = expected.loc[model].loc[region]["median"].reindex(LAYERS)
            np.testing.assert_array_equal(lines[f"alpha:{model}:{region}"], medians)
        low, high = sorted(axes.get_ylim())
        assert low < lines[f"lowest:{model}"].min() and high > lines[f"highest:{model}"].max()
    written = " ".join(text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text")))
    assert ("in units of tr(K)/n" in written) == relative
    assert "40 train stimuli" in written and "IT, 4 sites" in written


def test_without_an_alpha_the_figure_says_so():
    none = pd.DataFrame({"readout": [], "model": [], "alpha": []})
    models = {"n": network("Net", "", layers=LAYERS)}
    figure = alpha_by_layer.draw(none, models, READOUTS)
    assert "No readout of this data set chose an alpha" in figure.texts[0].get_text()
