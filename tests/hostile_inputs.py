"""Malformed and hostile inputs, and what the step that meets one says."""

import io
import os
import pickle
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import scipy.io
import torch
from PIL import Image

from helpers import run_step
from majajhong2015_files import write_majajhong2015
from nwb_files import NAMES as SCENES
from nwb_files import write_session
from nx414_file import write_nx414
from tvsd_files import ELECTRODES, write_tvsd
from ventral.data.named_files import download_name
from ventral.data.sources.majajhong2015.reader import VARIABLE
from ventral.networks.build import build_model

N = 12
NETWORK = {"architecture": "squeezenet1_1", "arguments": {}, "seed": 0}


class Code:
    """Unpickled, it makes a folder."""

    def __reduce__(self):
        return os.mkdir, ("was_here",)


@dataclass
class Inputs:
    """The files of a data set by section, and its settings; a case spoils one of them."""

    folder: Path
    source: str
    stimuli: dict[str, dict]
    responses: dict[str, dict]
    settings: dict

    def path(self, name: str) -> Path:
        return self.folder / name


@dataclass(frozen=True)
class Case:
    """What is wrong, how a good input becomes so, and how far the sentence is ours.

    ends: words that are followed by those of a library, or by a checksum.
    """

    source: str
    what: str
    spoil: Callable[[Inputs], None]
    ends: str = ""


def png(i: int = 0, side: int = 8) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), 2 * i, np.uint8)).save(content, "png")
    return content.getvalue()


def write_zip(path: Path, entries: dict) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def file(name: str) -> dict:
    return {"path": name}


def make_cowley_v4(folder: Path) -> Inputs:
    write_zip(folder / "images.zip", {f"image{i:02}.png": png(i) for i in range(N)})
    trials = np.random.default_rng(0).normal(size=(3, N, 4))
    np.save(folder / "responses.npy", trials.mean(axis=2))
    np.save(folder / "repetitions.npy", trials)
    responses = {name: file(f"{name}.npy") for name in ("responses", "repetitions")}
    return Inputs(folder, "cowley_v4", {"images": file("images.zip")}, responses, {"session": "1"})


def make_files(folder: Path) -> Inputs:
    write_zip(folder / "images.zip", {f"s{i}.png": png(i) for i in range(N)})
    lines = ["stimulus_id,a,b", *(f"s{i},{i},{i * i}" for i in range(N))]
    (folder / "responses.csv").write_text("\n".join(lines))
    settings = {"image_size": 8, "fit": "squash", "split_seed": 0, "region": "IT", "animal": ""}
    responses = {"responses": file("responses.csv")}
    return Inputs(folder, "files", {"images": file("images.zip")}, responses, settings)


def make_majajhong2015(folder: Path) -> Inputs:
    paths, _ = write_majajhong2015(folder)
    named = {name: file(path.name) for name, path in paths.items()}
    stimuli = {name: named[name] for name in ("images", "table")}
    return Inputs(folder, "majajhong2015", stimuli, {"assembly": named["assembly"]}, {})


def make_nwb(folder: Path) -> Inputs:
    write_zip(folder / "images.zip", {f"{name}.png": png(i) for i, name in enumerate(SCENES)})
    write_session(folder / "day1.nwb")
    settings = {"image_size": 8, "fit": "squash", "split_seed": 0, "image_axes": "rows_first"}
    settings |= {"presentations": "trials", "stimulus": "image", "onset": "start_time"}
    settings |= {"without_image": "refuse", "region": "V4", "time": {"window": [70, 170]}}
    responses = {"day1": file("day1.nwb")}
    return Inputs(folder, "nwb", {"images": file("images.zip")}, responses, settings)


def make_nx414(folder: Path) -> Inputs:
    write_nx414(folder / "IT_data.h5", side=8, sites=2)
    return Inputs(folder, "nx414", {"data": file("IT_data.h5")}, {}, {})


def make_tvsd(folder: Path) -> Inputs:
    paths, _ = write_tvsd(folder)
    named = {name: file(path.name) for name, path in paths.items()}
    stimuli = {name: named[name] for name in ("images", "table")}
    settings = {"image_size": 8, "fit": "squash", "split_seed": 0}
    settings |= {"animal": "F", "electrodes": dict(ELECTRODES)}
    return Inputs(folder, "tvsd", stimuli, {"responses": named["responses"]}, settings)


