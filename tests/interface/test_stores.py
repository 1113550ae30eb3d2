"""Stores as xarray objects: a folder or one file, flat or with a group for each layer."""

import warnings

import numpy as np
import pytest
import xarray

import ventral
from ventral.storage.store import manifest_path
from ventral.storage.store_writer import write_store

IDS = np.array([f"image_{index}" for index in range(5)], object)
SITES = np.array(["IT_1", "IT_2", "V4_1"], object)
VALUES = np.arange(15.0).reshape(5, 3)


def write(path, packed, groups):
    """Write one array, with its coordinates, at the top or in each group."""
    with write_store(path, {"made_by": "a test"}, packed=packed) as store:
        for group in groups:
            prefix = f"{group}/" if group else ""
            store.put(f"{prefix}predictions", VALUES + len(group), ("stimulus", "site"))
            store.put(f"{prefix}stimulus", IDS, ("stimulus",))
            store.put(f"{prefix}site", SITES, ("site",))
    return path


@pytest.fixture(params=[False, True], ids=["folder", "file"])
def packed(request):
    return request.param


@pytest.mark.parametrize("verify", [True, False])
def test_a_flat_store_is_a_dataset(tmp_path, packed, verify):
    path = write(tmp_path / "fit.zarr", packed, [""])
    assert path.is_file() == packed
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        opened = ventral.open_store(path, verify=verify)
        selected = opened["predictions"].sel(site="IT_2", stimulus="image_3").item()
    assert isinstance(opened, xarray.Dataset)
    assert selected == VALUES[3, 1]
    np.testing.assert_array_equal(opened["predictions"], VALUES)
    assert opened.attrs["made_by"] == "a test"


def test_a_store_of_layers_is_a_tree(tmp_path, packed):
    path = write(tmp_path / "fit.zarr", packed, ["layer1", "layer2.0"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        opened = ventral.open_store(path)
        selected = opened["layer2.0"]["predictions"].sel(site="V4_1")
    assert isinstance(opened, xarray.DataTree)
    assert set(opened.children) == {"layer1", "layer2.0"}
    np.testing.assert_array_equal(selected, VALUES[:, 2] + len("layer2.0"))


def test_a_time_stamp_in_the_folder_does_not_disturb(tmp_path):
    """Snakemake keeps one in every folder that it has made."""
    path = write(tmp_path / "fit.zarr", False, [""])
    (path / ".snakemake_timestamp").touch()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(ventral.open_store(path).data_vars) == ["predictions"]


def test_changed_content_is_refused_with_the_command_that_mends_it(tmp_path, packed):
    """Another store in the place of the one that the manifest describes: Zarr alone accepts it."""
    path = write(tmp_path / "fit.zarr", packed, [""])
    other = tmp_path / "other.zarr"
    with write_store(other, packed=packed) as store:
        store.put("predictions", VALUES + 1, ("stimulus", "site"))
        store.put("stimulus", IDS, ("stimulus",))
        store.put("site", SITES, ("site",))
    path.rename(tmp_path / "aside.zarr")
    other.rename(path)
    with pytest.raises(ventral.VentralError, match=r"fit.zarr is damaged.*predictions.*rm -r"):
        ventral.open_store(path)


def test_a_store_without_its_manifest_is_refused(tmp_path, packed):
    path = write(tmp_path / "fit.zarr", packed, [""])
    manifest_path(path).unlink()
    with pytest.raises(ventral.VentralError, match=r"fit\.zarr"):
        ventral.open_store(path)


def test_a_missing_array_is_noticed_without_verifying(tmp_path):
    path = write(tmp_path / "fit.zarr", False, [""])
    (path / "predictions" / "zarr.json").unlink()
    with pytest.raises(ventral.VentralError, match="'predictions' is missing"):
        ventral.open_store(path, verify=False)
