"""The embedded data set: simulated objects, and simulated sites whose truth is known.

It reads no files.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ventral.data.assign_split import random_split
from ventral.data.responses import Responses
from ventral.data.sources.simulated.images import Renderer, draw_scenes
from ventral.data.sources.simulated.neurons import (
    embed_objects,
    firing_rates,
    it_drive,
    spike_counts,
    true_reliability,
    v4_drive,
)
from ventral.data.sources.simulated.shapes import FAMILIES, N_OBJECTS
from ventral.data.stimuli import StimulusSet
from ventral.errors import VentralError

N_ALL_OBJECTS = len(FAMILIES) * N_OBJECTS
REFERENCE_VIEWS = 4


def read_stimuli(settings: Mapping, files: Mapping | None = None) -> StimulusSet:
    """Return the simulated stimulus set: 64 objects × ``images_per_object`` images.

    Parameters
    ----------
    settings : Mapping
        ``seed``, ``image_size`` (pixels), ``images_per_object``.
    files : Mapping, optional
        Not used.

    Returns
    -------
    StimulusSet
        Its table has the columns of `draw_scenes` and a random split stratified by object.

    Raises
    ------
    VentralError
        Where there are too few images of each object to split.

    """
    scenes = draw_scenes(settings["seed"], settings["images_per_object"])
    split = random_split(len(scenes), seed=settings["seed"], stratify=scenes["object"].to_numpy())
    scenes.insert(1, "split", split)
    renderer = Renderer(settings["seed"], settings["image_size"])
    return StimulusSet(
        table=scenes,
        height=settings["image_size"],
        width=settings["image_size"],
        read_image=lambda row: renderer.image(scenes.iloc[row]),
    )


def read_responses(
    settings: Mapping, files: Mapping | None, stimulus_table: pd.DataFrame
) -> Responses:
    """Return Poisson spike counts of IT-like and V4-like sites to the stimuli of the table.

    Parameters
    ----------
    settings : Mapping
        Those of `read_stimuli`, from which the images are drawn again, and ``n_it_sites``,
        ``n_v4_sites``, ``repetitions``.
    files : Mapping or None
        Not used.
    stimulus_table : DataFrame
        Column ``stimulus_id``.

    Returns
    -------
    Responses
        The site table has a further column, ``true_reliability`` (see `true_reliability`), over
        all stimuli of the table. `truth` has ``rate``, the expected count.

    Raises
    ------
    VentralError
        Where the table has a stimulus that these settings do not draw, and where there is no site.

    """
    seed, repetitions = settings["seed"], settings["repetitions"]
    drawn = draw_scenes(seed, max(settings["images_per_object"], REFERENCE_VIEWS))
    rows = _rows_of(stimulus_table["stimulus_id"], drawn["stimulus_id"])
    reference = slice(0, REFERENCE_VIEWS * N_ALL_OBJECTS)
    drives = {}
    if settings["n_it_sites"]:
        drives["IT"] = _it_drive(settings, drawn)
    if settings["n_v4_sites"]:
        drives["V4"] = _v4_drive(settings, drawn)
    if not drives:
        raise VentralError("simulated responses: n_it_sites and n_v4_sites are both 0: no site")
    rates: list[np.ndarray] = []
    counts: list[np.ndarray] = []
    sites: list[tuple[str, str, str]] = []
    for region, drive in drives.items():
        of_region = firing_rates(seed, region, drive, drive[reference])
        # counts are drawn for all stimuli, in their own order, whatever the table asks for
        counts.append(spike_counts(seed, region, of_region, repetitions)[rows])
        rates.append(of_region[rows])
        names = [f"{region}-{site:03d}" for site in range(of_region.shape[1])]
        sites += [(name, region, "AB"[site % 2]) for site, name in enumerate(names)]
    rate, trials = np.concatenate(rates, axis=1), np.concatenate(counts, axis=1)
    site_table = pd.DataFrame(sites, columns=["site_id", "region", "animal"])
    site_table["true_reliability"] = true_reliability(rate, repetitions)
    return Responses(
        stimulus_id=stimulus_table["stimulus_id"].to_numpy(),
        sites=site_table,
        average=trials.mean(axis=2),
        repetitions=trials,
        truth={"rate": rate},
    )


def _rows_of(stimulus_id: pd.Series, drawn: pd.Series) -> np.ndarray:
    rows = pd.Index(drawn).get_indexer(stimulus_id)
    if (rows < 0).any():
        unknown = stimulus_id.iloc[np.flatnonzero(rows < 0)[0]]
        raise VentralError(
            f"simulated responses: stimulus {unknown!r} is not drawn by the settings of this data"
            " set; the stimulus store must be made from the same settings"
        )
    return rows


def _it_drive(settings: Mapping, scenes: pd.DataFrame) -> np.ndarray:
    objects = np.arange(len(scenes)) % N_ALL_OBJECTS
    places = embed_objects(settings["seed"], objects // N_OBJECTS, objects % N_OBJECTS)
    return it_drive(settings["seed"], settings["n_it_sites"], places, scenes)


def _v4_drive(settings: Mapping, scenes: pd.DataFrame) -> np.ndarray:
    """Render one view of all objects at a time: little memory, and each view sums alike."""
    renderer = Renderer(settings["seed"], settings["image_size"])
    drives = []
    for start in range(0, len(scenes), N_ALL_OBJECTS):
        view = scenes.iloc[start : start + N_ALL_OBJECTS]
        images = np.stack([renderer.image(scene) for scene in view.itertuples()])
        drives.append(v4_drive(settings["seed"], settings["n_v4_sites"], images))
    return np.concatenate(drives)
