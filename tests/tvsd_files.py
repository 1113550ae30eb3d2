"""Small files of the form of the THINGS ventral stream spiking dataset."""

import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

CONCEPTS = ["aardvark", "abacus", "accordion", "zucchini"]
N_TRAIN, N_TEST, N_REPETITIONS = 40, 8, 6
ELECTRODES = {"V1": [1, 4], "IT": [5, 7], "V4": [8, 9]}
N_ELECTRODES = 9


def paths() -> tuple[list[str], list[str]]:
    """Return the paths of train and test images; both parts have images of each concept."""
    names = [f"{CONCEPTS[i % 4]}/{CONCEPTS[i % 4]}_{i // 4:02d}b.jpg" for i in range(N_TRAIN)]
    tests = [f"{CONCEPTS[i % 4]}/{CONCEPTS[i % 4]}_{i // 4:02d}s.jpg" for i in range(N_TEST)]
    return names, tests


def write_cell(group: h5py.Group, name: str, texts: list[str]) -> None:
    """Write a MATLAB cell of text: references, (n, 1), to arrays of code units, (length, 1)."""
    cell = group.create_dataset(name, (len(texts), 1), h5py.ref_dtype)
    for i, text in enumerate(texts):
        units = np.frombuffer(text.encode("utf-16-le"), np.uint16)[:, None]
        target = group.file.create_dataset(f"#refs#/{group.name[1:]}_{name}_{i}", data=units)
        cell[i, 0] = target.ref


def write_tvsd(folder: Path) -> tuple[dict[str, Path], dict[str, np.ndarray]]:
    """Write the three files; return their paths and the arrays of the responses.

    As in the public files, paths have backslashes, images are of several sizes, and the zip has
    images that no monkey saw, in no order.
    """
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    train, test = paths()
    files = {
        "images": folder / "things.zip",
        "table": folder / "things_imgs.mat",
        "responses": folder / "THINGS_normMUA.mat",
    }
    with zipfile.ZipFile(files["images"], "w") as archive:
        for i in rng.permutation(N_TRAIN + N_TEST):
            content = io.BytesIO()
            side = 20 + i % 3
            pixels = np.full((side, side, 3), 4 * i, np.uint8)
            Image.fromarray(pixels).save(content, "JPEG", quality=95)
            archive.writestr(f"object_images/{[*train, *test][i]}", content.getvalue())
        archive.writestr("object_images/yak/yak_01b.jpg", content.getvalue())
    with h5py.File(files["table"], "w") as file:
        for part, names in (("train_imgs", train), ("test_imgs", test)):
            group = file.create_group(part)
            write_cell(group, "things_path", [name.replace("/", "\\") for name in names])
            write_cell(group, "class", [name.split("/")[0] for name in names])
    arrays = {"train_MUA": rng.normal(size=(N_TRAIN, N_ELECTRODES))}
    repetitions = rng.normal(size=(1, N_TEST, N_ELECTRODES)) + 0.5 * rng.normal(
        size=(N_REPETITIONS, N_TEST, N_ELECTRODES)
    )
    repetitions[-1, 3] = np.nan  # a trial that was not completed
    arrays["test_MUA_reps"] = repetitions
    arrays["test_MUA"] = np.nanmean(repetitions, axis=0)
    with h5py.File(files["responses"], "w") as file:
        for name, values in arrays.items():
            file[name] = values
        file["SNR_max"] = rng.random((N_ELECTRODES, 1))
        file["tb"] = np.arange(-100, 200)[:, None]
    return files, arrays
