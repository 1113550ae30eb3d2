"""A lab's own files, in every form they may have, and spoiled."""

import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ventral.data.image_folders import images_in
from ventral.data.responses import read_responses, write_responses
from ventral.data.sources import load_source
from ventral.data.sources.files import reader as files
from ventral.data.stimuli import write_stimuli
from ventral.errors import VentralError

N, SITES, REPEATS = 12, 3, 4
NAMES = [f"s{i:02d}" for i in range(N)]
SITE_ID = ["left", "middle", "right"]
ENDINGS = (".png", ".jpg", ".webp", ".JPEG")
SETTINGS = {
    **{"source": "files", "image_size": 16, "fit": "letterbox", "split_seed": 0},
    **{"region": "IT", "animal": "Ada"},
}


def image(i: int, size: tuple[int, int] = (16, 16), ending: str = ".png") -> bytes:
    buffer = io.BytesIO()
    form = {".png": "PNG", ".webp": "WEBP"}.get(ending, "JPEG")
    Image.fromarray(np.full((*size, 3), 20 * i, np.uint8)).save(buffer, form)
    return buffer.getvalue()


class Lab:
    """A lab's folder: arrays in memory, to be spoiled, and files made of them."""

    def __init__(self, folder: Path):
        rng = np.random.default_rng(0)
        self.folder = folder
        self.repetitions = rng.normal(size=(N, SITES, REPEATS))
        self.repetitions[::3, :, -1] = np.nan
        self.average = np.nanmean(self.repetitions, axis=2)
        self.order = rng.permutation(N)
        self.names = [NAMES[i] for i in self.order]
        self.files = {"images": folder / "images.zip"}
        with zipfile.ZipFile(self.files["images"], "w") as archive:
            for i in self.order:
                ending = ENDINGS[i % 4]
                archive.writestr(f"sub{i % 2}/{NAMES[i]}{ending}", image(i, ending=ending))

    def path(self, name: str) -> Path:
        return self.folder / name

    def write_csv(self, repetitions: bool = False) -> pd.DataFrame:
        average = pd.DataFrame(self.average[self.order], columns=SITE_ID)
        average.insert(0, "stimulus_id", self.names)
        table = average
        if repetitions:
            tables = [
                average.assign(repetition=r, **dict(zip(SITE_ID, values.T, strict=True)))
                for r, values in enumerate(np.moveaxis(self.repetitions[self.order], 2, 0))
            ]
            table = pd.concat(tables).dropna(how="all", subset=SITE_ID)
        table.to_csv(self.path("responses.csv"), index=False)
        self.files["responses"] = self.path("responses.csv")
        return table

    def arrays(self, values: np.ndarray) -> dict:
        return {
            "responses": values[self.order],
            "stimulus_id": np.array(self.names),
            "site_id": np.array(SITE_ID),
        }

    def write(self, ending: str, values: np.ndarray) -> None:
        path = self.files["responses"] = self.path(f"responses{ending}")
        if ending == ".csv":
            self.write_csv(values.ndim == 3)
        elif ending == ".npy":
            np.save(path, values)
        elif ending == ".npz":
            np.savez(path, **self.arrays(values))
        else:
            with h5py.File(path, "w") as file:
                for name, array in self.arrays(values).items():
                    file[name] = array.astype("S") if array.dtype.kind == "U" else array

    def write_text(self, key: str, text: str) -> None:
        self.files[key] = self.path(f"{key}.csv")
        self.files[key].write_text(text)

    def load(self, **settings):
        stimuli = files.read_stimuli(SETTINGS | settings, self.files)
        return stimuli, files.read_responses(SETTINGS | settings, self.files, stimuli.table)


@pytest.fixture
def lab(tmp_path) -> Lab:
    return Lab(tmp_path)


def test_the_source_is_known_by_its_name():
    assert load_source("files") is files


@pytest.mark.parametrize("ending", [".csv", ".npy", ".npz", ".h5"])
@pytest.mark.parametrize("repeated", [False, True])
def test_every_form_gives_the_same_responses(lab, ending, repeated):
    lab.write(ending, lab.repetitions if repeated else lab.average)
    stimuli, responses = lab.load()
    assert list(stimuli.table["stimulus_id"]) == NAMES
    assert [stimuli.read_image(i).shape for i in range(N)] == [(16, 16, 3)] * N
    assert np.abs([int(stimuli.read_image(i)[8, 8, 0]) - 20 * i for i in range(N)]).max() <= 3
    np.testing.assert_allclose(responses.average, lab.average)
    if repeated:
        # The place of an absent repetition does not matter, its absence does.
        ours, theirs = (
            np.sort(values, axis=2) for values in (responses.repetitions, lab.repetitions)
        )
        np.testing.assert_allclose(ours, theirs)
    else:
        assert responses.repetitions is None
    expected = [f"site_{i:03d}" for i in range(SITES)] if ending == ".npy" else SITE_ID
    assert list(responses.sites["site_id"]) == expected
    assert set(responses.sites["region"]) == {"IT"} and set(responses.sites["animal"]) == {"Ada"}


