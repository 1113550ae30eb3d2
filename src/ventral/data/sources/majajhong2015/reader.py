"""Macaque IT and V4, Brain-Score's public part of Majaj, Hong, Solomon and DiCarlo (2015).

Three files: ``assembly``, netCDF4, with one variable neuroid × presentation (× time_bin; in the
public file one bin, the rate 70 to 170 ms after the image) and coordinates along each;
``table``, the CSV of the stimuli; ``images``, their zip. It is read with h5py (netCDF4 is
HDF5), which makes no second copy of the 150 MB.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import h5py
import numpy as np
import pandas as pd

from ventral.data.archives import ImageArchive
from ventral.data.assign_split import random_split
from ventral.data.hdf5 import dataset, open_hdf5, read, read_names
from ventral.data.response_files import check_unique, read_text_table
from ventral.data.responses import Responses
from ventral.data.stimuli import StimulusSet
from ventral.data.time_windows import (
    Window,
    average_bins,
    bin_weights,
    refuse_time,
    sites_in_time,
    windows_of,
)
from ventral.errors import VentralError

VARIABLE = "dicarlo.MajajHong2015.public"
ID_NAMES = ("stimulus_id", "image_id")
FILE_NAMES = ("filename", "image_file_name")
LABELS = {"object_name": "object", "category_name": "category"}
POSE = ("variation", "s", "ty", "tz", "rxy", "rxz", "ryz")
TIME_BINS = ("time_bin_start", "time_bin_end")
NEUROIDS_AT_ONCE = 16


def read_stimuli(settings: Mapping, files: Mapping[str, Path]) -> StimulusSet:
    """Return the stimuli in the order of the CSV, with object, category, variation and pose.

    Parameters
    ----------
    settings : Mapping
        ``split_seed`` (0) of the split, 4 : 1 : 1, stratified by object.
    files : Mapping
        ``images`` (zip) and ``table`` (CSV).

    Returns
    -------
    StimulusSet

    Raises
    ------
    VentralError
        For what `ImageArchive` refuses, where the CSV lacks a column or has a stimulus twice, and
        where an image is not in the zip.

    """
    path = files["table"]
    given = read_text_table(path)
    ids = given[_column(given, ID_NAMES, path)].to_numpy()
    check_unique(ids, "stimulus_id", path)
    table = pd.DataFrame({"stimulus_id": ids}, dtype=object)
    for theirs, ours in LABELS.items():
        table[ours] = given[_column(given, (theirs,), path)].to_numpy()
    for column in POSE:
        if column in given:
            table[column] = pd.to_numeric(given[column], errors="coerce").to_numpy(float)
    if "background_id" in given:
        table["background_id"] = given["background_id"].to_numpy()
    labels = table["object"].to_numpy()
    split = random_split(len(table), seed=settings.get("split_seed", 0), stratify=labels)
    table.insert(1, "split", split)

    archive = ImageArchive(files["images"])
    place = {PurePosixPath(name).name: i for i, name in enumerate(archive.names)}
    names = [PurePosixPath(name).name for name in given[_column(given, FILE_NAMES, path)]]
    missing = [name for name in names if name not in place]
    if missing:
        raise VentralError(
            f"{archive.path}: {len(missing)} of the {len(names)} images of {path} are missing,"
            f" the first is {missing[0]!r}"
        )
    height, width, _ = archive.read_image(place[names[0]]).shape
    return StimulusSet(table, height, width, lambda row: archive.read_image(place[names[row]]))


def read_responses(
    settings: Mapping, files: Mapping[str, Path], stimulus_table: pd.DataFrame
) -> Responses:
    """Return the responses with their repetitions, whose number differs between stimuli.

    Parameters
    ----------
    settings : Mapping
        ``regions``, the regions to keep (all); ``time``, windows of time over whose bins responses
        are averaged; of an assembly with one bin it need not be given.
    files : Mapping
        ``assembly`` (netCDF4).
    stimulus_table : DataFrame
        Of `read_stimuli`, in its order.

    Returns
    -------
    Responses

    Raises
    ------
    VentralError
        Naming the file and the key where the variable or a coordinate is missing or of another
        length, where presentations and stimuli do not match, where a response is infinite or a
        site has none to a stimulus, and for a region that no site has.

    """
    path = files["assembly"]
    with open_hdf5(path) as file:
        values = dataset(file, VARIABLE)
        sites = pd.DataFrame(
            {
                "site_id": (site_id := _names(file, ("neuroid_id",))),
                "region": _names(file, ("region",), len(site_id)),
                "animal": _names(file, ("animal",), len(site_id)),
            }
        )
        presented = _names(file, ID_NAMES)
        windows = windows_of(settings)
        weights = _weights(file, values, (len(sites), len(presented)), windows)
        kept = _sites_of(sites["region"], settings.get("regions"), path)
        stimulus_id = stimulus_table["stimulus_id"].to_numpy()
        row, place = _places(presented, stimulus_id, path)
        n_sites = len(kept)
        repetitions = np.full(
            (len(stimulus_id), len(weights) * n_sites, place.max() + 1), np.nan, dtype=np.float32
        )
        for start in range(0, n_sites, NEUROIDS_AT_ONCE):
            block = kept[start : start + NEUROIDS_AT_ONCE]
            for window, recorded in enumerate(_recorded(values, block, weights)):
                first = window * n_sites + start
                repetitions[row, first : first + len(block), place] = recorded
    sites = sites_in_time(sites.iloc[kept].reset_index(drop=True), windows)
    return Responses(
        stimulus_id, sites, _average(repetitions, sites, stimulus_id, path), repetitions
    )


def _column(table: pd.DataFrame, names: tuple[str, ...], path: Path) -> str:
    for name in names:
        if name in table:
            return name
    raise VentralError(
        f"{path} has no column {' or '.join(map(repr, names))}; it has {', '.join(table.columns)}"
    )


def _names(file: h5py.File, keys: tuple[str, ...], length: int | None = None) -> np.ndarray:
    """Return a coordinate of text, under the first of its names that the file has."""
    key = next((key for key in keys if key in file), keys[0])
    return read_names(dataset(file, key, (length,), "SO"))


def _weights(
    file: h5py.File, values: h5py.Dataset, wanted: tuple[int, int], windows: list[Window]
) -> np.ndarray:
    """Return the weight of each time bin in the mean of each window, (windows, bins)."""
    path = file.filename
    coordinates = all(key in file for key in TIME_BINS)
    bins = dataset(file, TIME_BINS[0], (None,)).size if coordinates else 1
    if values.shape != (*wanted, bins) and (bins != 1 or values.shape != wanted):
        raise VentralError(
            f"{path}: key {VARIABLE!r} has shape {values.shape}; its coordinates need"
            f" {(*wanted, bins)}, neuroid × presentation × time_bin"
        )
    if not windows and bins == 1:
        return np.ones((1, 1))
    if not coordinates:
        raise VentralError(
            f"{path} has no {' and '.join(TIME_BINS)}, so its time bin is not known; remove"
            " responses: time"
        )
    starts, stops = (read(dataset(file, key, (bins,))) for key in TIME_BINS)
    refuse_time(Path(path), windows, starts)
    return bin_weights(starts, stops, windows, path)


def _sites_of(region: pd.Series, wanted: list[str] | None, path: Path) -> np.ndarray:
    """Return the indices of the sites of the wanted regions."""
    for name in wanted or ():
        if name not in set(region):
            raise VentralError(
                f"{path}: no site is of region {name!r}; there is {', '.join(sorted(set(region)))}"
            )
    return np.flatnonzero(region.isin(wanted) if wanted else np.ones(len(region), bool))


def _places(
    presented: np.ndarray, stimulus_id: np.ndarray, path: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Return of each presentation the row of its stimulus and its place among its repetitions."""
    row = pd.Index(stimulus_id).get_indexer(presented)
    if (row < 0).any():
        name = presented[(row < 0).argmax()]
        raise VentralError(
            f"{path}: {int((row < 0).sum())} presentations are of stimuli that the table does not"
            f" have, the first is {name!r}"
        )
    never = np.bincount(row, minlength=len(stimulus_id)) == 0
    if never.any():
        raise VentralError(
            f"{path}: {int(never.sum())} stimuli of the table were never presented, the first is"
            f" {stimulus_id[never.argmax()]!r}"
        )
    return row, pd.Series(row).groupby(row).cumcount().to_numpy()


