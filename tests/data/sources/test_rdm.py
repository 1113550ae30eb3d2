"""The source of dissimilarity matrices: MATLAB files, npz files, and what is wrong with them."""

import io
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.io import savemat
from scipy.spatial.distance import squareform
from scipy.stats import spearmanr

from ventral.data.dissimilarities import read_dissimilarities, write_dissimilarities
from ventral.data.sources.rdm import reader
from ventral.errors import VentralError

N = 6
RNG = np.random.default_rng(0)
STIMULI = {"image_size": 8, "fit": "letterbox", "variable": "things"}


def matrices(*shape):
    found = RNG.random((*shape, N, N))
    found = found + found.swapaxes(-1, -2)
    found[..., np.arange(N), np.arange(N)] = 0
    return found


def structs(arrays, field, **more):
    """Return a struct array, as MATLAB would save it."""
    shape = arrays.shape[: arrays.ndim - (3 if field == "image" else 2)]
    names = [field, *more]
    found = np.empty(shape, dtype=[(name, object) for name in names])
    for place in np.ndindex(shape):
        found[place] = (arrays[place], *(values[place[-1]] for values in more.values()))
    return found


@pytest.fixture
def images(tmp_path):
    values = RNG.integers(0, 256, (1, N, 8, 8, 3)).astype(np.uint8)
    kinds = ["face", "body", "face", "tool", "tool", "body"]
    savemat(tmp_path / "images.mat", {"things": structs(values, "image", category=kinds)})
    return tmp_path / "images.mat", values[0]


def targets(**given):
    return {**STIMULI, "targets": {"it": {"variable": "RDMs", **given}}}


def table():
    return pd.DataFrame({"stimulus_id": [f"image_{i + 1:03d}" for i in range(N)]}, dtype=object)


def test_images_and_categories_of_a_struct_array(images):
    path, values = images
    found = reader.read_stimuli(STIMULI, {"images": path})
    assert found.table["stimulus_id"].tolist() == table()["stimulus_id"].tolist()
    assert set(found.table["split"]) == {"test"} and found.table["category"][3] == "tool"
    for row in range(N):
        np.testing.assert_array_equal(found.read_image(row), values[row])


def test_subjects_and_sessions_of_a_toolbox_file(tmp_path):
    given = matrices(1, 3, 2)
    savemat(tmp_path / "r.mat", {"RDMs": structs(given, "RDM")})
    found = reader.read_dissimilarities(targets(file="r"), {"r": tmp_path / "r.mat"}, table())
    assert found.targets["subject"].tolist() == [f"subject_{i}" for i in (1, 1, 2, 2, 3, 3)]
    of_region = found.of_region("it")
    expected = [squareform(given[0, subject].mean(axis=0)) for subject in range(3)]
    np.testing.assert_allclose(of_region, expected, rtol=1e-12)
    write_dissimilarities(tmp_path / "kept.npz", found)
    again = read_dissimilarities(tmp_path / "kept.npz")
    np.testing.assert_array_equal(again.pairs, found.pairs)
    pd.testing.assert_frame_equal(again.targets, found.targets)
    assert again.stimulus_id.tolist() == found.stimulus_id.tolist()


def test_one_matrix_of_several_by_its_name_as_pairs(tmp_path):
    pairs = np.array([[squareform(one)] for one in matrices(2)])[None]
    savemat(tmp_path / "r.mat", {"RDMs": structs(pairs, "RDM", name=["monkey", "human"])})
    files = {"r": tmp_path / "r.mat"}
    found = reader.read_dissimilarities(targets(file="r", name="human"), files, table())
    np.testing.assert_array_equal(found.of_region("it")[0], pairs[0, 1, 0])
    assert found.targets["subject"].tolist() == [""]
    with pytest.raises(VentralError, match="has no item 'humans'; did you mean 'human'"):
        reader.read_dissimilarities(targets(file="r", name="humans"), files, table())