def test_a_folder_is_a_zip_unpacked(lab):
    lab.write_csv()
    expected, _ = lab.load()
    with zipfile.ZipFile(lab.files.pop("images")) as archive:
        archive.extractall(lab.path("images"))
    (lab.path("images") / ".hidden.png").write_bytes(b"junk")
    (lab.path("images") / "notes.txt").write_bytes(b"junk")
    for path in images_in(lab.path("images")):
        lab.files[f"images/{path.relative_to(lab.path('images'))}"] = path
    stimuli, _ = lab.load()
    pd.testing.assert_frame_equal(stimuli.table, expected.table)
    for i in range(N):
        assert np.array_equal(stimuli.read_image(i), expected.read_image(i))


def test_names_with_endings_are_the_same_images(lab):
    lab.names = [f"folder/{name}.png" for name in lab.names]
    lab.write_csv()
    np.testing.assert_allclose(lab.load()[1].average, lab.average)


def test_the_tables_of_stimuli_and_sites(lab):
    lab.write_csv()
    rows = [f"{name},{'test' if i < 3 else 'train'},cat{i}" for i, name in enumerate(NAMES)]
    lab.write_text("table", "\n".join(["stimulus_id,split,object", *rows[::-1]]))
    lab.write_text("sites", "region,site_id,depth\nV4,right,1\nIT,left,2\nIT,middle,3\n")
    stimuli, responses = lab.load()
    assert list(stimuli.table["split"]) == ["test"] * 3 + ["train"] * 9
    assert list(stimuli.table["object"]) == [f"cat{i}" for i in range(N)]
    assert list(responses.sites["site_id"]) == SITE_ID
    assert list(responses.sites["region"]) == ["IT", "IT", "V4"]
    assert set(responses.sites["animal"]) == {"Ada"}


def test_a_stimulus_may_be_without_responses(lab):
    table = lab.write_csv()
    table.iloc[2, 1:] = np.nan
    table.to_csv(lab.files["responses"], index=False)
    average = lab.load()[1].average
    assert list(np.flatnonzero(np.isnan(average).all(axis=1))) == [lab.order[2]]


@pytest.mark.parametrize("ending", [".csv", ".npy", ".npz", ".h5"])
@pytest.mark.parametrize("repeated", [False, True])
def test_a_site_may_be_without_some_responses(lab, tmp_path, ending, repeated):
    for values in (lab.average, lab.repetitions):
        values[2, 1] = np.nan
        values[4:, 2] = np.nan
    lab.write(ending, lab.repetitions if repeated else lab.average)
    _, responses = lab.load()
    np.testing.assert_allclose(responses.average, lab.average)
    write_responses(tmp_path / "responses.zarr", responses)
    again = read_responses(tmp_path / "responses.zarr")
    np.testing.assert_array_equal(again.average, responses.average)


