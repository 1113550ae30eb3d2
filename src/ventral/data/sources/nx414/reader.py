"""Macaque IT, the file IT_data.h5 of EPFL's course NX-414: recordings of Majaj et al. (2015).

Keys: ``stimulus_{train,val,test}`` (n, 3, height, width), ImageNet-normalised;
``spikes_{train,val}`` (n, sites), mean firing rate 70 to 170 ms after the image, centred;
``object_{train,val,test}`` (n,), latin-1 names. The parts are the file's own. The test part has no
spikes: it gets predictions and no scores.
"""

import logging
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from ventral.data.hdf5 import dataset, open_hdf5, read, read_names
from ventral.data.responses import Responses
from ventral.data.stimuli import StimulusSet
from ventral.errors import VentralError
from ventral.jobs.progress import track

logger = logging.getLogger(__name__)

PARTS = {"train": "train", "validation": "val", "test": "test"}
"""Our name of a part, and how the file's keys of it end."""
MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])
INTEGER_TOLERANCE = 1e-2
"""Largest distance, in grey levels, from the integers that float32 images came from: rounding of
the normalised values gives up to 3e-5."""
RANGE_TOLERANCE = 2e-2
"""How far undone values may leave 0 to 1: resampling with a bicubic filter overshoots."""
MAX_ROWS = 256
"""Images read at once where the file's chunks span more."""
REGION = "IT"


def read_stimuli(settings: Mapping, files: Mapping[str, Path]) -> StimulusSet:
    """Return the images of all parts, with the file's own split.

    Parameters
    ----------
    settings : Mapping
        ``categories``, ``{category: [object, ...]}``; an object may be a pattern such as
        ``face*``. Without it there is no column ``category``.
    files : Mapping
        ``data``, the HDF5 file.

    Returns
    -------
    StimulusSet
        The normalisation is undone. Where all values of all images are then whole grey levels the
        images are uint8, exactly what was normalised; else they are float32 on the scale 0 to 1. A
        stimulus_id is the file's name of the part and the row in it: ``val_0017``.

    Raises
    ------
    VentralError
        Naming file, key and shape where a key is missing or of another shape, where values leave
        the range of an image, and where an object has no category or two.

    """
    path = files["data"]
    with open_hdf5(path) as file:
        sides = dataset(file, "stimulus_train", (None, 3, None, None), "f").shape[2:]
        tables = []
        for part, key in PARTS.items():
            n = len(dataset(file, f"stimulus_{key}", (None, 3, *sides), "f"))
            objects = read_names(dataset(file, f"object_{key}", (n,), "SO"), "latin-1")
            ids = [f"{key}_{row:04d}" for row in range(n)]
            tables.append(pd.DataFrame({"stimulus_id": ids, "split": part, "object": objects}))
        table = pd.concat(tables, ignore_index=True).astype(object)
        if settings.get("categories"):
            table["category"] = categories_of(table["object"], settings["categories"], path)
        dtype = _dtype_of_images(file, len(table))
    sizes = {part: int((table["split"] == part).sum()) for part in PARTS}
    images = _Images(path, sizes, dtype)
    height, width = sides
    return StimulusSet(table, height, width, images.read_image, dtype)


def categories_of(objects: pd.Series, categories: Mapping, path: Path) -> list[str]:
    """Return the category of each object, by name or pattern.

    Parameters
    ----------
    objects : (n,) Series of str
        Name of the object of each stimulus.
    categories : Mapping
        {category: names or patterns of its objects}.
    path : Path
        Of the file with the objects, for the error message.

    Returns
    -------
    list of str, n long

    Raises
    ------
    VentralError
        Naming an object that no category has, or two.

    """
    found = {}
    for name in dict.fromkeys(objects):
        having = [
            category
            for category, patterns in categories.items()
            if any(fnmatchcase(name, pattern) for pattern in patterns)
        ]
        if len(having) != 1:
            what = f"in two categories ({', '.join(having)})" if having else "in no category"
            raise VentralError(
                f"{path}: object {name!r} is {what} of the config's stimuli: categories;"
                " put it into one"
            )
        found[name] = having[0]
    return [found[name] for name in objects]


