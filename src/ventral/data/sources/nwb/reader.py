"""Recordings in Neurodata Without Borders files: spikes or a time series around presentations.

Each file is a session. The forms that DANDI:001357 has (``units`` with spike times, and trials
whose columns name the stimulus) and DANDI:000628 has (``processing/ecephys/rasters``, counts of
spikes per millisecond) were the guide, from public descriptions; the real files were not available.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from ventral.data.archives import MAX_UNPACKED
from ventral.data.responses import Responses
from ventral.data.sources.files.reader import base_name, stimulus_set
from ventral.data.sources.files.reader import read_stimuli as read_image_files
from ventral.data.sources.nwb.presentations import read_presentations
from ventral.data.sources.nwb.series import read_series
from ventral.data.sources.nwb.spikes import read_units
from ventral.data.sources.nwb.tables import open_nwb, text_at
from ventral.data.sources.nwb.templates import Templates
from ventral.data.stimuli import StimulusSet
from ventral.data.time_windows import Window, sites_in_time, windows_of
from ventral.errors import VentralError

logger = logging.getLogger(__name__)

OF_STIMULI = ("images", "templates", "table")
"""Keys of files that are not sessions."""
MAX_NAMED = 3


def read_stimuli(settings: Mapping, files: Mapping[str, Path]) -> StimulusSet:
    """Return the images of a folder, a zip or an NWB file, in the order of their names.

    Parameters
    ----------
    settings : Mapping
        ``image_size``, ``fit`` and ``split_seed`` as of the source `files`; ``templates``,
        ``pixel_range`` and ``image_axes`` of images in an NWB file.
    files : Mapping
        ``images`` as of the source `files`, or ``templates``, an NWB file; and ``table`` as there.

    Returns
    -------
    StimulusSet
        Of an image series, a stimulus_id is the place of the image, ``0`` first.

    Raises
    ------
    VentralError
        As `ventral.data.sources.files.reader.read_stimuli` and `Templates`.

    """
    if "templates" not in files:
        return read_image_files(settings, files)
    found = Templates(files["templates"], settings)
    return stimulus_set(found.names, found.read_image, found.where, settings, files.get("table"))


def read_responses(
    settings: Mapping, files: Mapping[str, Path], stimulus_table: pd.DataFrame
) -> Responses:
    """Return the responses of the sites of all sessions, with their trials.

    Parameters
    ----------
    settings : Mapping
        See the schema.
    files : Mapping
        The NWB file of each session, by the name that its sites begin with.
    stimulus_table : DataFrame
        Of `read_stimuli`, in its order.

    Returns
    -------
    Responses
        Each presentation is a repetition. A site has no responses to stimuli that its session did
        not show, nor on presentations during which it was not observed.

    Raises
    ------
    VentralError
        Naming the file and what it lacks; where a presentation is of a stimulus without an image;
        and where a train stimulus was never shown.

    """
    windows = windows_of(settings)
    stimulus_id = stimulus_table["stimulus_id"].to_numpy()
    sessions, sites = [], []
    for key, path in files.items():
        if key in OF_STIMULI or key.startswith("images/"):
            continue
        trials, of_session = _session(settings, key, path, stimulus_id, windows)
        sessions.append(trials)
        sites.append(of_session)
    repetitions = _joined(sessions)
    table = sites_in_time(pd.concat(sites, ignore_index=True), windows)
    average = _average(repetitions)
    _check_shown(average, stimulus_table)
    return Responses(stimulus_id, table, average, repetitions if repetitions.shape[2] > 1 else None)


def _session(
    settings: Mapping, key: str, path: Path, stimulus_id: np.ndarray, windows: list[Window]
) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the trials of a session, (windows, stimuli, sites, repetitions), and its sites."""
    with open_nwb(path) as file:
        shown = read_presentations(file, settings)
        row = _rows(shown, settings, stimulus_id, path)
        onset = shown["onset"].to_numpy()[row >= 0]
        row = row[row >= 0]
        _report_overlap(onset, windows, path)
        read_sites = read_series if settings.get("series") else read_units
        responses, units = read_sites(file, settings, onset, windows)
        session = text_at(file, "general/session_id") or text_at(file, "identifier") or key
        animal = settings.get("animal") or text_at(file, "general/subject/subject_id") or ""
    place = pd.Series(row).groupby(row).cumcount().to_numpy()
    shape = (len(windows), len(stimulus_id), len(units), int(place.max()) + 1)
    size = 4 * int(np.prod(shape, dtype=np.int64))
    if size > MAX_UNPACKED:
        often = stimulus_id[np.bincount(row).argmax()]
        raise VentralError(
            f"{path}: the trials would take {size / 2**30:.0f} GiB, because {often!r} was shown"
            f" {shape[3]} times; leave presentations out by responses: where"
        )
    trials = np.full(shape, np.nan, np.float32)
    for values, given in zip(trials, responses, strict=True):
        values[row, :, place] = given
    logger.info(
        "%s: session %r, %d sites, %d presentations of %d stimuli",
        path,
        session,
        len(units),
        len(row),
        len(np.unique(row)),
    )
    sites = pd.DataFrame(
        {
            "site_id": [f"{key}_{unit}" for unit in units["unit"]],
            "region": units["region"],
            "animal": animal,
            "session": session,
        },
        dtype=object,
    )
    return trials, sites