@pytest.mark.parametrize("repeated", [False, True])
def test_matlab_files_have_the_axes_that_matlab_shows(lab, repeated):
    lab.names = [f"{name}é.png" for name in lab.names]
    with zipfile.ZipFile(lab.files["images"], "w") as archive:
        for i, name in enumerate(NAMES):
            archive.writestr(f"{name}é.png", image(i))
    values = lab.repetitions if repeated else lab.average
    write_matlab(lab, values, site_id=np.array([[3.0, 11.0, 200.0]]))
    _, responses = lab.load()
    np.testing.assert_allclose(responses.average, lab.average)
    assert list(responses.sites["site_id"]) == ["3", "11", "200"]


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("repeated", [False, True])
def test_windows_of_time_are_regions(lab, named, repeated):
    rng = np.random.default_rng(2)
    values = rng.normal(size=(N, SITES, REPEATS, 4) if repeated else (N, SITES, 4))
    arrays = lab.arrays(values) | {"time_bins": np.arange(50, 251, 50)}
    if not named:
        del arrays["site_id"]
    np.savez(lab.path("r.npz"), **arrays)
    lab.files["responses"] = lab.path("r.npz")
    ids = SITE_ID if named else [f"site_{i:03d}" for i in range(SITES)]
    lines = [f"{name},{region}" for name, region in zip(ids, ("V4", "IT", "V4"), strict=True)]
    lab.write_text("sites", "\n".join(["site_id,region", *lines[::-1]]))
    _, responses = lab.load(time={"windows": [[50, 150], [100, 250]]})
    by_trial = values if repeated else values[:, :, None]
    trials = np.concatenate(
        [by_trial[..., :2].mean(axis=3), by_trial[..., 1:].mean(axis=3)], axis=1
    )
    np.testing.assert_allclose(responses.average, trials.mean(axis=2))
    assert (responses.repetitions is not None) == repeated
    if repeated:
        np.testing.assert_allclose(responses.repetitions, trials)
    windows = ("50-150", "100-250")
    assert list(responses.sites["site_id"]) == [f"{name}@{w}ms" for w in windows for name in ids]
    assert list(responses.sites["region"])[1:4] == ["IT 50–150 ms", "V4 50–150 ms", "V4 100–250 ms"]
    # One window changes no name.
    _, one = lab.load(time={"window": [50, 150]})
    assert list(one.sites["site_id"]) == ids
    np.testing.assert_array_equal(one.average, responses.average[:, :SITES])


def test_a_table_in_long_form_is_the_wide_one(lab):
    wide = lab.write_csv(repetitions=True)
    _, expected = lab.load()
    long = wide.melt(["stimulus_id", "repetition"], var_name="cell", value_name="rate")
    long["cell"] = long["cell"].map({"left": "001", "middle": "01", "right": "1"})
    long.sample(frac=1, random_state=0).to_csv(lab.files["responses"], index=False)
    _, found = lab.load(columns={"site": "cell", "response": "rate"})
    order = [list(found.sites["site_id"]).index(name) for name in ("001", "01", "1")]
    np.testing.assert_allclose(found.average[:, order], expected.average)
    assert np.isnan(found.repetitions).sum() == np.isnan(expected.repetitions).sum()


@pytest.mark.parametrize("ending", [".npz", ".h5"])
@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float64])
def test_whole_numbers_are_names(lab, ending, dtype):
    write = lab.arrays
    lab.arrays = lambda values: write(values) | {"site_id": np.array([[7], [10], [3]], dtype)}
    lab.write(ending, lab.average)
    assert list(lab.load()[1].sites["site_id"]) == ["7", "10", "3"]


@pytest.mark.parametrize("shape", [(16, 16), (8, 16), (30, 10), (200, 3), (1, 1)])
def test_letterbox_keeps_the_shape_and_squash_does_not(shape):
    white = np.full((*shape, 3), 255, np.uint8)
    assert (files.fit_image(white, 16, "squash") == 255).all()
    boxed = files.fit_image(white, 16, "letterbox")
    assert boxed.shape == (16, 16, 3)
    inside = (boxed == 255).all(axis=2)
    assert (boxed[~inside] == 128).all()
    height, width = inside.any(axis=1).sum(), inside.any(axis=0).sum()
    assert max(height, width) == 16
    assert abs(height / 16 - shape[0] / max(shape)) < 0.07
    assert abs(width / 16 - shape[1] / max(shape)) < 0.07


def renamed(lab, change):
    table = lab.write_csv()
    table["stimulus_id"] = [change(name) for name in table["stimulus_id"]]
    table.to_csv(lab.files["responses"], index=False)


@pytest.mark.parametrize("change", [str.upper, "{} ".format, " {}".format, "d/{}.PNG".format])
def test_names_that_are_written_differently_are_the_same_images(lab, change, caplog):
    renamed(lab, change)
    with caplog.at_level("INFO"):
        np.testing.assert_allclose(lab.load()[1].average, lab.average)
    assert ("12 names are matched" in caplog.text) == ("PNG" not in change("s00"))


def test_accents_match_however_they_are_encoded(lab):
    names = ["caf\u00e9", "the\u0301"]
    with zipfile.ZipFile(lab.files["images"], "w") as archive:
        for name in names:
            archive.writestr(f"{name}.png", image(1))
    lab.write_text("table", "stimulus_id,split\ncafe\u0301,train\nth\u00e9,test\n")
    lab.files["responses"] = lab.path("r.csv")
    lab.files["responses"].write_text("stimulus_id,a\nth\u00e9,2\ncafe\u0301,1\n")
    stimuli, responses = lab.load()
    assert list(stimuli.table["stimulus_id"]) == names
    assert list(responses.average[:, 0]) == [1, 2]


