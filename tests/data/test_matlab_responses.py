"""MATLAB files of both kinds hold the same responses: version 5 by scipy, 7.3 by h5py."""

import h5py
import numpy as np
import pytest
import scipy.io

from ventral.data import matlab_files, response_files
from ventral.data.response_files import read_response_file
from ventral.data.time_windows import Window
from ventral.errors import VentralError

N, SITES = 6, 3
NAMES = ["im 1", "im2", "é", "long name", "x.png", "0"]
SITE_ID = ["a", "b", "c10"]
BINS = np.array([[0, 50], [50, 100], [100, 150], [150, 200.0]])
WINDOWS = [Window(50, 150), Window(0, 50)]


def cell(names):
    """Return a cell of text as savemat writes one."""
    return np.array(names, object)[:, None]


def write_version_5(path, compress=False, **arrays):
    scipy.io.savemat(path, arrays, do_compression=compress)


def write_version_73(path, **arrays):
    """Write what MATLAB does: axes in reverse, text as code units behind references."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in arrays.items():
            if values.dtype.kind == "O":
                references = np.empty(values.shape, h5py.ref_dtype)
                for i, text in enumerate(values.ravel()):
                    units = np.frombuffer(text.encode("utf-16-le"), "<u2")
                    key = f"#refs#/{name}{i}"
                    file[key] = units[:, None]
                    references.ravel()[i] = file[key].ref
                file[name], kind = references.T, "cell"
            elif values.dtype.kind == "U":
                width = max(map(len, values.ravel()))
                rows = [list(text.ljust(width)) for text in values.ravel()]
                file[name], kind = np.vectorize(ord)(rows).astype(np.uint16).T, "char"
            else:
                file[name], kind = np.atleast_2d(values).T, "double"
            file[name].attrs["MATLAB_class"] = np.bytes_(kind)


WRITERS = [write_version_5, write_version_73]


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(size=(N, SITES, 5, len(BINS)))


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("repeated", [False, True])
@pytest.mark.parametrize("names", [cell(NAMES), np.array(NAMES)], ids=["cell", "char"])
def test_both_versions_give_the_same(tmp_path, values, write, repeated, names):
    values = values[..., 0] if repeated else values[:, :, 0, 0]
    values[2, 1] = np.nan
    path = tmp_path / "r.mat"
    write(path, responses=values, stimulus_id=names, site_id=np.array([[1.0, 20, 3]]), other=BINS)
    given = read_response_file(path)
    assert list(given.stimulus_id) == NAMES
    assert list(given.site_id) == ["1", "20", "3"]
    np.testing.assert_array_equal(given.values, values.reshape(N, SITES, -1))


def test_compressed_and_version_4_files_are_read(tmp_path, values):
    averages = values[:, :, 0, 0]
    write_version_5(tmp_path / "5.mat", compress=True, responses=averages, stimulus_id=cell(NAMES))
    scipy.io.savemat(
        tmp_path / "4.mat",
        {"responses": averages, "stimulus_id": np.array(["a", "b", "c", "d", "e", "ff"])},
        format="4",
    )
    for name, expected in (("5.mat", NAMES), ("4.mat", ["a", "b", "c", "d", "e", "ff"])):
        given = read_response_file(tmp_path / name)
        assert list(given.stimulus_id) == expected
        np.testing.assert_array_equal(given.values[..., 0], averages)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("edges", [False, True])
@pytest.mark.parametrize("repeated", [False, True])
@pytest.mark.parametrize("rows_at_once", [1, 4, 100])
def test_time_bins_of_both(tmp_path, monkeypatch, values, write, edges, repeated, rows_at_once):
    values = values if repeated else values[:, :, 0]
    values[0, 0, ..., 1] = np.nan
    monkeypatch.setattr(response_files, "BYTES_AT_ONCE", rows_at_once * values[0].nbytes)
    bins = np.arange(0, 201, 50.0)[None] if edges else BINS
    write(tmp_path / "r.mat", responses=values, stimulus_id=cell(NAMES), time_bins=bins)
    given = read_response_file(tmp_path / "r.mat", WINDOWS)
    expected = np.concatenate([values[..., 1:3].mean(axis=-1), values[..., 0]], axis=1).reshape(
        N, 2 * SITES, -1
    )
    np.testing.assert_allclose(given.values, expected, rtol=1e-12)
    assert np.isnan(given.values[0, 0]).all() and np.isfinite(given.values[0, SITES]).all()


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("repeated", [False, True])
def test_a_single_time_bin_has_no_axis_in_matlab(tmp_path, values, write, repeated):
    values = values[..., 0] if repeated else values[:, :, 0, 0]
    bins = np.array([[70.0, 170.0]])
    write(tmp_path / "r.mat", responses=values, stimulus_id=cell(NAMES), time_bins=bins)
    given = read_response_file(tmp_path / "r.mat", [Window(70, 170)])
    np.testing.assert_allclose(given.values, values.reshape(N, SITES, -1))


def arrays(**changes):
    given = {"responses": np.ones((N, SITES)), "stimulus_id": cell(NAMES)}
    return {key: value for key, value in {**given, **changes}.items() if value is not None}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (arrays(stimulus_id=None), "has no array 'stimulus_id'"),
        (arrays(responses=None), "has no array 'responses'"),
        (arrays(responses={"a": 1}), "responses is a struct, a sparse array or an object"),
        (arrays(responses=scipy.sparse.eye(N, format="csc")), "responses is a struct, a sparse"),
        (arrays(stimulus_id=cell([1.0] * N)), "something other than one text"),
        (arrays(stimulus_id=cell(NAMES[:3])), r"stimulus_id has shape \(3,\)"),
        (arrays(responses=np.ones((N, SITES)) * 1j), "complex128"),
        (arrays(time_bins=BINS), "has time bins; say over which"),
    ],
)
def test_what_is_wrong_in_version_5_is_said(tmp_path, content, words):
    write_version_5(tmp_path / "r.mat", **content)
    with pytest.raises(VentralError, match=words):
        read_response_file(tmp_path / "r.mat")


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(
    ("bins", "words"),
    [
        (BINS[:3], r"with 3 time bins they need numbers as \(stimuli, sites, 3\)"),
        (np.zeros((3, 3)), r"time_bins have shape \(3, 3\)"),
        (BINS[:, ::-1], "time bin 1 goes from 50 to 0 ms"),
        (BINS + 500, "no time bin lies within 50–150 ms; there are 4 bins from 500 to 700 ms"),
        (None, "has no time bins"),
    ],
)
def test_time_bins_that_do_not_fit(tmp_path, values, write, bins, words):
    content = {"responses": values[:, :, 0], "stimulus_id": cell(NAMES)}
    write(tmp_path / "r.mat", **content, **({} if bins is None else {"time_bins": bins}))
    with pytest.raises(VentralError, match=words):
        read_response_file(tmp_path / "r.mat", WINDOWS)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("compress", [False, True])
def test_a_file_that_is_cut_is_refused(tmp_path, compress, kept):
    path = tmp_path / "r.mat"
    noise = np.random.default_rng(0).normal(size=(N, 200))
    write_version_5(path, compress=compress, stimulus_id=cell(NAMES), responses=noise)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(VentralError, match=r"r\.mat (is not a valid MATLAB|has no array)"):
        read_response_file(path)


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(matlab_files, "BOMB_FLOOR", 2**20)
    write_version_5(
        tmp_path / "r.mat",
        compress=True,
        stimulus_id=cell(NAMES),
        responses=np.zeros((N, 10**5)),
    )
    with pytest.raises(VentralError, match="a bomb"):
        read_response_file(tmp_path / "r.mat")
