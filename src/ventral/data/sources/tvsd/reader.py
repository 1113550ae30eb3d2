"""Macaque V1, V4 and IT, multi-unit activity to THINGS images: Papale, Wang, Self and Roelfsema
(2025), "An extensive dataset of spiking activity to reveal the syntax of the ventral stream".

Three files: ``responses``, a monkey's THINGS_normMUA.mat (MATLAB 7.3, which is HDF5: ``train_MUA``
stimulus × electrode, ``test_MUA`` the same, ``test_MUA_reps`` repetition × stimulus × electrode, as
h5py sees them, averaged over time and normalised by day); ``table``, things_imgs.mat
(``train_imgs/things_path``, ``test_imgs/things_path``: references to the path of each image, as
``aardvark/aardvark_01b.jpg``); ``images``, a zip of the THINGS images.

The layout is that of public readers of the data set. The real files were not available, so three
things were not checked against them: the order of the electrodes (`REGIONS`), whether an electrode
may have no signal at all (it is left out, with a warning), and which further keys there are (none
is read).
"""

import logging
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import h5py
import numpy as np
import pandas as pd

from ventral.data.archives import ImageArchive
from ventral.data.hdf5 import dataset, open_hdf5, read, read_referenced_text
from ventral.data.image_sizes import fit_image
from ventral.data.response_files import check_unique
from ventral.data.responses import Responses
from ventral.data.stimuli import StimulusSet
from ventral.errors import VentralError

logger = logging.getLogger(__name__)

REGIONS = {
    "F": {"V1": [1, 512], "IT": [513, 832], "V4": [833, 1024]},
    "N": {"V1": [1, 512], "V4": [513, 768], "IT": [769, 1024]},
}
"""First and last electrode of each region, counted from 1, in the two monkeys."""
VALIDATION = 0.1
"""Part of the train images that validates; the data set has no validation part of its own."""


def read_stimuli(settings: Mapping, files: Mapping[str, Path]) -> StimulusSet:
    """Return the train images, then the test images, in the order of the table.

    Parameters
    ----------
    settings : Mapping
        ``image_size``, the side in pixels that all images get, and ``fit`` (see `fit_image`);
        ``train_images``, how many of the train images to keep (None: all), drawn by
        ``split_seed``, as is the tenth of them that validates.
    files : Mapping
        ``images`` (zip) and ``table`` (MATLAB 7.3).

    Returns
    -------
    StimulusSet
        A stimulus_id is an image's base name without its ending; ``object`` is its folder, the
        THINGS concept.

    Raises
    ------
    VentralError
        For what `ImageArchive` refuses, where the table lacks a key or is not a table of paths,
        where a path is duplicated, and where an image is not in the zip.

    """
    path = files["table"]
    with open_hdf5(path) as file:
        parts = {
            part: read_referenced_text(file, f"{part}_imgs/things_path")
            for part in ("train", "test")
        }
    rng = np.random.default_rng(settings["split_seed"])
    n = len(parts["train"])
    kept = settings.get("train_images") or n
    if not 2 <= kept <= n:
        raise VentralError(
            f"{path}: {kept} train images are asked for (stimuli: train_images); it has {n}"
        )
    rows = np.sort(rng.permutation(n)[:kept])
    split = np.full(kept, "train", object)
    split[rng.permutation(kept)[: max(1, round(VALIDATION * kept))]] = "validation"
    names = [
        PurePosixPath(name.replace("\\", "/"))
        for name in [*np.array(parts["train"], object)[rows], *parts["test"]]
    ]
    table = pd.DataFrame(
        {
            "stimulus_id": [name.stem for name in names],
            "split": [*split, *["test"] * len(parts["test"])],
            "object": [name.parent.name for name in names],
            "row": [*rows, *range(len(parts["test"]))],
        }
    ).astype({"stimulus_id": object, "split": object, "object": object})
    check_unique(table["stimulus_id"].to_numpy(), "the base name", path)
    archive = ImageArchive(files["images"])
    place = {PurePosixPath(name).name: i for i, name in enumerate(archive.names)}
    missing = [name for name in names if name.name not in place]
    if missing:
        raise VentralError(
            f"{archive.path}: {len(missing)} of the {len(names)} images of {path} are missing,"
            f" the first is {str(missing[0])!r}"
        )
    size, fit = settings["image_size"], settings["fit"]

    def read_image(row: int) -> np.ndarray:
        return fit_image(archive.read_image(place[names[row].name]), size, fit)

    return StimulusSet(table, height=size, width=size, read_image=read_image)