def test_names_that_only_differ_in_case_stay_different(lab):
    with zipfile.ZipFile(lab.files["images"], "w") as archive:
        for name in ("A", "a"):
            archive.writestr(f"{name}.png", image(1))
    lab.write_text("table", "stimulus_id,split\nA,train\na,test\n")
    lab.files["responses"] = lab.path("r.csv")
    lab.files["responses"].write_text("stimulus_id,x\na,2\nA,1\n")
    assert list(lab.load()[1].average[:, 0]) == [1, 2]
    lab.files["responses"].write_text("stimulus_id,x\nb,2\nA,1\n")
    with pytest.raises(
        VentralError, match=r"no row for 1 stimulus \('a'\) .* not found .* \('b'\)"
    ):
        lab.load()


def test_images_behind_links_are_found_and_circles_end(tmp_path):
    (tmp_path / "far" / "deep").mkdir(parents=True)
    (tmp_path / "far" / "deep" / "b.png").write_bytes(image(1))
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(image(2))
    (tmp_path / "images" / "linked").symlink_to(tmp_path / "far")
    (tmp_path / "far" / "circle").symlink_to(tmp_path / "images")
    (tmp_path / "images" / ".hidden").symlink_to(tmp_path / "far")
    found = [str(path.relative_to(tmp_path / "images")) for path in images_in(tmp_path / "images")]
    assert found == ["a.png", "linked/deep/b.png"]


def numbered(lab, names):
    """Replace the images by others with these names, and write responses that do not name them."""
    lab.write_text("table", "stimulus_id,split\n" + "".join(f"{name},train\n" for name in names))
    with zipfile.ZipFile(lab.files["images"], "w") as archive:
        for name in names:
            archive.writestr(f"{name}.png", image(1))
    np.save(lab.path("responses.npy"), np.arange(1.0, len(names) + 1)[:, None])
    lab.files["responses"] = lab.path("responses.npy")


@pytest.mark.parametrize(
    ("names", "here", "there"),
    [
        (range(1, 13), "10", "2"),
        ([f"im{i}_a" for i in (2, 10)], "im10_a", "im2_a"),
        (["a-2", "a-10", "b-1"], "a-10", "a-2"),
    ],
)
def test_rows_without_names_need_one_order(lab, names, here, there):
    numbered(lab, names)
    with pytest.raises(VentralError, match=f"may be {here!r} .* or {there!r} .*stimulus_id"):
        lab.load()


@pytest.mark.parametrize(
    "names", [[f"{i:02d}" for i in range(1, 13)], ["a", "b1", "b2"], ["x1y2", "x1y3"], ["Z", "a"]]
)
def test_rows_in_one_order_are_matched_and_the_log_says_so(lab, names, caplog):
    numbered(lab, names[::-1])
    with caplog.at_level("INFO"):
        stimuli, responses = lab.load()
    assert list(stimuli.table["stimulus_id"]) == names
    assert list(responses.average[:, 0]) == list(range(1, len(names) + 1))
    assert f"by order alone, from {names[0]!r} to {names[-1]!r}" in caplog.text


def test_an_image_of_the_right_size_is_left_alone():
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    for fit in ("letterbox", "squash"):
        assert np.array_equal(files.fit_image(noise, 16, fit), noise)


def csv(change):
    def spoil(lab):
        table = lab.write_csv()
        table = change(table)
        table.to_csv(lab.files["responses"], index=False)

    return spoil


def text(key, content):
    def spoil(lab):
        lab.write_csv()
        lab.write_text(key, content)

    return spoil


def array(ending, **changes):
    def spoil(lab):
        lab.write(ending, lab.average)
        arrays = lab.arrays(lab.average) | changes
        arrays = {name: value for name, value in arrays.items() if value is not None}
        if ending == ".npz":
            np.savez(lab.files["responses"], **arrays)
        else:
            np.save(lab.files["responses"], arrays["responses"])

    return spoil


def content(name, data):
    def spoil(lab):
        lab.files["responses"] = lab.path(name)
        lab.path(name).write_bytes(data)

    return spoil


def same_base_name(lab):
    lab.write_csv()
    with zipfile.ZipFile(lab.files["images"], "a") as archive:
        archive.writestr("other/s03.png", image(1))


