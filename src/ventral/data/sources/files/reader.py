"""Anybody's recordings: a zip or a folder of images, and responses in a file of their own.

Responses belong to images by ``stimulus_id``, the image's base name without its ending.
"""

import logging
import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from ventral.data.archives import ImageArchive, decode_image
from ventral.data.assign_split import random_split
from ventral.data.image_folders import IMAGE_ENDINGS
from ventral.data.image_sizes import fit_image
from ventral.data.response_files import check_unique, read_response_file, read_table
from ventral.data.responses import Responses
from ventral.data.stimuli import LABELS, SPLITS, StimulusSet
from ventral.data.time_windows import sites_in_time, windows_of
from ventral.errors import VentralError, suggest

logger = logging.getLogger(__name__)

FOLDER = "images/"
"""Where images is a folder, its files come one by one, under keys that begin so."""
MAX_NAMED = 3


def read_stimuli(settings: Mapping, files: Mapping[str, Path]) -> StimulusSet:
    """Return the images in the order of their base names, all of one size.

    Parameters
    ----------
    settings : Mapping
        ``image_size``, the side in pixels; ``fit`` (see `fit_image`); ``split_seed``.
    files : Mapping
        ``images`` (zip), or ``images/...`` (the files of a folder); and, if there is one,
        ``table``, a CSV with ``stimulus_id`` and any of ``split``, ``object``, ``category``.

    Returns
    -------
    StimulusSet
        Its split is that of the table, else random and seeded, 4 : 1 : 1.

    Raises
    ------
    VentralError
        For what `ImageArchive` refuses, for two images of one base name, and where the table's
        stimuli are not the images.

    """
    names, read_file, where = _images(files)
    return stimulus_set(names, read_file, where, settings, files.get("table"))


def stimulus_set(
    names: list[str],
    read_image: Callable[[int], np.ndarray],
    where: str,
    settings: Mapping,
    path: Path | None,
) -> StimulusSet:
    """Return images in the order of their base names, all of one size.

    Parameters
    ----------
    names : list of str
        Of the images, with or without folder and ending.
    read_image : callable
        Returns image i, (height, width, 3), uint8.
    where : str
        Where the images are, for messages.
    settings : Mapping
        ``image_size``, ``fit`` and ``split_seed``.
    path : Path or None
        A table of the images as of `read_stimuli`.

    Returns
    -------
    StimulusSet

    Raises
    ------
    VentralError
        As `read_stimuli`.

    """
    paths = [PurePosixPath(name) for name in names]
    bases = [base_name(path.name) for path in paths]
    order = sorted(range(len(paths)), key=lambda i: paths[i].name)
    table = pd.DataFrame({"stimulus_id": [bases[i] for i in order]}, dtype=object)
    twice = table["stimulus_id"].duplicated()
    if twice.any():
        name = table["stimulus_id"][twice].iloc[0]
        same = ", ".join(str(path) for path, base in zip(paths, bases, strict=True) if base == name)
        raise VentralError(f"{where}: {same} have the base name {name!r} in common")
    if path is not None:
        _add_columns(table, path)
    if "split" not in table:
        table["split"] = random_split(len(table), seed=settings["split_seed"])
    table.insert(1, "split", table.pop("split"))
    size, fit = settings["image_size"], settings["fit"]
    return StimulusSet(table, size, size, lambda row: fit_image(read_image(order[row]), size, fit))


def read_responses(
    settings: Mapping, files: Mapping[str, Path], stimulus_table: pd.DataFrame
) -> Responses:
    """Return the responses in the order of the stimuli.

    Parameters
    ----------
    settings : Mapping
        ``region`` and ``animal`` of all sites, where there is no site table; ``time``, windows of
        time where the file has time bins; ``columns`` of a table in long form.
    files : Mapping
        ``responses`` (`read_response_file`; the rows of an npy are the images by sorted base name)
        and, if there is one, ``sites``, a CSV with ``site_id``, ``region`` and ``animal``.
    stimulus_table : DataFrame
        Of `read_stimuli`, in its order.

    Returns
    -------
    Responses
        An empty field is a missing response. A stimulus whose fields are all empty is predicted and
        not scored.

    Raises
    ------
    VentralError
        Naming the file where stimuli or sites do not match, where rows without names have two
        possible orders, and where a response is infinite or all are missing.

    """
    path = files["responses"]
    windows = windows_of(settings)
    given = read_response_file(path, windows, settings.get("columns"))
    stimulus_id = stimulus_table["stimulus_id"].to_numpy()
    values = given.values
    if given.stimulus_id is not None:
        names = np.array([base_name(name) for name in given.stimulus_id], object)
        check_unique(names, "stimulus_id", path)
        values = values[_matching(names, stimulus_id, "stimulus", path, "the images")]
    elif len(values) != len(stimulus_id):
        raise VentralError(
            f"{path} has {len(values)} rows (shape {values.shape[:2]}), but there are"
            f" {len(stimulus_id)} images; it needs (images, sites)"
        )
    else:
        _check_order(stimulus_id, path)
    site_id = given.site_id
    if site_id is None:
        n_sites = values.shape[1] // max(1, len(windows))
        site_id = np.array([f"site_{i:03d}" for i in range(n_sites)], object)
    sites = sites_in_time(_sites(settings, files, site_id), windows)
    site_id = sites["site_id"].to_numpy()
    if np.isinf(values).any():
        row, site, _ = np.argwhere(np.isinf(values))[0]
        raise VentralError(
            f"{path}: the response to {stimulus_id[row]!r} at site {site_id[site]!r} is infinite"
        )
    present = ~np.isnan(values)
    count = present.sum(axis=2)
    total = np.where(present, values, 0).sum(axis=2)
    if not count.any():
        raise VentralError(f"{path} has no response: every field is empty or NaN")
    average = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return Responses(stimulus_id, sites, average, values if values.shape[2] > 1 else None)


