"""The steps on folds, one after the other, against scikit-learn run fold by fold."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import KFold, StratifiedShuffleSplit

from helpers import run_step
from ventral.data.assign_split import assign_split
from ventral.data.responses import Responses, write_responses
from ventral.errors import VentralError
from ventral.scores.measures import cross_site_correlation, explained_variance, pearson_r, r2
from ventral.scores.reporting import reported_split
from ventral.scores.summary import commit_layers
from ventral.storage.store import Store
from ventral.storage.store_writer import write_store

LAYERS = {"first": 1.0, "second": 4.0}  # by which the Gram matrix of the features is multiplied
K, LATENT, ALPHAS = 12, 3, np.logspace(-2, 6, 9)
SPLITS = {
    "repeated": {"method": "repeated", "repeats": 3, "by": "object", "test_fraction": 0.2},
    "k_fold": {"method": "k_fold", "folds": 5, "seed": 4},
}
READOUTS = {
    "ridge_raw": {"method": "ridge", "features": "raw", "alpha": 3.0},
    "pls_raw": {"method": "pls", "features": "raw", "n_components": LATENT},
    "pls_pcs": {"method": "pls", "features": "pcs", "n_components": LATENT},
    "ridge_cv_pcs": {
        "method": "ridge_cv",
        "features": "pcs",
        "alpha_for": "site",
        "alphas": {"low": -2, "high": 6, "count": 9, "relative": False},
    },
}
DEFAULTS = {"seed": 0, "folds": 5, "repeats": 10, "test_fraction": 0.1, "fractions": {}}
SCORES = {"ceiling_floor": 0.1, "n_bootstrap": 50, "seed": 0}
REGIONS = ["IT", "IT", "IT", "V4", "V4"]


@pytest.fixture(scope="module", params=list(SPLITS))
def data(request, tmp_path_factory):
    """Give the stores of a data set of 90 stimuli and 5 sites, after all steps of its readouts."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp(request.param)
    objects = np.repeat([f"object{i}" for i in range(15)], 6)
    features = rng.normal(size=(90, 40)) * np.linspace(3, 0.1, 40)
    ids = np.array([f"s{i:02}" for i in range(90)], object)
    with write_store(folder / "stimuli.zarr") as store:
        store.put("stimulus_id", ids, ("stimulus",))
        store.put("object", objects.astype(object), ("stimulus",))
        store.put("images", np.zeros((90, 2, 2, 3), np.uint8), ("stimulus", "y", "x", "channel"))
    signal = features @ rng.normal(size=(40, 5)) / 5
    trials = signal[:, :, None] + rng.normal(size=(90, 5, 4))
    sites = pd.DataFrame({"site_id": list("abcde"), "region": REGIONS, "animal": ""})
    write_responses(folder / "responses.zarr", Responses(ids, sites, trials.mean(axis=2), trials))
    centred = features - features.mean(axis=0)
    with write_store(folder / "gram.zarr", packed=True) as store:
        for layer, scale in LAYERS.items():
            store.put(layer, scale * centred @ centred.T, ("stimulus", "stimulus_2"))
        store.put("stimulus_id", ids, ("stimulus",))
    split = {"split": str(folder / "split.csv")}
    run_step(
        "assign_split",
        folder,
        input={"manifest": "", "store": folder / "stimuli.zarr"},
        output=split,
        params={"settings": DEFAULTS | SPLITS[request.param]},
    )
    pca = {"n_components": K, "when_rank_is_lower": "fail"}
    run_step(
        "fit_pca",
        folder,
        input={"gram": folder / "gram.zarr", **split},
        output={"store": folder / "pca.zarr"},
        params={"settings": pca},
    )
    responses = {"responses": folder / "responses.zarr"}
    ceilings = {"ceilings": str(folder / "ceilings.csv")}
    run_step(
        "estimate_ceilings",
        folder,
        input=responses | split,
        output=ceilings,
        params={"seed": 0},
    )
    for name, settings in READOUTS.items():
        run_step(
            "fit_readout",
            folder,
            input={"components": folder / "pca.zarr", **responses, **split},
            output={"store": folder / f"{name}.zarr"},
            params={"settings": settings},
        )
        run_step(
            "score_readout",
            folder,
            input={"fit": folder / f"{name}.zarr", **responses, **ceilings},
            output={
                "sites": str(folder / f"{name}.csv"),
                "population": str(folder / f"{name}.population.csv"),
                "draws": str(folder / f"{name}.npz"),
            },
            params={"settings": SCORES},
        )
    return request.param, folder, features, trials.mean(axis=2), objects


def table_of(file, layer):
    """Return the rows of one layer."""
    scores = pd.read_csv(file)
    assert list(scores["layer"].unique()) == list(LAYERS)
    return scores[scores["layer"] == layer]


def splits_of(dataset, objects):
    n = len(objects)
    if dataset == "k_fold":
        return list(KFold(5, shuffle=True, random_state=4).split(np.zeros(n)))
    splitter = StratifiedShuffleSplit(3, test_size=0.2, random_state=0)
    return list(splitter.split(np.zeros(n), objects))


