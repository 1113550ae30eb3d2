"""Results of other package versions are said in one line."""

from pathlib import Path

import pytest

from ventral.jobs.upgrades import installed_versions, warning_of_upgrades
from ventral.storage.provenance import package_versions, provenance
from ventral.storage.store_writer import write_store
from ventral.study.check_config import check_config

SCHEMAS = Path(__file__).parents[2] / "workflow" / "schemas"
CONFIG = {
    "datasets": {"simulated": {"source": "simulated"}},
    "models": {"net": {"architecture": "alexnet", "taps": {"main": ["features.12"]}}},
    "readouts": {"cv": {"method": "ridge_cv", "features": "pcs"}},
}
PACKAGES = ("numpy", "scikit-learn", "torch")


@pytest.fixture
def study():
    return check_config(CONFIG, SCHEMAS)


def write(path, packed):
    path.parent.mkdir(parents=True)
    with write_store(path, provenance(), packed=packed) as store:
        store.put("one", [1.0], ("one",))


def test_results_of_these_packages_need_no_line(study, tmp_path):
    installed = installed_versions(PACKAGES)
    assert installed.items() <= package_versions().items() and len(installed) == 3
    assert not list(warning_of_upgrades(study, tmp_path, installed))
    write(tmp_path / "simulated/activations/net/main.zarr", packed=False)
    write(tmp_path / "simulated/fits/net/main/cv.zarr", packed=True)
    assert not list(warning_of_upgrades(study, tmp_path, installed))


def test_results_of_other_packages_are_counted(study, tmp_path):
    write(tmp_path / "simulated/activations/net/main.zarr", packed=False)
    write(tmp_path / "simulated/fits/net/main/cv.zarr", packed=True)
    write(tmp_path / "simulated/fits/removed/main/cv.zarr", packed=True)
    (tmp_path / "simulated/gram/net").mkdir(parents=True)
    (tmp_path / "simulated/gram/net/main.zarr").write_bytes(b"damaged")
    installed = {**installed_versions(PACKAGES), "torch": "9.0", "timm": "9.0"}
    (line,) = warning_of_upgrades(study, tmp_path, {**installed, "numpy": "9.1"})
    now = package_versions()
    assert line.startswith(f"2 stores in {tmp_path}/ were made with other packages")
    assert f"numpy {now['numpy']}, now 9.1" in line and "scikit-learn" not in line
    assert f"torch {now['torch']}, now 9.0" in line and "packages: rerun" in line