def image_without_responses(lab):
    lab.write_csv()
    with zipfile.ZipFile(lab.files["images"], "a") as archive:
        archive.writestr("extra.png", image(1))


def broken_image(lab):
    lab.write_csv()
    with zipfile.ZipFile(lab.files["images"], "a") as archive:
        archive.writestr("s99.png", image(1)[:40])


def climbing(lab):
    lab.write_csv()
    with zipfile.ZipFile(lab.files["images"], "a") as archive:
        archive.writestr("../s99.png", image(1))


def external_link(lab):
    lab.write(".h5", lab.average)
    with h5py.File(lab.files["responses"], "r+") as file:
        del file["responses"]
        file["responses"] = h5py.ExternalLink("/etc/passwd", "/x")


def write_matlab(lab, values, site_id=None):
    """Write a MATLAB file of version 7.3: axes in reverse, and texts behind references."""
    path = lab.files["responses"] = lab.path("responses.mat")
    with h5py.File(path, "w", userblock_size=512) as file:
        file["responses"] = values[lab.order].T
        file["responses"].attrs["MATLAB_class"] = np.bytes_("double")
        cell = np.empty((1, len(lab.names)), h5py.ref_dtype)
        for i, name in enumerate(lab.names):
            units = np.frombuffer(name.encode("utf-16-le"), "<u2")
            file[f"#refs#/{i}"] = units[:, None]
            cell[0, i] = file[f"#refs#/{i}"].ref
        file["stimulus_id"] = cell
        file["stimulus_id"].attrs["MATLAB_class"] = np.bytes_("cell")
        if site_id is not None:
            file["site_id"] = site_id
            file["site_id"].attrs["MATLAB_class"] = np.bytes_("double")
    return path


def matlab_names(kind):
    def spoil(lab):
        with h5py.File(write_matlab(lab, lab.average), "r+") as file:
            del file["stimulus_id"]
            file["stimulus_id"] = np.zeros((3, N), np.uint16)
            file["stimulus_id"].attrs["MATLAB_class"] = np.bytes_(kind)

    return spoil


def a_cell_of_numbers(lab):
    with h5py.File(write_matlab(lab, lab.average), "r+") as file:
        file["number"] = np.zeros((1, 1))
        file["stimulus_id"][0, 0] = file["number"].ref


def set_cell(row, column, value):
    def change(table):
        table = table.astype(object)
        table.iloc[row, column] = value
        return table

    return change