def test_a_zip_of_images_and_an_npz_in_another_order(tmp_path):
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for name in "bcafed":
            content = io.BytesIO()
            Image.fromarray(RNG.integers(0, 256, (8, 8, 3)).astype(np.uint8)).save(content, "PNG")
            archive.writestr(f"{name}.png", content.getvalue())
    stimuli = reader.read_stimuli(STIMULI, {"images": tmp_path / "images.zip"})
    assert stimuli.table["stimulus_id"].tolist() == list("abcdef")
    assert set(stimuli.table["split"]) == {"test"}
    given, names = matrices(2), np.array(list("caebfd"))
    np.savez(tmp_path / "r.npz", dissimilarities=given, stimulus_id=names)
    files = {"r": tmp_path / "r.npz"}
    found = reader.read_dissimilarities(targets(file="r"), files, stimuli.table)
    order = names.argsort()
    expected = [squareform(one[np.ix_(order, order)]) for one in given]
    np.testing.assert_array_equal(found.of_region("it"), expected)
    with pytest.raises(VentralError, match="its stimulus_id are not the images"):
        reader.read_dissimilarities(targets(file="r"), files, table())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m[:5, :5], "10 dissimilarities, but 6 images have 15 pairs"),
        (lambda m: m * np.arange(1, N + 1), "it in .*: the matrix is not symmetric"),
        (lambda m: np.where(m == m[1, 4], np.nan, m), "stimuli 'image_002' and 'image_005'"),
        (lambda m: m[:4], r"shape \(4, 6\)"),
    ],
)
def test_what_is_no_matrix_of_these_stimuli_is_refused(tmp_path, change, message):
    given = np.empty((1, 1), dtype=[("RDM", object)])
    given[0, 0] = (change(matrices()),)
    savemat(tmp_path / "r.mat", {"RDMs": given})
    with pytest.raises(VentralError, match=message):
        reader.read_dissimilarities(targets(file="r"), {"r": tmp_path / "r.mat"}, table())


def test_files_without_what_is_asked_are_refused(tmp_path, images):
    path, _ = images
    with pytest.raises(VentralError, match="no variable 'thing'; did you mean 'things'"):
        reader.read_stimuli({**STIMULI, "variable": "thing"}, {"images": path})
    with pytest.raises(VentralError, match="no struct array with the field 'RDM'"):
        reader.read_dissimilarities(targets(file="r", variable="things"), {"r": path}, table())
    with pytest.raises(VentralError, match="targets: it: no file 's'; there is r"):
        reader.read_dissimilarities(targets(file="s"), {"r": path}, table())
    for name in ("no.mat", "no.npz"):
        (tmp_path / name).write_bytes(b"not at all")
        with pytest.raises(VentralError, match="cannot be read as"):
            reader.read_dissimilarities(targets(file="r"), {"r": tmp_path / name}, table())
    np.savez(tmp_path / "other.npz", distances=matrices())
    with pytest.raises(VentralError, match="has no array dissimilarities"):
        reader.read_dissimilarities(targets(file="r"), {"r": tmp_path / "other.npz"}, table())


def test_the_published_matrices_of_monkey_and_human(real_data):
    folder = real_data / "kriegeskorte2008_it"
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} does not exist")
    published = folder / "Kriegeskorte_Neuron2008_supplementalData.mat"
    settings = {"image_size": 175, "fit": "letterbox", "variable": "stimuli_92objs"}
    stimuli = reader.read_stimuli(settings, {"images": published})
    assert len(stimuli) == 92 and stimuli.table["category"].nunique() == 6
    variable = "RDMs_mIT_hIT_fig1"
    settings["targets"] = {
        "monkey_it": {"file": "published", "variable": variable, "name": "mIT_674neurons"},
        "average": {"file": "published", "variable": variable, "name": "hITvisStim_316vx"},
        "human_it": {"file": "subjects", "variable": "RDMs"},
    }
    files = {"published": published, "subjects": folder / "92_brainRDMs.mat"}
    found = reader.read_dissimilarities(settings, files, stimuli.table)
    (monkey,), (average,) = found.of_region("monkey_it"), found.of_region("average")
    subjects = found.of_region("human_it")
    assert subjects.shape == (4, 4186)
    np.testing.assert_allclose(subjects.mean(axis=0), average, atol=1e-5)
    assert spearmanr(monkey, average).statistic == pytest.approx(0.439, abs=5e-4)
    pixels = np.stack([stimuli.read_image(row) for row in range(92)]).reshape(92, -1)
    distances = (1 - np.corrcoef(pixels.astype(float)))[np.triu_indices(92, 1)]
    assert spearmanr(distances, monkey).statistic == pytest.approx(0.145, abs=5e-4)
