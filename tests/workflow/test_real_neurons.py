"""The workflow on real macaque V4 neurons, against scikit-learn on the same features and split."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.metrics import explained_variance_score
from zarr.storage import ZipStore

from helpers import snakemake
from ventral.data.responses import read_responses
from ventral.data.splits import rows_of
from ventral.readouts.fit import fit_readout
from ventral.scores.measures import explained_variance, pearson_r, r2
from ventral.scores.summary import SCORE_COLUMNS
from ventral.storage.store import Store

ROOT = Path(__file__).parents[2]
READOUT = {"method": "ridge_cv", "features": "pcs", "alpha_for": "site"}
pytestmark = pytest.mark.slow

# features.0 is left out: it is the largest layer and the weakest, of both networks.
OVERLAY = """
datasets:
  cowley_v4_210325: {models: [pixels]}
models:
  squeezenet1_1: {taps: {main: [features.4, features.10]}, readouts: [linear_pcs, ridge_cv]}
  squeezenet1_1_random:
    taps: {main: [features.4, features.7, features.10, features.12]}
    readouts: [ridge_cv]
"""


@pytest.fixture(scope="module")
def run(real_data, tmp_path_factory):
    """Run both sessions; return the results folder and the arguments of the run."""
    folder = tmp_path_factory.mktemp("cowley_v4")
    (folder / "overlay.yaml").write_text(OVERLAY)
    arguments = (
        "--configfile",
        str(ROOT / "config" / "cowley_v4.yaml"),
        str(ROOT / "tests" / "configs" / "local_weights.yaml"),
        str(folder / "overlay.yaml"),
    )
    done = snakemake(folder, *arguments, VENTRAL_MIRRORS=str(real_data))
    assert done.returncode == 0, done.stdout[-3000:]
    return folder, arguments, real_data


@pytest.fixture(scope="module")
def session(run):
    return run[0] / "results" / "cowley_v4_201025"


@pytest.fixture(scope="module")
def summary(session):
    return pd.read_csv(session / "summary.csv").query("split == 'test'")


def of(summary, **names):
    for column, name in names.items():
        summary = summary[summary[column] == name]
    return summary["explained_variance_mean"]


def test_a_second_run_has_nothing_to_do(run):
    folder, arguments, real_data = run
    again = snakemake(folder, *arguments, VENTRAL_MIRRORS=str(real_data))
    assert "Nothing to be done" in again.stdout


def test_pretrained_beats_random_beats_nothing(summary):
    pretrained = of(summary, model="squeezenet1_1", layer="features.10", readout="ridge_cv").item()
    random = of(summary, model="squeezenet1_1_random", readout="ridge_cv").max()
    assert 0.25 < pretrained < 0.40
    assert pretrained > 2 * random
    assert of(summary, model="pixels").max() < 0.12


def test_equals_scikit_learn_on_the_same_features(session, summary):
    store = Store(session / "activations/squeezenet1_1/main.zarr")
    features = store.read_slice("features.10", ...).astype(np.float64)
    features *= store.array("features.10").attrs["scale_factor"]
    split = pd.read_csv(session / "split.csv")
    train, test = rows_of(split, "train"), rows_of(split, "test")
    responses = read_responses(session / "responses.zarr").average
    scores = PCA(500, svd_solver="full").fit(features[train]).transform(features)
    centred = features - features[train].mean(axis=0)
    unit = (centred[train] ** 2).sum() / len(train)
    named = {"model": "squeezenet1_1", "layer": "features.10"}
    for readout, read, theirs in (
        ("ridge_cv", centred, RidgeCV(np.logspace(-6, 6, 97) * unit, alpha_per_target=True)),
        ("linear_pcs", scores, LinearRegression()),
    ):
        predictions = theirs.fit(read[train], responses[train]).predict(read[test])
        expected = explained_variance_score(responses[test], predictions)
        np.testing.assert_allclose(
            of(summary, **named, readout=readout).item(), expected, rtol=1e-6
        )


def test_shuffled_responses_cannot_be_predicted(session):
    split = pd.read_csv(session / "split.csv")
    train, test = rows_of(split, "train"), rows_of(split, "test")
    recorded = read_responses(session / "responses.zarr")
    order = np.random.default_rng(0).permutation(len(split))
    shuffled = type(recorded)(recorded.stimulus_id, recorded.sites, recorded.average[order])
    layers = [
        (Store(path), layer)
        for path in sorted(session.glob("pca/*/*.zarr"))
        for layer in Store(path).groups
    ]
    assert len(layers) == 7
    for store, layer in layers:
        features = [store.read(f"{layer}/{array}") for array in ("scores", "eigenvalues")]
        readout, scores = fit_readout(READOUT, *features, shuffled, train)
        predicted = readout.predict(scores[test])
        for measure in (r2, explained_variance, pearson_r):
            mean = np.nanmean(measure(shuffled.average[test], predicted))
            assert abs(mean) < 0.03, (layer, measure)


def test_scores_have_their_columns_and_their_order(session):
    scores = pd.read_csv(session / "scores.csv")
    assert list(scores.columns) == [
        *SCORE_COLUMNS,
        "animal",
        "session",
        "explained_variance_corrected",
        "explainable_fraction",
    ]
    # 89 sites, 3 splits, fits: pixels 5, squeezenet 2 x 2, random 4
    assert len(scores) == 89 * 3 * 13
    assert (scores["r2"] <= scores["explained_variance"] + 1e-9).all()
    assert (scores["explained_variance"] <= scores["pearson_r"] ** 2 + 1e-9).all()
    assert scores["ceiling"].isna().all()  # session 201025 has no single trials


def test_ceilings_of_the_session_with_single_trials(run):
    ceilings = pd.read_csv(run[0] / "results/cowley_v4_210325/ceilings.csv")
    assert len(ceilings) == 50
    assert ceilings["ceiling"].median() == pytest.approx(0.75, abs=0.03)
    assert ceilings["n_repetitions"].between(6, 10).all()
    components = pd.read_csv(run[0] / "results/cowley_v4_210325/scores.csv")["n_components"]
    assert components.max() < 500  # as many as the rank of its train part


def test_every_store_opens_in_xarray(session):
    stores = sorted(session.rglob("*.zarr"))
    assert len(stores) > 10
    for path in stores:
        store = ZipStore(path, mode="r") if path.is_file() else path
        for group in Store(path).groups or [None]:
            assert xarray.open_zarr(store, group=group, consolidated=False).data_vars


def test_every_store_says_where_it_came_from(session):
    facts = Store(session / "activations/squeezenet1_1/main.zarr").attributes["provenance"]
    assert facts["weights_sha256"].startswith("1e1e844b")
    assert facts["packages"]["torch"].startswith("2.13.0")
    assert facts["dtype"] == "auto"
    assert len(facts["stimuli_sha256"]) == 64
    assert {"git_commit", "device", "seed"} <= facts.keys()


def test_tables_and_figures_are_there(session):
    models = pd.read_csv(session / "tables/models.csv")
    assert set(models["Split"]) == {"test"}
    assert models["Explained Variance"].notna().all()
    assert "**Task-driven models**" in (session / "tables/models.md").read_text()
    for name in ("explained_variance_by_layer", "score_along_layers"):
        assert (session / f"figures/{name}.png").stat().st_size > 20_000
        assert (session / f"figures/{name}.svg").stat().st_size > 10_000