def read_responses(
    settings: Mapping, files: Mapping[str, Path], stimulus_table: pd.DataFrame
) -> Responses:
    """Return the averages of train and test images, and the repetitions of the test images.

    Parameters
    ----------
    settings : Mapping
        ``animal``, F or N; ``regions``, the regions to keep (all); ``electrodes``, first and last
        of each region, counted from 1, where they are not those of `REGIONS`.
    files : Mapping
        ``responses`` (MATLAB 7.3).
    stimulus_table : DataFrame
        Of `read_stimuli`, in its order.

    Returns
    -------
    Responses
        Electrodes without any number are left out, with a warning.

    Raises
    ------
    VentralError
        Naming file and key where an array is missing or of another shape, where a response is
        infinite, and for regions and electrodes that do not exist.

    """
    path = files["responses"]
    part = stimulus_table["split"].to_numpy()
    rows = stimulus_table["row"].to_numpy()
    is_test = part == "test"
    with open_hdf5(path) as file:
        train = dataset(file, "train_MUA", (None, None))
        electrodes = train.shape[1]
        n_test = int(is_test.sum())
        if rows[~is_test].max() >= len(train):
            raise VentralError(
                f"{path}: key 'train_MUA' has shape {train.shape}; the table has a train image"
                f" {rows[~is_test].max() + 1}"
            )
        test = dataset(file, "test_MUA", (n_test, electrodes))
        single = dataset(file, "test_MUA_reps", (None, n_test, electrodes))
        sites, columns = _sites(settings, electrodes, path)
        average = np.empty((len(rows), len(columns)))
        average[~is_test] = _columns(train, columns)[rows[~is_test]]
        average[is_test] = _columns(test, columns)[rows[is_test]]
        trials = np.full((len(rows), len(columns), len(single)), np.nan, np.float32)
        trials[is_test] = _columns(single, columns).transpose(1, 2, 0)[rows[is_test]]
    silent: np.ndarray = np.all(np.isnan(average), axis=0)
    if silent.all():
        raise VentralError(f"{path}: no electrode has a response")
    if silent.any():
        names = ", ".join(sites["site_id"][silent][:5])
        logger.warning("%s: %d electrodes have no signal: %s", path, silent.sum(), names)
        sites = sites[~silent].reset_index(drop=True)
        average, trials = average[:, ~silent], trials[:, ~silent]
    _compare(average[is_test], trials[is_test], path)
    return Responses(stimulus_table["stimulus_id"].to_numpy(), sites, average, trials)


def _sites(settings: Mapping, electrodes: int, path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the site table and the column of each site, region by region."""
    animal = settings["animal"]
    ranges = settings.get("electrodes") or REGIONS[animal]
    wanted = settings.get("regions") or list(ranges)
    names: list[str] = []
    regions: list[str] = []
    columns: list[int] = []
    for region in wanted:
        if region not in ranges:
            raise VentralError(
                f"responses: regions: {region!r} is unknown; there is {', '.join(ranges)}"
            )
        first, last = ranges[region]
        if not 1 <= first <= last <= electrodes:
            raise VentralError(
                f"{path}: {region} is to have the electrodes {first} to {last}; there are"
                f" {electrodes} (responses: electrodes)"
            )
        columns += range(first - 1, last)
        names += [f"{animal}_{electrode:04d}" for electrode in range(first, last + 1)]
        regions += [region] * (last - first + 1)
    if len(set(names)) < len(names):
        raise VentralError("responses: electrodes: two regions have an electrode in common")
    sites = pd.DataFrame({"site_id": names, "region": regions, "animal": animal}, dtype=object)
    return sites, np.array(columns)


def _columns(found: h5py.Dataset, columns: np.ndarray) -> np.ndarray:
    """Return the columns of the last axis, read as one block."""
    first = columns.min()
    block = read(found, (..., slice(first, columns.max() + 1)))
    return block[..., columns - first]


def _compare(average: np.ndarray, trials: np.ndarray, path: Path) -> None:
    """Warn where the test averages are not the means of their repetitions."""
    present = ~np.isnan(trials)
    total = np.where(present, trials, 0).sum(axis=2, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        difference = np.nanmax(np.abs(average - total / present.sum(axis=2)))
    if difference > 1e-3:
        logger.warning(
            "%s: the means of test_MUA_reps are not test_MUA (largest difference %.3g)",
            path,
            difference,
        )
