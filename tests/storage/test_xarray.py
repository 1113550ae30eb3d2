"""Every kind of store opens in xarray without a warning, and is selected from by name."""

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray
from zarr.storage import ZipStore

from helpers import store_layer
from ventral.activations.cast import Cast
from ventral.activations.extract import ActivationWriter
from ventral.data.responses import Responses, write_responses
from ventral.data.splits import partitions_of
from ventral.data.stimuli import StimulusSet, write_stimuli
from ventral.features.decompose import fit_layers as fit_components
from ventral.features.gram import write_grams
from ventral.features.pca_store import write_components
from ventral.readouts.fit import fit_layers as fit_readouts
from ventral.readouts.fit_store import write_fits, write_head
from ventral.storage.store import Store
from ventral.storage.store_writer import write_store

N = 24
IDS = np.array([f"s{row:02}" for row in range(N)], object)
SITES = pd.DataFrame({"site_id": list("abc"), "region": ["IT", "IT", "V4"], "animal": "m"})
LAYERS = {"layer1": (2, 3), "layer2.0": (4,)}
SPLITS = {
    "one split": pd.DataFrame({"stimulus_id": IDS, "split": ["train", "train", "test"] * 8}),
    "folds": pd.DataFrame(
        {"stimulus_id": IDS}
        | {f"fold_{k}": np.where(np.arange(N) % 3 == k, "test", "train") for k in range(3)}
    ),
}


@pytest.fixture(scope="module", params=list(SPLITS))
def stores(request, tmp_path_factory):
    """Give a folder with a store of each kind."""
    folder = tmp_path_factory.mktemp("stores")
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (N, 4, 4, 3), dtype=np.uint8)
    table = pd.DataFrame({"stimulus_id": IDS, "split": "train", "object": "cube"})
    write_stimuli(folder / "stimuli.zarr", StimulusSet(table, 4, 4, lambda row: images[row]))
    trials = rng.normal(size=(N, 3, 4))
    responses = Responses(IDS, SITES, trials.mean(axis=2), trials)
    write_responses(folder / "responses.zarr", responses)
    with write_store(folder / "activations.zarr") as store:
        with ActivationWriter(
            store, N, LAYERS, {name: Cast(name, "float32") for name in LAYERS}
        ) as writer:
            writer.append(
                {
                    layer: rng.normal(size=(N, np.prod(shape))).astype("float32")
                    for layer, shape in LAYERS.items()
                }
            )
        for name in ("stimulus_id", "stimulus"):
            store.put(name, IDS, ("stimulus",))
    write_grams(Store(folder / "activations.zarr"), folder / "gram.zarr")
    partitions = partitions_of(SPLITS[request.param])
    components = fit_components(Store(folder / "gram.zarr"), partitions)
    write_components(folder / "pca.zarr", components, IDS, 3)
    settings = {"method": "ridge", "features": "pcs", "alpha": 1.0}
    fits = fit_readouts(Store(folder / "pca.zarr"), settings, responses, partitions)
    write_fits(folder / "fits.zarr", fits, partitions, responses, is_raw=False)
    split = np.array(["train"] * N, object)
    write_head(folder / "head.zarr", responses.average, 5, split, responses)
    return folder


@pytest.fixture(autouse=True)
def no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def opened(path, group=None):
    return xarray.open_zarr(ZipStore(path) if path.is_file() else path, group=group)


def test_stimuli(stores):
    data = opened(stores / "stimuli.zarr")
    assert data["images"].sel(stimulus="s05").shape == (4, 4, 3)
    assert {"stimulus", "stimulus_id"} <= set(data.coords)


def test_responses(stores):
    data = opened(stores / "responses.zarr")
    expected = Store(stores / "responses.zarr").read("responses")
    assert data["responses"].sel(stimulus="s05", site="b") == expected[5, 1]
    of_it = data["responses"].where(data["region"] == "IT", drop=True)
    assert of_it.shape == (N, 2)
    assert set(data.coords) == {"stimulus", "stimulus_id", "site", "site_id", "region"}


def test_activations(stores):
    data = opened(stores / "activations.zarr")
    assert list(data.data_vars) == list(LAYERS)
    expected = Store(stores / "activations.zarr").read_slice("layer1", 5)
    np.testing.assert_array_equal(data["layer1"].sel(stimulus="s05"), expected)


def test_gram_matrices(stores):
    assert (stores / "gram.zarr").is_file()
    data = opened(stores / "gram.zarr")
    assert list(data.data_vars) == list(LAYERS)
    gram = Store(stores / "gram.zarr").read("layer2.0")
    assert data["layer2.0"].sel(stimulus="s05", stimulus_2="s07") == gram[5, 7]


@pytest.mark.parametrize("layer", list(LAYERS))
def test_components(stores, layer):
    data = opened(stores / "pca.zarr", layer)
    store = Store(stores / "pca.zarr")
    scores = store.read(f"{layer}/scores")
    at = {"fold": "fold_1"} if "fold" in data.dims else {}
    expected = scores[1, 5] if at else scores[5]
    np.testing.assert_array_equal(data["scores"].sel(stimulus="s05", **at), expected)
    assert data.sizes["component"] == 3
    assert data.sizes["further_component"] == int(store.read(f"{layer}/rank").max()) - 3


@pytest.mark.parametrize("layer", list(LAYERS))
def test_fits(stores, layer):
    data = opened(stores / "fits.zarr", layer)
    predictions = Store(stores / "fits.zarr").read(f"{layer}/predictions")
    at = {"fold": "fold_2"} if "fold" in data.dims else {}
    expected = predictions[2, 5, 1] if at else predictions[5, 1]
    assert data["predictions"].sel(stimulus="s05", site="b", **at) == expected
    assert data["coefficients"].sel(site="c", **at).shape == (3,)
    assert list(data["region"].values) == ["IT", "IT", "V4"]


def test_a_networks_own_head(stores):
    data = opened(stores / "head.zarr", "head")
    assert data["predictions"].sel(stimulus="s05", site="b").ndim == 0


@pytest.mark.parametrize("name", ["pca", "fits"])
def test_all_groups_at_once(stores, name):
    tree = xarray.open_datatree(ZipStore(stores / f"{name}.zarr"), engine="zarr")
    assert list(tree.children) == list(LAYERS)
    assert "stimulus_id" in tree.coords
    assert tree["layer1"].sel(stimulus="s05").dataset.sizes.get("stimulus") is None


def test_the_scale_of_activations_is_undone(tmp_path):
    stored = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float16)
    store_layer(tmp_path / "a.zarr", stored, name="layer", scale_factor=2.0**-20)
    with xarray.open_zarr(tmp_path / "a.zarr", consolidated=False) as dataset:
        np.testing.assert_array_equal(dataset["layer"], stored.astype(np.float32) * 2.0**-20)