BAD = [
    (same_base_name, r"images\.zip: .*s03.*other/s03\.png have the base name 's03' in common"),
    (image_without_responses, r"csv has no row for 1 stimulus \('extra'\) of the images"),
    (climbing, "'../s99.png' leads out of the archive's folder"),
    (csv(lambda t: t[2:]), r"csv has no row for 2 stimuli \('s\d\d', 's\d\d'\) of the images"),
    (
        csv(lambda t: pd.concat([t, t[:1].assign(stimulus_id="ghost")])),
        r"csv: not found in the images: 1 stimulus \('ghost'\)",
    ),
    (csv(lambda t: pd.concat([t, t[:1]])), r"csv: stimulus_id 's\d\d' is duplicated"),
    (
        csv(lambda t: pd.concat([t, t[:1]]).assign(repetition=1)),
        r"csv: the pair of stimulus_id and repetition \('s\d\d', '1'\) is duplicated",
    ),
    (csv(lambda t: t.rename(columns={"stimulus_id": "image"})), "no column 'stimulus_id'"),
    (csv(lambda t: t[["stimulus_id"]]), "csv has no column of responses besides stimulus_id"),
    (csv(set_cell(3, 2, "high")), r"csv: row 5, column 'middle': 'high' is not a number"),
    (csv(set_cell(slice(None), slice(1, None), "")), "csv has no response: every field is empty"),
    (csv(set_cell(3, 2, "inf")), r"csv: the response to .* at site 'middle' is infinite"),
    (csv(set_cell(3, 0, "")), "csv: row 5 has no stimulus_id"),
    (content("responses.csv", b""), "csv is not a table of comma-separated values"),
    (content("responses.csv", b"\xff\xfe\x00\x01,\x80"), "csv is not a table of comma-separated"),
    (content("responses.mat", b"MATLAB"), "mat is not a valid MATLAB file: "),
    (
        content("responses.xlsx", b"PK"),
        r"xlsx: responses are read from \.csv, .*\.mat, not from '\.xlsx'",
    ),
    (
        array(".npz", stimulus_id=np.arange(N) + 0.5),
        "stimulus_id has the type float64; it needs text or",
    ),
    (
        array(".npz", stimulus_id=np.arange(N) == 3),
        "stimulus_id has the type bool; it needs text or",
    ),
    (array(".npz", site_id=np.array([b"a", b"\xff", b"c"])), "site_id is not UTF-8 text"),
    (array(".npz", site_id=np.arange(6).reshape(3, 2)), r"site_id has shape \(3, 2\)"),
    (matlab_names("string"), "stimulus_id is a string array of MATLAB; save a cell of text"),
    (a_cell_of_numbers, "key 'stimulus_id' has a reference to something other than a short text"),
    (content("responses.npz", b"PK\x03\x04"), "npz is not a valid .npz file"),
    (content("responses.h5", b"no"), "h5 is not a valid HDF5 file"),
    (external_link, "h5: key 'responses' is a link"),
    (array(".npy", responses=np.zeros((N - 1, SITES))), r"npy has 11 rows .* there are 12 images"),
    (array(".npy", responses=np.zeros(N)), r"responses have shape \(12,\)"),
    (array(".npz", stimulus_id=None), "npz has no array 'stimulus_id'"),
    (array(".npz", responses=None), "npz has no array 'responses'"),
    (array(".npz", site_id=np.array(["a"])), r"site_id has shape \(1,\); .* need \(3,\)"),
    (array(".npz", site_id=np.array(["a", "b", "a"])), "site_id 'a' is duplicated"),
    (array(".npz", responses=np.array([["x"]])), "and type <U1; they need numbers"),
    (array(".npz", stimulus_id=np.array([{}], object)), "Python objects, which may contain code"),
    (text("sites", "site_id\nleft\n"), "sites.csv has no column 'region'"),
    (
        text("sites", "site_id,region\nleft,IT\nmiddle,\nright,V4\n"),
        "sites.csv: row 3 has no region",
    ),
    (
        text("sites", "site_id,region\nleft,IT\nmiddle,  \nright,\n"),
        "sites.csv: row 3 has no region",
    ),
    (
        csv(lambda t: t.reset_index(names="")),
        r"csv: column 1 has no name\. If it holds the row numbers .*to_csv\(\.\.\., index=False\)",
    ),
    (csv(lambda t: t.assign(**{" ": 1.0})), "csv: column 5 has no name"),
    (csv(lambda t: t.rename(columns={"left": "left "})), "csv: column 'left ' has spaces around"),
    (csv(lambda t: t.rename(columns={"left": "right"})), "csv: column 'right' is duplicated"),
    (text("sites", "site_id,region\nleft,IT\n"), r"2 sites \('middle', 'right'\) of"),
    (text("sites", "site_id,region\nleft,IT\nleft,IT\n"), "site_id 'left' is duplicated"),
    (
        text("sites", "site_id,region\nleft,IT\nmiddle,IT\nright,V4\nup,V4\n"),
        r"sites\.csv: not found in .*responses\.csv: 1 site \('up'\)",
    ),
    (
        text("table", "stimulus_id,split\ns00,train\n"),
        r"11 stimuli \('s01', 's02', 's03', \.\.\.\)",
    ),
    (
        text("table", "stimulus_id,split\n" + "".join(f"{name},trian\n" for name in NAMES)),
        "table.csv: split 'trian' of stimulus 's00' is none of train, validation, test",
    ),
    (
        text("table", "stimulus_id,spilt\n" + "".join(f"{name},train\n" for name in NAMES)),
        "column 'spilt' is unknown; did you mean 'split'",
    ),
]


@pytest.mark.parametrize(("spoil", "message"), BAD)
def test_a_bad_file_is_named(lab, tmp_path, spoil, message):
    spoil(lab)
    with pytest.raises(VentralError, match=message) as error:
        stimuli, responses = lab.load()
        write_stimuli(tmp_path / "stimuli.zarr", stimuli)
        write_responses(tmp_path / "responses.zarr", responses)
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.glob("*.zarr*"))


def test_a_broken_image_leaves_no_stimuli(lab, tmp_path):
    broken_image(lab)
    stimuli = files.read_stimuli(SETTINGS, lab.files)
    with pytest.raises(VentralError, match=r"images\.zip: image 's99\.png' is not a valid image"):
        write_stimuli(tmp_path / "stimuli.zarr", stimuli)
    assert not list(tmp_path.glob("*.zarr*"))