def make_weights(folder: Path) -> Inputs:
    inputs = make_cowley_v4(folder)
    torch.save(build_model(NETWORK, None, 0).state_dict(), folder / "weights.pth")
    return inputs


def make_download(folder: Path) -> Inputs:
    inputs = make_cowley_v4(folder)
    inputs.settings["fetch"] = {"name": "data.npy", "sha256": "0" * 64}
    return inputs


MAKE = {
    "cowley_v4": make_cowley_v4,
    "files": make_files,
    "majajhong2015": make_majajhong2015,
    "nwb": make_nwb,
    "nx414": make_nx414,
    "tvsd": make_tvsd,
    "weights": make_weights,
    "download": make_download,
}


# How inputs are spoiled.


def cut(name):
    def spoil(inputs):
        content = inputs.path(name).read_bytes()
        inputs.path(name).write_bytes(content[: len(content) // 2])

    return spoil


def write(name, content):
    return lambda inputs: inputs.path(name).write_bytes(content)


def specify(section, key, **facts):
    return lambda inputs: getattr(inputs, section)[key].update(facts)


def remove(name):
    return lambda inputs: inputs.path(name).unlink()


def entry(name, content=None, kind=None):
    """Add an entry to the images' zip."""

    def spoil(inputs):
        with zipfile.ZipFile(inputs.path("images.zip"), "a", zipfile.ZIP_DEFLATED) as archive:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if kind:
                info.external_attr = (kind | 0o777) << 16
            archive.writestr(info, png(99) if content is None else content)

    return spoil


def only(content):
    """Give the zip one kind of image."""
    return lambda inputs: write_zip(
        inputs.path("images.zip"), {f"image{i:02}.png": content for i in range(N)}
    )


def huge_png() -> bytes:
    """Return a small file that claims to unpack to 60,000 × 60,000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def sixteen_bits() -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.full((8, 8), 40_000, np.uint16)).save(content, "png")
    return content.getvalue()


def array(name, change):
    """Change the array of an .npy file in place, or return another."""

    def spoil(inputs):
        values = np.load(inputs.path(name))
        other = change(values)
        np.save(inputs.path(name), values if other is None else other, allow_pickle=True)

    return spoil


def put(place, value):
    def change(values):
        values[place] = value

    return change


def boastful_npy(inputs):
    """Claim some terabytes in the header."""
    path = inputs.path("responses.npy")
    content = path.read_bytes()
    boast = content.replace(b"(3, 12), }" + b" " * 10, b"(99999999999, 12), }")
    assert boast != content and len(boast) == len(content)
    path.write_bytes(boast)


def line(number, text):
    def spoil(inputs):
        path = inputs.path("responses.csv")
        lines = path.read_text().split("\n")
        lines[number : number + 1] = [] if text is None else text.split("\n")
        path.write_text("\n".join(lines))

    return spoil


def responses_in(name, save):
    """Give the responses in a file of another form."""

    def spoil(inputs):
        inputs.responses["responses"] = file(name)
        save(inputs.path(name))

    return spoil


def npz_with_code(path):
    ids = np.array([f"s{i}" for i in range(N)])
    np.savez(path, responses=np.array([[Code()]] * N, dtype=object), stimulus_id=ids)


def npz_that_unpacks_to(size):
    """Return zeros that shrink a thousand times."""

    def save(path):
        ids = np.array([f"s{i}" for i in range(N)])
        responses = np.zeros((N, size // N // 8))
        np.savez_compressed(path, responses=responses, stimulus_id=ids)

    return save


def npz_named(names):
    return lambda path: np.savez(path, responses=np.zeros((N, 2)), stimulus_id=names)


def matlab_strings(path):
    with h5py.File(path, "w") as h5:
        h5["responses"] = np.zeros((2, N))
        h5["stimulus_id"] = np.zeros((3, N), np.uint16)
        for name, kind in (("responses", "double"), ("stimulus_id", "string")):
            h5[name].attrs["MATLAB_class"] = np.bytes_(kind)


def matlab_5(**changes):
    ids = np.array([f"s{i}" for i in range(N)], object)[:, None]
    arrays = {"responses": np.zeros((N, 2)), "stimulus_id": ids, **changes}
    return lambda path: scipy.io.savemat(path, arrays, do_compression=True)


def long_table(extra, header="stimulus_id,site_id,repetition,response"):
    def save(path):
        rows = [f"s{i},{site},1,{i}" for i in range(N) for site in "ab"]
        path.write_text("\n".join([header, *rows, extra]))

    return save


def npz_that_is_encrypted(path):
    np.savez(path, responses=np.zeros((N, 2)), stimulus_id=np.array([f"s{i}" for i in range(N)]))
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(signature)
        while start >= 0:
            content[start + flags] |= 1
            start = content.find(signature, start + 4)
    path.write_bytes(content)


def npz_that_boasts(path):
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        content, {"shape": (10**12, 2), "fortran_order": False, "descr": "<f8"}
    )
    write_zip(path, {"responses.npy": content.getvalue() + bytes(99)})


def h5_without_values(path):
    with h5py.File(path, "w") as h5:
        h5.create_dataset("responses", (N, 10**10), "f8", chunks=(N, 1000), compression="gzip")
        h5["stimulus_id"] = [f"s{i}" for i in range(N)]


def h5_elsewhere(path):
    with h5py.File(path, "w") as h5:
        h5["responses"] = h5py.ExternalLink("/etc/passwd", "/responses")
        h5["stimulus_id"] = [f"s{i}" for i in range(N)]


def h5_virtual(path):
    layout = h5py.VirtualLayout((N, 2), float)
    layout[...] = h5py.VirtualSource("/etc/passwd", "responses", (N, 2))
    with h5py.File(path, "w") as h5:
        h5.create_virtual_dataset("responses", layout)
        h5["stimulus_id"] = [f"s{i}" for i in range(N)]


def beside(section, key, name, text):
    def spoil(inputs):
        getattr(inputs, section)[key] = file(name)
        inputs.path(name).write_text(text)

    return spoil


def h5(name, change):
    def spoil(inputs):
        with h5py.File(inputs.path(name), "r+") as opened:
            change(opened)

    return spoil


def replace(key, values=None):
    def change(opened):
        del opened[key]
        if values is not None:
            opened[key] = values

    return change


def point_at(values):
    def change(opened):
        opened["elsewhere"] = values
        opened["test_imgs/things_path"][0, 0] = opened["elsewhere"].ref

    return change


def csv_without(*columns):
    def spoil(inputs):
        path = inputs.path("stimulus_hvm-public.csv")
        pd.read_csv(path, dtype=str).drop(columns=list(columns)).to_csv(path, index=False)

    return spoil


def setting(key, value):
    return lambda inputs: inputs.settings.update({key: value})


def weights(change):
    def spoil(inputs):
        state = torch.load(inputs.path("weights.pth"))
        torch.save(change(state), inputs.path("weights.pth"))

    return spoil


def without(name):
    return lambda state: {key: value for key, value in state.items() if key != name}


TENSOR = "features.3.squeeze.bias"
SPLIT_TABLE = "\n".join(["stimulus_id,split", *(f"s{i},trian" for i in range(N))])

EMPTY_TABLE = "\n".join(["stimulus_id,a,b", *(f"s{i},," for i in range(N))]).encode()

CASES = [
    Case("cowley_v4", "a zip cut in half", cut("images.zip"), "valid zip archive:"),
    Case("cowley_v4", "a zip that is none", write("images.zip", b"<html>"), "zip archive:"),
    Case("cowley_v4", "an entry that climbs out", entry("../../outside.png")),
    Case("cowley_v4", "an entry with an absolute path", entry("/etc/outside.png")),
    Case("cowley_v4", "an entry with backslashes", entry("..\\outside.png")),
    Case("cowley_v4", "an entry that is a link", entry("l.png", b"/etc/passwd", stat.S_IFLNK)),
    Case("cowley_v4", "an entry that is a device", entry("null.png", b"", stat.S_IFCHR)),
    Case("cowley_v4", "a zip bomb", entry("big.png", bytes(2**25)), "unpacks from"),
    Case("cowley_v4", "a zip without images", lambda i: write_zip(i.path("images.zip"), {"a": ""})),
    Case("cowley_v4", "an image bomb", only(huge_png()), "is too large:"),
    Case("cowley_v4", "an image cut in half", only(png()[:48]), "is not a valid image:"),
    Case("cowley_v4", "text that is named .png", only(b"no image"), "is not a valid image:"),
    Case("cowley_v4", "an image of 16 bits", only(sixteen_bits())),
    Case("cowley_v4", "one image of another size", entry("image99.png", png(1, side=9))),
    Case("cowley_v4", "two images of one name", entry("more/image03.png")),
    Case(
        "cowley_v4",
        "a sum that is not the config's",
        specify("stimuli", "images", sha256="0"),
        "has the sha256",
    ),
    Case("cowley_v4", "a size that is not the config's", specify("responses", "responses", size=9)),
    Case("cowley_v4", "a file that does not exist", remove("responses.npy")),
    Case(
        "cowley_v4", "a pickle that runs code", array("responses.npy", lambda _: np.array([Code()]))
    ),
    Case("cowley_v4", "an .npy file cut in half", cut("responses.npy"), "file of numbers:"),
    Case("cowley_v4", "a header that claims too much", boastful_npy, "file of numbers:"),
    Case("cowley_v4", "complex numbers", array("responses.npy", lambda v: v * 1j)),
    Case("cowley_v4", "a column too few", array("responses.npy", lambda v: v[:, 1:])),
    Case("cowley_v4", "a response that is NaN", array("responses.npy", put((1, 7), np.nan))),
    Case("cowley_v4", "repetitions of another shape", array("repetitions.npy", lambda v: v[:2])),
    Case("cowley_v4", "all repetitions absent", array("repetitions.npy", put((2, 5), np.nan))),
    Case("files", "a stimulus without an image", line(4, "s3,1,2\nghost,1,2")),
    Case("files", "an image without responses", line(4, None)),
    Case("files", "a stimulus twice", line(4, "s3,1,2\ns3,1,2")),
    Case("files", "a cell that is not a number", line(4, "s3,many,2")),
    Case("files", "a table of empty cells", write("responses.csv", EMPTY_TABLE)),
    Case("files", "an infinite response", line(4, "s3,inf,2")),
    Case("files", "a table that is not text", write("responses.csv", b"\xff\xfe\0" * 9), "values:"),
    Case(
        "files", "a file of an unknown form", responses_in("r.xlsx", lambda p: p.write_bytes(b""))
    ),
    Case("files", "an .npz that runs code", responses_in("r.npz", npz_with_code)),
    Case(
        "files", "an .npz bomb", responses_in("r.npz", npz_that_unpacks_to(2**29)), "unpacks from"
    ),
    Case("files", "names that are fractions", responses_in("r.npz", npz_named(np.arange(N) / 2))),
    Case("files", "names that are booleans", responses_in("r.npz", npz_named(np.arange(N) > 0))),
    Case(
        "files",
        "a MATLAB file that is none",
        responses_in("r.mat", lambda p: p.write_bytes(b"M")),
        "MATLAB file:",
    ),
    Case("files", "names as strings of MATLAB", responses_in("r.mat", matlab_strings)),
    Case(
        "files",
        "a MATLAB struct",
        responses_in("r.mat", matlab_5(responses={"rates": np.zeros((N, 2))})),
    ),
    Case(
        "files",
        "a MATLAB bomb",
        responses_in("r.mat", matlab_5(responses=np.zeros((N, 2**22), np.int8))),
        "declares",
    ),
    Case("files", "a long table with a row twice", responses_in("r.csv", long_table("s3,b,1,9"))),
    Case("files", "a long table with a word", responses_in("r.csv", long_table("s3,b,2,high"))),
    Case("files", "a long table without a site", responses_in("r.csv", long_table("s3,,2,1"))),
    Case(
        "files",
        "a Parquet table that is none",
        responses_in("r.parquet", lambda p: p.write_bytes(b"PAR1")),
        "r.parquet",
    ),
    Case("files", "a window of time without time bins", setting("time", {"window": [70, 170]})),
    Case("files", "an encrypted .npz", responses_in("r.npz", npz_that_is_encrypted)),
    Case("files", "an .npz that claims too much", responses_in("r.npz", npz_that_boasts)),
    Case("files", "HDF5 without its values", responses_in("r.h5", h5_without_values)),
    Case("files", "HDF5 that links elsewhere", responses_in("r.h5", h5_elsewhere)),
    Case("files", "HDF5 with a virtual dataset", responses_in("r.h5", h5_virtual)),
    Case(
        "files",
        "HDF5 that is none",
        responses_in("r.h5", lambda p: p.write_text("a,b")),
        "HDF5 file:",
    ),
    Case("files", "an unknown split", beside("stimuli", "table", "t.csv", SPLIT_TABLE)),
    Case(
        "files",
        "a site table that lacks a site",
        beside("responses", "sites", "sites.csv", "site_id,region\na,IT"),
    ),
    Case("majajhong2015", "an assembly cut in half", cut("assembly.nc"), "HDF5 file:"),
    Case(
        "majajhong2015",
        "an assembly of another name",
        h5("assembly.nc", lambda f: f.move(VARIABLE, "other")),
    ),
    Case(
        "majajhong2015",
        "text in place of numbers",
        h5("assembly.nc", replace(VARIABLE, np.array([b"x"]))),
    ),
    Case(
        "majajhong2015",
        "regions of fewer sites",
        h5("assembly.nc", replace("region", np.array([b"IT"] * 4))),
    ),
    Case("majajhong2015", "a table without objects", csv_without("object_name"), "it has"),
    Case("nwb", "a file cut in half", cut("day1.nwb"), "HDF5 file:"),
    Case("nwb", "HDF5 of another kind", h5("day1.nwb", lambda f: f.attrs.pop("nwb_version"))),
    Case(
        "nwb",
        "units in another file",
        h5("day1.nwb", replace("units", h5py.ExternalLink("/etc/passwd", "/units"))),
    ),
    Case("nwb", "a link to itself", h5("day1.nwb", replace("units", h5py.SoftLink("/units")))),
    Case(
        "nwb",
        "spikes of fewer units than its index says",
        h5(
            "day1.nwb",
            lambda f: f["units/spike_times_index"].write_direct(np.arange(5, dtype="u2")),
        ),
    ),
    Case(
        "nwb",
        "spike times that are infinite",
        h5("day1.nwb", lambda f: f["units/spike_times"].__setitem__(3, np.inf)),
    ),
    Case(
        "nwb",
        "spike times without their values",
        h5(
            "day1.nwb",
            lambda f: (
                f.__delitem__("units/spike_times"),
                f.create_dataset("units/spike_times", (2**36,), "f8", chunks=(2**10,)),
            ),
        ),
    ),
    Case("nwb", "no presentations", h5("day1.nwb", replace("intervals/trials"))),
    Case("nwb", "a column that does not exist", setting("stimulus", "picture")),
    Case("nwb", "stimuli without images", setting("stimulus", "place")),
    Case("nwb", "a filter that no unit passes", setting("units", {"where": {"quality": "best"}})),
    Case("nwb", "a window in seconds", setting("time", {"window": [0.07, 0.17]})),
    Case("nx414", "a file without spikes", h5("IT_data.h5", replace("spikes_val"))),
    Case(
        "nx414",
        "images that are none",
        h5("IT_data.h5", lambda f: f["stimulus_val"].write_direct(np.full((20, 3, 8, 8), 9, "f4"))),
        "has values from",
    ),
    Case(
        "nx414",
        "spikes of other stimuli",
        h5("IT_data.h5", replace("spikes_train", np.zeros((59, 2)))),
    ),
    Case("tvsd", "a reference to no text", h5("things_imgs.mat", point_at(np.zeros(5)))),
    Case("tvsd", "a text without end", h5("things_imgs.mat", point_at(np.zeros(10**5, np.uint16)))),
    Case(
        "tvsd",
        "repetitions of other images",
        h5("THINGS_normMUA.mat", replace("test_MUA_reps", np.zeros((6, 7, 9)))),
    ),
    Case("tvsd", "electrodes that do not exist", setting("electrodes", {"V1": [1, 512]})),
    Case(
        "weights", "a pickle that runs code", write("weights.pth", pickle.dumps({TENSOR: Code()}))
    ),
    Case("weights", "a state dict cut in half", cut("weights.pth")),
    Case("weights", "a tensor that is missing", weights(without(TENSOR))),
    Case(
        "weights",
        "names with a prefix that the model's do not have",
        weights(lambda s: {f"backbone.{name}": tensor for name, tensor in s.items()}),
    ),
    Case("weights", "a tensor of another shape", weights(lambda s: s | {TENSOR: torch.zeros(3)})),
    Case(
        "download",
        "a mirror with another file of that name",
        lambda i: np.save(i.path("data.npy"), 0),
        "(searched:",
    ),
    Case(
        "download", "a name that climbs out", setting("fetch", {"name": "../x", "sha256": "0" * 64})
    ),
    Case(
        "download",
        "an address of this machine's files",
        setting("fetch", {"url": "file:///etc/passwd", "sha256": "0" * 64}),
    ),
]


def run(case: Case, folder: Path) -> str:
    """Give the spoiled input to the steps that read it; return what the one that stops says.

    Raises `AssertionError` where none stops.
    """
    inputs = MAKE[case.source](folder)
    case.spoil(inputs)
    before = set(folder.rglob("*"))
    steps = {"weights": _extract, "download": _fetch}.get(case.source, _prepare)
    here = Path.cwd()
    os.chdir(folder)
    try:
        steps(inputs, folder / "results")
    except SystemExit:
        log = (folder / "log.txt").read_text()
    else:
        raise AssertionError(f"{case.what}: no step stops")
    finally:
        os.chdir(here)
    left = {path for path in set(folder.rglob("*")) - before if path.is_file()}
    stopped = {path for path in left if "stopped" in path.parts}
    assert not stopped and not list(folder.rglob("*.partial")), (case.what, stopped)
    assert not list(folder.parent.rglob("outside.png")) and not (folder / "was_here").exists()
    (sentence,) = re.findall(r" ERROR (.*)", log)
    assert log.rstrip().endswith(sentence), log  # one line, and no traceback
    sentence = sentence.replace(f"{folder}/", "").replace(str(folder), ".")
    if case.ends:
        assert case.ends in sentence, sentence
        sentence = sentence.partition(case.ends)[0] + f"{case.ends} …"
    return sentence


def _section(files: dict, folder: Path) -> dict:
    return {
        "input": {"files": [folder / specification["path"] for specification in files.values()]},
        "params": {"files": files},
    }


def _prepare(inputs: Inputs, results: Path) -> None:
    """Prepare stimuli, then responses; what the step that fails would write lies in `stopped`."""
    settings = {"source": inputs.source, **inputs.settings}
    stimuli = _section(inputs.stimuli, inputs.folder)
    stimuli["params"]["settings"] = settings
    place = results / "stopped" / "stimuli.zarr"
    run_step("prepare_stimuli", inputs.folder, **stimuli, output={"store": place})
    (results / "stopped").rename(results / "done")
    responses = _section({**inputs.stimuli, **inputs.responses}, inputs.folder)
    responses["params"]["settings"] = settings
    responses["input"]["stimuli"] = results / "done" / "stimuli.zarr"
    place = results / "stopped" / "responses.zarr"
    run_step("prepare_responses", inputs.folder, **responses, output={"store": place})


def _extract(inputs: Inputs, results: Path) -> None:
    stimuli = _section(inputs.stimuli, inputs.folder)
    stimuli["params"]["settings"] = {"source": inputs.source, **inputs.settings}
    store = results / "done" / "stimuli.zarr"
    run_step("prepare_stimuli", inputs.folder, **stimuli, output={"store": store})
    preprocessing = {"size": 32, "resize": "squash", "mean": [0.5] * 3, "std": [0.2] * 3}
    run_step(
        "extract_activations",
        inputs.folder,
        input={"stimuli": store, "weights": inputs.path("weights.pth")},
        output={"store": results / "stopped" / "main.zarr"},
        params={
            "settings": {
                **NETWORK,
                "layers": ["features.3"],
                "dtype": "float16",
                "stochastic": False,
                "preprocessing": preprocessing,
            }
        },
        config={"compute": {"device": "cpu", "batch_size": 8, "workers": 0}},
    )


def _fetch(inputs: Inputs, results: Path) -> None:
    file = inputs.settings["fetch"]
    run_step(
        "fetch_file",
        inputs.folder,
        output={"file": results / "stopped" / "data.npy"},
        wildcards={"download": download_name(file)},
        config={
            **{"mirrors": [str(inputs.folder)], "cache": None, "models": {}},
            "datasets": {"any": {"stimuli": {"files": {"data": file}}}},
        },
    )