def read_responses(
    settings: Mapping, files: Mapping[str, Path], stimulus_table: pd.DataFrame
) -> Responses:
    """Return the averaged responses; stimuli of a part without spikes have rows of NaN.

    Parameters
    ----------
    settings : Mapping
        ``animal`` ("").
    files : Mapping
        ``data``, the HDF5 file.
    stimulus_table : DataFrame
        Of `read_stimuli`, in its order.

    Returns
    -------
    Responses
        Sites are ``IT_000``, ``IT_001``, ... in the order of the columns.

    Raises
    ------
    VentralError
        Naming file, key and shape where spikes are missing for train or validation, have another
        shape or are not finite.

    """
    path = files["data"]
    averages = []
    with open_hdf5(path) as file:
        n_sites = dataset(file, "spikes_train", (None, None)).shape[1]
        for part, key in PARTS.items():
            n = int((stimulus_table["split"] == part).sum())
            if part == "test" and f"spikes_{key}" not in file:
                averages.append(np.full((n, n_sites), np.nan))
                continue
            spikes = read(dataset(file, f"spikes_{key}", (n, n_sites))).astype(np.float64)
            bad = ~np.isfinite(spikes)
            if bad.any():
                row, site = np.argwhere(bad)[0]
                raise VentralError(
                    f"{path}: key 'spikes_{key}' has {int(bad.sum())} values of {bad.size} that"
                    f" are NaN or infinite; the first is in row {row}, column {site}"
                )
            averages.append(spikes)
    sites = pd.DataFrame(
        {
            "site_id": [f"{REGION}_{site:03d}" for site in range(n_sites)],
            "region": REGION,
            "animal": settings.get("animal", ""),
        }
    )
    return Responses(stimulus_table["stimulus_id"].to_numpy(), sites, np.concatenate(averages))


def _grey_levels(normalised: np.ndarray) -> np.ndarray:
    """Undo the normalisation: (rows, 3, height, width) to (rows, height, width, 3), 0 to 255."""
    return (normalised.transpose(0, 2, 3, 1) * STD + MEAN) * 255


def _blocks(stimuli: h5py.Dataset) -> Iterator[slice]:
    """Give blocks of rows that follow the file's chunks, so that none is unpacked twice."""
    rows = min((stimuli.chunks or (1,))[0], MAX_ROWS)
    for start in range(0, len(stimuli), rows):
        yield slice(start, min(start + rows, len(stimuli)))


def _dtype_of_images(file: h5py.File, n: int) -> str:
    """Return uint8 where all images are whole grey levels, else float32; look at all of them."""
    farthest = 0.0
    blocks = [
        (file[f"stimulus_{key}"], block)
        for key in PARTS.values()
        for block in _blocks(file[f"stimulus_{key}"])
    ]
    for stimuli, block in track(blocks, len(blocks), "images checked"):
        levels = _grey_levels(read(stimuli, block))
        low, high = levels.min() / 255, levels.max() / 255
        if not (low >= -RANGE_TOLERANCE and high <= 1 + RANGE_TOLERANCE):
            raise VentralError(
                f"{file.filename}: key {stimuli.name.lstrip('/')!r} (shape {stimuli.shape}) has"
                f" values from {low:.3g} to {high:.3g} in rows {block.start} to {block.stop - 1}"
                " after ImageNet's mean and standard deviation were undone; images have 0 to 1"
            )
        farthest = max(farthest, float(np.abs(levels - np.rint(levels)).max()))
    whole = farthest <= INTEGER_TOLERANCE
    logger.info(
        "the %d images are kept as %s: their values are at most %.2g from whole grey levels",
        n,
        "uint8" if whole else "float32",
        farthest,
    )
    return "uint8" if whole else "float32"


class _Images:
    """The images by row of the table; the block of the file read last is kept."""

    def __init__(self, path: Path, sizes: Mapping[str, int], dtype: str):
        self.path, self.dtype = path, dtype
        self.places = [
            (f"stimulus_{key}", row)
            for part, key in PARTS.items()
            for row in range(sizes.get(part, 0))
        ]
        self.kept = ("", range(0))

    def read_image(self, row: int) -> np.ndarray:
        key, i = self.places[row]
        if self.kept[0] != key or i not in self.kept[1]:
            with open_hdf5(self.path) as file:
                stimuli = dataset(file, key)
                block = next(block for block in _blocks(stimuli) if block.start <= i < block.stop)
                self.block = _grey_levels(read(stimuli, block))
            self.kept = (key, range(block.start, block.stop))
        image = self.block[i - self.kept[1].start]
        if self.dtype == "uint8":
            return np.rint(image).astype(np.uint8)
        return (image / 255).astype(np.float32)