def predict(readout, features, responses, train, test):
    """Predict the test stimuli with scikit-learn; PLS region by region."""
    if readout.endswith("pcs"):
        features = PCA(K, svd_solver="full").fit(features[train]).transform(features)
    if readout == "ridge_raw":
        models = [(slice(None), Ridge(3.0, solver="svd"))]
    elif readout == "ridge_cv_pcs":
        models = [(slice(None), RidgeCV(ALPHAS, alpha_per_target=True))]
    else:
        models = [(at, PLSRegression(LATENT, scale=False)) for at in (slice(0, 3), slice(3, 5))]
    return np.hstack(
        [
            model.fit(features[train], responses[train, sites]).predict(features[test])
            for sites, model in models
        ]
    )


@pytest.mark.parametrize("layer", list(LAYERS))
@pytest.mark.parametrize("readout", list(READOUTS))
def test_every_fold_is_what_scikit_learn_gives(data, readout, layer):
    dataset, folder, features, responses, objects = data
    features = features * np.sqrt(LAYERS[layer])
    scores = table_of(folder / f"{readout}.csv", layer)
    measures = ["r2", "explained_variance", "pearson_r"]
    per_fold, blocks, pooled = [], [], np.full(responses.shape, np.nan)
    for fold, (train, test) in enumerate(splits_of(dataset, objects)):
        ours = scores[scores["split"] == f"fold_{fold}"]
        assert list(ours["site_id"]) == list("abcde")
        predicted = predict(readout, features, responses, train, test)
        pair = responses[test], predicted
        pooled[test] = predicted
        theirs = [measure(*pair) for measure in (r2, explained_variance, pearson_r)]
        np.testing.assert_allclose(ours[measures].to_numpy().T, theirs, atol=1e-6)
        per_fold.append(theirs)
        blocks.append(cross_site_correlation(pair[0][:, :3], pair[1][:, :3]))
    mean = scores[scores["split"] == "folds"]
    expected = np.mean(per_fold, axis=0)
    if dataset == "k_fold":
        expected = [measure(responses, pooled) for measure in (r2, explained_variance, pearson_r)]
        blocks = [cross_site_correlation(responses[:, :3], pooled[:, :3])]
    np.testing.assert_allclose(mean[measures].to_numpy().T, expected, atol=1e-6)
    row = table_of(folder / f"{readout}.population.csv", layer).set_index("region").loc["IT"]
    assert row["split"] == "folds"
    np.testing.assert_allclose(row["pearson_r_mean"], expected[2][:3].mean(), atol=1e-6)
    np.testing.assert_allclose(row["pearson_r_median"], np.median(expected[2][:3]), atol=1e-6)
    np.testing.assert_allclose(row["cross_site_correlation"], np.mean(blocks), atol=1e-6)
    assert row["pearson_r_low"] < row["pearson_r_mean"] < row["pearson_r_high"]


def test_ceiled_scores_over_folds(data):
    _, folder, *_ = data
    scores = table_of(folder / "ridge_cv_pcs.csv", "first")
    mean = scores[scores["split"] == "folds"]
    np.testing.assert_allclose(
        mean["r2_ceiled"], mean["pearson_r"] * mean["pearson_r"].abs() / mean["ceiling"]
    )
    corrected = mean["explained_variance_corrected"]
    assert (corrected.abs() > mean["explained_variance"].abs()).all()
    assert pd.read_csv(folder / "ceilings.csv")["ceiling_folds"].notna().all()


def test_only_the_test_stimuli_of_a_fold_are_predicted(data):
    dataset, folder, *_ = data
    store = Store(folder / "ridge_raw.zarr")
    predictions, split = store.read("second/predictions"), store.read("split")
    assert predictions.shape[0] == (5 if dataset == "k_fold" else 3)
    np.testing.assert_array_equal(np.isnan(predictions).any(axis=2), split != "test")
    tested = np.isfinite(predictions).all(axis=2).sum(axis=0)
    assert tested.sum() == (90 if dataset == "k_fold" else 3 * 18)


def test_folds_choose_the_layer_and_say_so():
    rows = {"dataset": "d", "model": "m", "readout": "r", "region": "IT", "split": "folds"}
    table = pd.DataFrame([{**rows, "layer": layer} for layer in "ab"])
    scores = {f"explained_variance_{name}": [0.2, 0.3] for name in ("mean", "median")}
    marked = commit_layers(table.assign(**scores))
    assert marked.loc[marked["layer_committed"], "layer"].tolist() == ["b"]
    assert set(marked["committed_on"]) == {"folds"}
    assert reported_split(marked) == "folds"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "k_fold", "folds": 91}, "91 folds need more than 90 stimuli"),
        ({"method": "k_fold", "folds": 7, "by": "object"}, "more than 6 stimuli of the rarest"),
        ({"method": "repeated", "by": "objects"}, "by: 'objects' is not a column of the stimulus"),
        ({"method": "repeated", "test_fraction": 0.99}, "10 folds cannot be drawn"),
        (
            {"method": "repeated", "test_fraction": 0.1, "by": "object"},
            "10 folds cannot be drawn: .*number of classes = 15",
        ),
    ],
)
def test_folds_that_cannot_be_drawn(settings, message):
    table = pd.DataFrame({"stimulus_id": range(90), "object": np.repeat(range(15), 6)})
    with pytest.raises(VentralError, match=message):
        assign_split(table, DEFAULTS | settings)
