"""The tables of spectra against scikit-learn's fits and the scores of the whole readout."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import KFold

from ventral.data.responses import Responses
from ventral.data.splits import partitions_of, rows_of
from ventral.features.pca import fit_all_components
from ventral.features.pca_store import write_components
from ventral.readouts.fit import fit_layers
from ventral.readouts.fit_store import StoredFit
from ventral.readouts.score_by_components import RIDGE, choose_ridge
from ventral.scores.score import score_layers
from ventral.scores.spectra import collect_by_model, describe_layers, table_of_spectra
from ventral.storage.store import Store
from ventral.storage.tables import read_csv, write_csv

N, SITES = 60, 5
RESAMPLES = {"seed": 0, "n_bootstrap": 40}
EXPLAINED = "explained_variance_mean"


def a_split(folds):
    names = [f"i{number:02}" for number in range(N)]
    if folds:
        table = pd.DataFrame({"stimulus_id": names})
        parts = KFold(3, shuffle=True, random_state=0).split(np.arange(N))
        for number, (_, test) in enumerate(parts):
            column = np.full(N, "train", object)
            column[test] = "test"
            table[f"fold_{number}"] = column
        return table
    parts = np.array(["train"] * 40 + ["validation"] * 8 + ["test"] * 12, object)
    return pd.DataFrame({"stimulus_id": names, "split": parts})


def a_study(folder, p=90, folds=False, missing=0.0):
    """Return features, responses of two regions, partitions and the stored components."""
    rng = np.random.default_rng(p)
    features = rng.normal(size=(N, p)) * np.arange(1, p + 1.0) ** -0.6
    values = features @ rng.normal(size=(p, SITES)) + rng.normal(size=(N, SITES))
    values[rng.random(values.shape) < missing] = np.nan
    sites = pd.DataFrame(
        {"site_id": list("abcde"), "region": ["IT", "V4", "IT", "V4", "IT"], "animal": "one"}
    )
    split = a_split(folds)
    responses = Responses(split["stimulus_id"].to_numpy(), sites, values)
    partitions = partitions_of(split)
    found = {
        name: fit_all_components(features @ features.T, rows_of(partition, "train"))
        for name, partition in partitions.items()
    }
    ids = responses.stimulus_id
    write_components(folder / "pca.zarr", [("block", found)], ids, 4, "use_rank")
    return features, responses, partitions, Store(folder / "pca.zarr")


def described(folder, **kind):
    features, responses, partitions, components = a_study(folder, **kind)
    tables = describe_layers(components, responses, partitions, **RESAMPLES)
    return features, responses, partitions, components, *tables


def test_each_score_is_that_of_scikit_learns_fit_on_the_first_components(tmp_path):
    features, responses, partitions, _, spectra, curves = described(tmp_path)
    (split,) = partitions.values()
    rows = {part: np.flatnonzero(split["split"] == part) for part in ("train", "test")}
    fitted = PCA(svd_solver="full").fit(features[rows["train"]])
    scores = fitted.transform(features)[:, :39]
    assert curves["n_components"].drop_duplicates().tolist() == [1, 2, 5, 10, 20, 39]
    eigenvalues = fitted.explained_variance_[:39] * 39
    alpha = choose_ridge(scores, eigenvalues, responses, rows["train"])
    for _, row in curves.iterrows():
        explained = []
        for site in np.flatnonzero(responses.sites["region"] == row["region"]):
            model = LinearRegression() if row["readout"] == "linear" else Ridge(alpha=alpha[site])
            x, y = scores[:, : row["n_components"]], responses.average[:, site]
            model.fit(x[rows["train"]], y[rows["train"]])
            scored = rows[row["split"]]
            error = y[scored] - model.predict(x[scored])
            explained.append(1 - error.var() / y[scored].var())
        assert row[EXPLAINED] == pytest.approx(np.mean(explained), abs=1e-9)
        assert row["explained_variance_median"] == pytest.approx(np.median(explained), abs=1e-9)
        assert row["n_stimuli"] == len(scored) and row["n_sites"] == len(explained)
        assert row["explained_variance_low"] <= row["explained_variance_high"]
    # Along all n − 1 components lies all of the responses.
    whole = curves[(curves["split"] == "train") & (curves["n_components"] == 39)]
    np.testing.assert_allclose(whole[EXPLAINED], 1, atol=1e-9)
    for _, row in spectra.iterrows():
        assert (
            row["components_for_90"] == (fitted.explained_variance_ratio_.cumsum() < 0.9).sum() + 1
        )
        assert row["response_share_if_even"] == row["components_for_90"] / 39
        parts = row["ridge_error_eigenvalues"] + row["ridge_error_alignment"]
        assert row["ridge_error"] == pytest.approx(parts, abs=1e-12)


@pytest.mark.parametrize("folds", [False, True])
@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("p", [90, 3])
def test_ridge_on_all_components_scores_as_the_readout_of_the_features(tmp_path, p, missing, folds):
    _, responses, partitions, components, spectra, curves = described(
        tmp_path, p=p, missing=missing, folds=folds
    )
    settings = {**RIDGE, "features": "raw"}
    fits = {
        layer: {
            name: StoredFit(
                predictions=fit.predictions,
                split=partitions[name]["split"].to_numpy(),
                alpha=fit.readout.alpha,
                alpha_on_edge=fit.readout.alpha_on_edge,
                n_components=fit.n_components,
            )
            for name, fit in of_layer.items()
        }
        for layer, of_layer in fit_layers(components, settings, responses, partitions)
    }
    names = ["validation", "test", *partitions, "folds"]
    ceilings = responses.sites.assign(**{f"ceiling_{name}": np.nan for name in names})
    _, population, _ = score_layers(
        fits.items(), responses, ceilings, ceiling_floor=0.1, **RESAMPLES
    )
    split = "folds" if folds else "test"
    theirs = population[population["split"] == split].set_index("region")
    last = curves[curves["n_components"] == curves["n_components"].max()]
    ours = last[(last["readout"] == "ridge") & (last["split"] == split)].set_index("region")
    columns = [f"explained_variance_{name}" for name in ("mean", "low", "high", "median")]
    np.testing.assert_allclose(ours[columns], theirs.loc[ours.index, columns], rtol=1e-9)
    reported = spectra.set_index("region")
    errors = 1 - reported[["ridge_error_reported", "ridge_error_reported_high"]]
    np.testing.assert_allclose(
        errors, theirs.loc[errors.index, ["r2_mean", "r2_low"]], rtol=1e-8, atol=1e-12
    )


def test_awkward_sites_are_counted_and_leave_the_others_as_they_are(tmp_path):
    _, responses, partitions, components, spectra, _ = described(tmp_path)
    average, sites = responses.average.copy(), responses.sites.copy()
    average[:, 0] = 1.0  # constant
    average[5:, 1] = np.nan  # no response to any test stimulus
    sites.loc[4, "region"] = "V1"  # one site alone
    changed = Responses(responses.stimulus_id, sites, average)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        after, curves = describe_layers(components, changed, partitions, **RESAMPLES)
    assert after.set_index("region")["n_undefined"].to_dict() == {"IT": 1, "V4": 1, "V1": 0}
    assert after["ridge_error"].notna().all() and curves[EXPLAINED].notna().all()
    ends = after[["ridge_error_low", "ridge_error_high", "response_share_low"]]
    assert ends.notna().all(axis=None)
    same = ["rank", "effective_dimensionality", "components_for_90_high"]
    assert after[same].iloc[0].tolist() == spectra[same].iloc[0].tolist()


def test_tables_of_tap_sets_are_put_together_and_can_be_read(tmp_path):
    *_, spectra, _ = described(tmp_path)
    few = spectra.assign(power_law_exponent=np.nan, power_law_last_rank=4)
    for name, table in (("a", spectra), ("b", few)):
        write_csv(tmp_path / f"{name}.csv", table)
    files = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    together = collect_by_model(files, [["set", "one"], ["set", "1e5"]])
    assert together.columns[:4].tolist() == ["dataset", "model", "layer", "region"]
    assert together["model"].tolist() == ["one", "one", "1e5", "1e5"]
    shown = table_of_spectra(together, {"one": "One", "1e5": "Many"})
    assert shown["Model"].tolist() == ["One", "One", "Many", "Many"]
    assert shown["Power-law exponent"].tolist()[2:] == ["–", "–"]
    assert shown["Its ranks"].tolist()[2:] == ["–", "–"]
    assert shown["Predicted ridge error"].str.fullmatch(r"-?\d\.\d{3} \[.*, .*\]").all()
    write_csv(tmp_path / "again.csv", together)
    assert read_csv(tmp_path / "again.csv")["model"].iloc[-1] == "1e5"