def _images(files: Mapping[str, Path]) -> tuple[list[str], Callable[[int], np.ndarray], str]:
    """Return the names of the images, what reads image i, and where they are."""
    if "images" in files:
        archive = ImageArchive(files["images"])
        return archive.names, archive.read_image, str(archive.path)
    paths = [path for key, path in files.items() if key.startswith(FOLDER)]
    return (
        [key for key in files if key.startswith(FOLDER)],
        lambda i: decode_image(paths[i].read_bytes(), f"image {paths[i]}"),
        str(paths[0].parent),
    )


def _check_order(stimulus_id: np.ndarray, path: Path) -> None:
    """Refuse rows without names where the images' names could be meant in two orders."""

    def by_number(name: str) -> list:
        return [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in re.split(r"(\d+)", name)]

    by_numbers = sorted(stimulus_id, key=by_number)
    for row, (here, there) in enumerate(zip(stimulus_id, by_numbers, strict=True), start=1):
        if here != there:
            raise VentralError(
                f"{path} does not name its stimuli, and row {row} may be {here!r} (images in the"
                f" order of the text of their names) or {there!r} (in the order of their numbers)."
                " Save the responses with their stimulus_id, as .csv, .npz or .h5"
            )
    logger.info(
        "%s does not name its stimuli: its rows are matched with the images by order alone, from"
        " %r to %r",
        path,
        stimulus_id[0],
        stimulus_id[-1],
    )


def _add_columns(table: pd.DataFrame, path: Path) -> None:
    given = read_table(path, ("stimulus_id",))
    names = np.array([base_name(name) for name in given["stimulus_id"]], object)
    check_unique(names, "stimulus_id", path)
    ids = table["stimulus_id"].to_numpy()
    given = given.iloc[_matching(names, ids, "stimulus", path, "the images")]
    known = ("split", *LABELS)
    for column in given.columns.drop("stimulus_id"):
        if column not in known:
            raise VentralError(f"{path}: column {column!r} is unknown; {suggest(column, known)}")
        values = given[column].to_numpy()
        if column == "split":
            for i, value in enumerate(values):
                if value not in SPLITS:
                    raise VentralError(
                        f"{path}: split {value!r} of stimulus {ids[i]!r} is none of"
                        f" {', '.join(SPLITS)}"
                    )
        table[column] = values


def _sites(settings: Mapping, files: Mapping[str, Path], site_id: np.ndarray) -> pd.DataFrame:
    if "sites" not in files:
        return pd.DataFrame(
            {"site_id": site_id, "region": settings["region"], "animal": settings["animal"]}
        )
    path = files["sites"]
    table = read_table(path, ("site_id", "region"))
    names = table["site_id"].to_numpy()
    check_unique(names, "site_id", path)
    rows = _matching(names, site_id, "site", path, str(files["responses"]))
    animal = table["animal"] if "animal" in table else settings["animal"]
    known = [name for name in ("site_id", "region", "session") if name in table]
    table = table[known].assign(animal=animal)
    return table.iloc[rows].reset_index(drop=True)


def base_name(name: str) -> str:
    """Return the name of an image without its folder and without the ending of an image."""
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in IMAGE_ENDINGS else path.name


def _matching(
    names: np.ndarray, wanted: np.ndarray, what: str, path: Path, other: str
) -> list[int]:
    """Return the rows of `names` in the order of `wanted`; both must have the same names.

    Names that differ in case, in the spaces around them or in how an accent is encoded are the same
    where they stay different from all others of their side.
    """
    alike, alike_wanted = _plain(names), _plain(wanted)
    if set(names) != set(wanted) and len(set(alike)) == len(names) == len(set(alike_wanted)):
        exact = dict(zip(alike_wanted, wanted, strict=True))
        taken = [exact.get(plain, name) for plain, name in zip(alike, names, strict=True)]
        changed = [(a, b) for a, b in zip(names, taken, strict=True) if a != b]
        if changed:
            logger.info(
                "%s: %d names are matched with %s though they are written differently; the first"
                " is %r with %r",
                path,
                len(changed),
                other,
                *changed[0],
            )
        names = np.array(taken, object)
    place = {name: i for i, name in enumerate(names)}
    missing = [name for name in wanted if name not in place]
    known = set(wanted)
    unknown = [name for name in names if name not in known]
    if missing:
        instead = f"; not found in {other}: {_some(unknown, what)}" if unknown else ""
        raise VentralError(f"{path} has no row for {_some(missing, what)} of {other}{instead}")
    if unknown:
        raise VentralError(f"{path}: not found in {other}: {_some(unknown, what)}")
    return [place[name] for name in wanted]


def _plain(names: np.ndarray) -> list[str]:
    return [unicodedata.normalize("NFC", str(name)).strip().casefold() for name in names]


def _some(names: list, what: str) -> str:
    """Name the first few: "2 stimuli ('a', 'b')"."""
    shown = ", ".join(repr(str(name)) for name in names[:MAX_NAMED])
    if len(names) > MAX_NAMED:
        shown += ", ..."
    plural = {"stimulus": "stimuli", "site": "sites"}[what]
    return f"{len(names)} {what if len(names) == 1 else plural} ({shown})"
