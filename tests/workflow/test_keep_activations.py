"""``keep_activations: false``: a store is removed once its Gram matrices are made."""

import pytest
import yaml

from toy_project import Project

pytestmark = pytest.mark.slow


def change(project: Project, **sections) -> None:
    project.write_config({**project.config, **sections})


def stores(project: Project) -> list:
    return sorted(project.folder.glob("results/*/activations/*/*.zarr"))


@pytest.fixture(scope="module")
def pruned(finished, tmp_path_factory) -> Project:
    """Return the toy project after a run that frees its activations."""
    project = finished.copy(tmp_path_factory.mktemp("pruned") / "project")
    change(project, keep_activations=False)
    done = project.run()
    assert done.returncode == 0, done.stdout[-3000:]
    return project


@pytest.fixture
def project(pruned, tmp_path) -> Project:
    return pruned.copy(tmp_path / "project")


def test_the_stores_are_gone_and_the_manifests_stay(project, finished):
    assert stores(finished) and not stores(project)
    manifests = {path.name for path in project.folder.glob("results/*/activations/*/*")}
    assert manifests == {"main.json", "main.lineage"}
    assert not project.plan()


def test_nothing_was_computed_to_free_them(finished, tmp_path):
    project = finished.copy(tmp_path / "project")
    change(project, keep_activations=False)
    planned = project.plan()
    assert planned == planned.of("prune_activations") | planned.of("all")
    assert len(planned.of("prune_activations")) == len(stores(finished))


def test_what_rests_on_the_gram_matrices_needs_no_store(project):
    change(project, pca={"n_components": 6})
    assert project.plan().of("fit_pca")
    assert not project.plan().of("extract_activations", "compute_gram", "prune_activations")


def test_they_may_be_kept_again(project):
    change(project, keep_activations=True)
    assert not project.plan()


def test_a_gram_matrix_that_is_made_again_brings_its_store_back_and_frees_it(project, finished):
    code = project.folder / "src/ventral/features/gram.py"
    code.write_text(code.read_text().replace("np.zeros((n, n))", "np.zeros([n, n])"))
    everything = project.plan(everything=True)
    rules = ("extract_activations", "compute_gram", "prune_activations")
    assert project.plan().of(*rules) == everything.of(*rules)
    done = project.run("results/first/pruned/pixels/main.json")
    assert done.returncode == 0, done.stdout[-3000:]
    assert not stores(project)
    assert not project.plan().of(*rules, dataset="first", model="pixels")
    gram = "results/first/gram/pixels/main.json"
    assert (project.folder / gram).read_bytes() == (finished.folder / gram).read_bytes()


def test_a_new_layer_has_a_store_of_its_own(project):
    config = project.config
    config["models"]["net"]["taps"]["more"] = ["features.6"]
    project.write_config(config)
    planned = project.plan()
    for rule in ("extract_activations", "prune_activations"):
        assert {dict(job.wildcards)["taps"] for job in planned.of(rule)} == {"more"}


def test_the_key_is_checked(project):
    change(project, keep_activations="never")
    done = project.run("-n")
    assert done.returncode != 0
    assert "keep_activations: must be true or false, not 'never'" in done.stdout


def test_the_receipt_says_what_was_pruned(project):
    receipt = project.folder / "results/first/pruned/net/main.json"
    assert yaml.safe_load(receipt.read_text()) == {"pruned": "main.zarr"}
