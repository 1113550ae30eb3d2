"""Macaque V4, spike counts in 100 ms to natural images: one session of Cowley et al. (2023).

The files are those of the study's public repository (github.com/cowleygroup/V4_compact_models,
``data_V4_responses``): ``images`` (zip), ``responses`` (npy, averaged over repeats, sites × images)
and, where a session has it, ``repetitions`` (npy, single trials, sites × images × repeats, absent
repeats NaN). Column i of the responses belongs to the i-th image by sorted base name.
"""

import logging
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from ventral.data.archives import ImageArchive
from ventral.data.arrays import read_npy
from ventral.data.assign_split import random_split
from ventral.data.responses import Responses
from ventral.data.stimuli import StimulusSet
from ventral.errors import VentralError

logger = logging.getLogger(__name__)

REGION = "V4"


def read_stimuli(settings: Mapping, files: Mapping[str, Path]) -> StimulusSet:
    """Return the images of a session, sorted by base name, with a seeded random split.

    Parameters
    ----------
    settings : Mapping
        ``split_seed`` (0).
    files : Mapping
        ``images`` (zip).

    Returns
    -------
    StimulusSet
        A stimulus_id is an image's base name without its ending. ``colour`` is ``grey`` or
        ``colour``: session 210322 has about 600 grey images of Bashivan et al. (2019) beside
        natural ones, and no file says which is which.

    Raises
    ------
    VentralError
        For what `ImageArchive` refuses and where two images share a base name.

    """
    archive = ImageArchive(files["images"])
    paths = [PurePosixPath(name) for name in archive.names]
    order = sorted(range(len(archive)), key=lambda i: paths[i].name)
    table = pd.DataFrame({"stimulus_id": [paths[i].stem for i in order]}, dtype=object)
    twice = table["stimulus_id"].duplicated()
    if twice.any():
        name = table["stimulus_id"][twice].iloc[0]
        places = [str(path) for path in paths if path.stem == name]
        raise VentralError(
            f"{archive.path}: {len(places)} images have the base name {name!r}"
            f" ({', '.join(places)}); responses belong to images by base name"
        )
    table["split"] = random_split(len(table), seed=settings.get("split_seed", 0))
    table["colour"] = ["grey" if _is_grey(archive.read_image(i)) else "colour" for i in order]
    height, width, _ = archive.read_image(order[0]).shape
    return StimulusSet(table, height, width, lambda row: archive.read_image(order[row]))


def _is_grey(image: np.ndarray) -> bool:
    """Return whether an image has no colour: its channels differ by less than one level of 255."""
    return float(np.ptp(image.astype(np.int16), axis=2).mean()) < 1


def read_responses(
    settings: Mapping, files: Mapping[str, Path], stimulus_table: pd.DataFrame
) -> Responses:
    """Return the responses of a session: averaged spike counts, and single trials where given.

    Parameters
    ----------
    settings : Mapping
        ``session`` (which names the sites) and ``animal`` ("").
    files : Mapping
        ``responses`` and, if there is one, ``repetitions`` (npy).
    stimulus_table : DataFrame
        Of `read_stimuli`, in its order.

    Returns
    -------
    Responses

    Raises
    ------
    VentralError
        Naming the file where the number of columns is not that of the images, where a response is
        infinite, where the repetitions are of another shape, and where averaged responses are
        missing (NaN) that have repetitions, or the other way round.

    """
    stimulus_id = stimulus_table["stimulus_id"].to_numpy()
    average = read_npy(files["responses"]).astype(np.float64)
    if average.ndim != 2 or average.shape[1] != len(stimulus_id):
        columns = average.shape[1] if average.ndim == 2 else "no"
        raise VentralError(
            f"{files['responses']} has {columns} columns (shape {average.shape}), but there are"
            f" {len(stimulus_id)} images; it needs (sites, images)"
        )
    site_id = np.array([f"{settings['session']}_{i:02d}" for i in range(len(average))], object)

    def refuse(bad: np.ndarray, path: Path, what: str) -> None:
        """Raise for the first of `bad`, (sites, images)."""
        if bad.any():
            site, image = np.argwhere(bad)[0]
            raise VentralError(
                f"{path}: {what} for {int(bad.sum())} of {bad.size} pairs of site and stimulus;"
                f" the first is stimulus {stimulus_id[image]!r} at site {site_id[site]!r}"
            )

    refuse(np.isinf(average), files["responses"], "the response is infinite")
    repetitions = None
    if "repetitions" in files:
        path = files["repetitions"]
        repetitions = read_npy(path).astype(np.float64)
        if repetitions.ndim != 3 or repetitions.shape[:2] != average.shape:
            raise VentralError(
                f"{path} has shape {repetitions.shape}; the averaged responses have"
                f" {average.shape}, so it needs {average.shape} and a third axis of repetitions"
            )
        refuse(np.any(np.isinf(repetitions), axis=2), path, "a repetition is infinite")
        never, missing = np.all(np.isnan(repetitions), axis=2), np.isnan(average)
        refuse(never & ~missing, path, "the response has no repetition")
        refuse(missing & ~never, files["responses"], "the response is NaN and has repetitions")
        _compare(average[~missing], np.nanmean(repetitions[~missing], axis=1), path)
        repetitions = repetitions.transpose(1, 0, 2)
    sites = pd.DataFrame(
        {
            "site_id": site_id,
            "region": REGION,
            "animal": settings.get("animal", ""),
            "session": settings["session"],
        }
    )
    return Responses(stimulus_id, sites, average.T, repetitions)


def _compare(average: np.ndarray, mean: np.ndarray, path: Path) -> None:
    """Warn where the given averages are not the means of the repetitions.

    They are bit-identical in session 210325; the study does not promise it for the others.
    """
    difference = np.abs(average - mean).max(initial=0)
    if difference > 1e-6:
        correlation = np.corrcoef(average, mean)[0, 1]
        logger.warning(
            "%s: the means of the repetitions are not the averaged responses (largest difference"
            " %.3g, correlation %.4f)",
            path,
            difference,
            correlation,
        )