def _rows(
    shown: pd.DataFrame, settings: Mapping, stimulus_id: np.ndarray, path: Path
) -> np.ndarray:
    """Return the row of the stimulus of each presentation; -1 of one that is skipped."""
    names = [base_name(name) for name in shown["stimulus"]]
    row = pd.Index(stimulus_id).get_indexer(pd.Index(names, dtype=object))
    unknown = row < 0
    if not unknown.any():
        return row
    missing = list(dict.fromkeys(name for name, out in zip(names, unknown, strict=True) if out))
    some = ", ".join(map(repr, missing[:MAX_NAMED])) + (", ..." if len(missing) > MAX_NAMED else "")
    what = (
        f"{path}: {int(unknown.sum())} of {len(row)} presentations are of {len(missing)} stimuli"
        f" without an image ({some})"
    )
    if unknown.all():
        raise VentralError(
            f"{what}; the first image is {stimulus_id[0]!r}. A pattern such as"
            " 'image_{stim_ID:03d}' makes the names of images of a column of numbers (responses:"
            " stimulus)"
        )
    if settings["without_image"] == "refuse":
        raise VentralError(
            f"{what}; choose the presentations by responses: where, or give responses:"
            " without_image: skip"
        )
    logger.warning("%s, and are skipped", what)
    return row


def _report_overlap(onset: np.ndarray, windows: list[Window], path: Path) -> None:
    """Say how many presentations share spikes with the next one."""
    between = np.diff(np.sort(onset)) * 1000
    for window in windows:
        shared = int((between < window.length - 1e-6).sum())
        if shared:
            logger.warning(
                "%s: %d of %d presentations begin less than %g ms after the one before, so the"
                " windows %s overlap and share spikes",
                path,
                shared,
                len(onset),
                window.length,
                window,
            )


def _joined(sessions: list[np.ndarray]) -> np.ndarray:
    """Return the trials of all sessions, (stimuli, windows × sites, repetitions), window by window.

    Where there is one session and one window, nothing is copied.
    """
    first = sessions[0]
    if len(sessions) == len(first) == 1:
        return first[0]
    n_windows, n_stimuli = first.shape[:2]
    n_sites = sum(trials.shape[2] for trials in sessions)
    deepest = max(trials.shape[3] for trials in sessions)
    joined = np.full((n_stimuli, n_windows * n_sites, deepest), np.nan, np.float32)
    start = 0
    for window in range(n_windows):
        for trials in sessions:
            stop = start + trials.shape[2]
            joined[:, start:stop, : trials.shape[3]] = trials[window]
            start = stop
    return joined


def _average(repetitions: np.ndarray) -> np.ndarray:
    """Return the mean over the trials that there are, (stimuli, sites), site by site."""
    n_stimuli, n_sites, _ = repetitions.shape
    average = np.empty((n_stimuli, n_sites))
    for site in range(n_sites):
        trials = repetitions[:, site].astype(np.float64)
        count = (~np.isnan(trials)).sum(axis=1)
        total = np.nansum(trials, axis=1)
        average[:, site] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return average


def _check_shown(average: np.ndarray, stimulus_table: pd.DataFrame) -> None:
    """Refuse train stimuli that no session showed, and count the test stimuli of that kind."""
    never = np.isnan(average).all(axis=1)
    names = stimulus_table["stimulus_id"].to_numpy()
    fitted = never & (stimulus_table["split"] != "test").to_numpy()
    if fitted.any() and not never.all():
        raise VentralError(
            f"{int(never.sum())} of {len(never)} images were never shown, the first is"
            f" {names[fitted.argmax()]!r}; remove them from the images, or give them the split"
            " 'test' in a table of the images: then they are predicted and not scored"
        )
    if never.any():
        logger.warning(
            "%d images were never shown, the first is %r: they are predicted and not scored",
            never.sum(),
            names[never.argmax()],
        )