def _recorded(values: h5py.Dataset, neuroids: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the responses of some neuroids, (windows, presentations, neuroids)."""
    if weights.shape == (1, 1):
        block = read(values, slice(neuroids[0], neuroids[-1] + 1))[neuroids - neuroids[0]]
        return block.reshape(1, len(neuroids), -1).swapaxes(1, 2)
    # With many bins the block of a neuroid is as large as that of many without.
    each = [average_bins(read(values, neuroid), weights) for neuroid in neuroids]
    return np.stack(each, axis=2)


def _average(
    repetitions: np.ndarray, sites: pd.DataFrame, stimulus_id: np.ndarray, path: Path
) -> np.ndarray:
    """Return the means over repetitions, (stimuli, sites) float64, site by site."""
    n_stimuli, n_sites = repetitions.shape[:2]
    average = np.empty((n_stimuli, n_sites))
    for site in range(n_sites):
        of_site = repetitions[:, site].astype(np.float64)
        present = ~np.isnan(of_site)
        bad = np.isinf(of_site).any(axis=1) | ~present.any(axis=1)
        if bad.any():
            raise VentralError(
                f"{path}: site {sites['site_id'][site]!r} has infinite or no responses to"
                f" {int(bad.sum())} stimuli, the first is {stimulus_id[bad.argmax()]!r}"
            )
        average[:, site] = np.where(present, of_site, 0).sum(axis=1) / present.sum(axis=1)
    return average
