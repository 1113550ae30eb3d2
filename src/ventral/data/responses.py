"""Responses: site × stimulus, averaged over repetitions and, where known, trial by trial."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ventral.errors import VentralError
from ventral.store import Store, write_store

SITE_COLUMNS = ("site_id", "region", "animal")


@dataclass(frozen=True)
class Responses:
    """The responses of a population to a stimulus set.

    stimulus_id: (n,) strings, in the order of the stimulus set. A stimulus without any response
        has a row of NaN in `average` (a test part that was kept back).
    sites: one row per site: ``site_id`` (unique strings), ``region``, ``animal``.
    average: (n, sites) responses averaged over repetitions, in the data set's own unit.
    repetitions: (n, sites, r) single repetitions, NaN where absent, or None.
    truth: further arrays of simulated data, (n, sites), e.g. the noiseless rate.
    """

    stimulus_id: np.ndarray
    sites: pd.DataFrame
    average: np.ndarray
    repetitions: np.ndarray | None = None
    truth: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self):
        expected = (len(self.stimulus_id), len(self.sites))
        if self.average.shape != expected:
            raise VentralError(
                f"responses have shape {self.average.shape}; {expected[0]} stimuli"
                f" and {expected[1]} sites need {expected}"
            )
        if self.repetitions is not None and self.repetitions.shape[:2] != expected:
            raise VentralError(
                f"repetitions have shape {self.repetitions.shape}; they need (stimuli, sites,"
                f" repetitions) with {expected[0]} stimuli and {expected[1]} sites"
            )
        missing = [column for column in SITE_COLUMNS if column not in self.sites]
        if missing:
            raise VentralError(f"the site table lacks the column {missing[0]!r}")
        ids = self.sites["site_id"]
        if ids.duplicated().any():
            raise VentralError(f"site_id {ids[ids.duplicated()].iloc[0]!r} stands twice")
        check_finite(self.average, self.stimulus_id, ids.to_numpy())


def check_finite(average: np.ndarray, stimulus_id: np.ndarray, site_id: np.ndarray) -> None:
    """Refuse infinities and stray NaN: a stimulus has responses at all sites or at none.

    Raises `VentralError` naming the first stimulus and site.
    """
    bad = ~np.isfinite(average)
    without = np.isnan(average).all(axis=1)
    stray = bad & ~without[:, None]
    if stray.any():
        row, column = np.argwhere(stray)[0]
        raise VentralError(
            f"{int(stray.sum())} of {average.size} responses are NaN or infinite; the first is"
            f" stimulus {stimulus_id[row]!r} at site {site_id[column]!r}"
        )
    if without.all():
        raise VentralError("no stimulus has responses: all of them are NaN")


def write_responses(path: str | Path, responses: Responses, attributes: dict | None = None) -> None:
    """Write responses as Zarr.

    Arrays: ``responses`` (stimulus, site) float64; ``repetitions`` (stimulus, site, repetition)
    where known; ``stimulus_id``; ``site_id``, ``region``, ``animal`` (site); each of `truth`.
    """
    with write_store(path, attributes) as store:
        store.put("responses", responses.average.astype(np.float64), ("stimulus", "site"))
        if responses.repetitions is not None:
            store.put(
                "repetitions",
                responses.repetitions.astype(np.float32),
                ("stimulus", "site", "repetition"),
            )
        store.put("stimulus_id", responses.stimulus_id, ("stimulus",))
        for column in responses.sites:
            store.put(column, responses.sites[column].to_numpy(), ("site",))
        for name, values in responses.truth.items():
            store.put(name, values, ("stimulus", "site"))


def read_responses(path: str | Path) -> Responses:
    """Return the responses of a store, checked against its manifest."""
    store = Store(path)
    known = {"responses", "repetitions", "stimulus_id"}
    per_site = [
        name
        for name, entry in store.manifest.items()
        if name not in known and len(entry["shape"]) == 1
    ]
    truth = [
        name
        for name, entry in store.manifest.items()
        if name not in known and len(entry["shape"]) == 2
    ]

    def column(name: str) -> np.ndarray:
        values = store.read(name)
        return values.astype(object) if values.dtype.kind == "T" else values

    return Responses(
        stimulus_id=column("stimulus_id"),
        sites=pd.DataFrame({name: column(name) for name in per_site}),
        average=store.read("responses"),
        repetitions=store.read("repetitions").astype(np.float64)
        if "repetitions" in store
        else None,
        truth={name: store.read(name) for name in truth},
    )
