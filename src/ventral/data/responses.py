"""Responses: site × stimulus, averaged over repetitions and, if known, on single trials."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ventral.errors import VentralError
from ventral.storage.digests import RowDigest
from ventral.storage.store import Store
from ventral.storage.store_writer import write_store

SITE_COLUMNS = ("site_id", "region", "animal")
STIMULI_AT_ONCE = 256
"""Number of stimuli whose single trials are in memory as float64 at a time."""


@dataclass(frozen=True)
class Responses:
    """The responses of a population of sites to a stimulus set.

    Parameters
    ----------
    stimulus_id : ndarray of str, (n_stimuli,)
        In the order of the stimulus set.
    sites : DataFrame, n_sites rows
        ``site_id`` (unique strings), ``region`` and ``animal``.
    average : ndarray, (n_stimuli, n_sites)
        Responses averaged over repetitions, in the data set's own unit; NaN where a site has none.
        A stimulus without responses, such as one of a withheld test part, has a row of NaN.
    repetitions : ndarray, (n_stimuli, n_sites, n_repetitions), optional
        Responses on single trials; NaN for a missing trial.
    noise_variance : ndarray, (n_stimuli, n_sites), optional
        Variance of the noise of `average`, see `variance_of_average`.
    truth : dict of str to ndarray, (n_stimuli, n_sites)
        Further arrays of simulated data, such as the noiseless rate.

    Raises
    ------
    VentralError
        If shapes disagree, a column of `sites` is missing or empty for a site, a site is
        duplicated, a response is infinite, or all are NaN.
    """

    stimulus_id: np.ndarray
    sites: pd.DataFrame
    average: np.ndarray
    repetitions: np.ndarray | None = None
    noise_variance: np.ndarray | None = None
    truth: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
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
            raise VentralError(f"site_id {ids[ids.duplicated()].iloc[0]!r} is duplicated")
        for column in ("site_id", "region"):
            empty = [not str(name).strip() or name != name for name in self.sites[column]]
            if any(empty):
                raise VentralError(
                    f"{sum(empty)} of {len(ids)} sites have no {column}; the first is site"
                    f" {ids.iloc[empty.index(True)]!r}. Name it, or leave the site out"
                )
        check_not_infinite(self.average, self.stimulus_id, ids.to_numpy())

    def of_train(self, train: np.ndarray) -> np.ndarray:
        """Return the average responses to the train stimuli.

        Parameters
        ----------
        train : ndarray, (n_train,)
            Rows of the train stimuli.

        Returns
        -------
        ndarray, (n_train, n_sites)
            NaN where a site has no response.

        Raises
        ------
        VentralError
            If a train stimulus has no response of any site.
        """
        recorded = self.average[train]
        without = np.isnan(recorded).all(axis=1)
        if without.any():
            raise VentralError(
                f"{int(without.sum())} train stimuli have no responses, the first is"
                f" {self.stimulus_id[train[without.argmax()]]!r}: change the split"
            )
        return recorded


def check_not_infinite(average: np.ndarray, stimulus_id: np.ndarray, site_id: np.ndarray) -> None:
    """Check that no response is infinite, and that there is one.

    Parameters
    ----------
    average : ndarray, (n_stimuli, n_sites)
        Averaged responses; NaN where one is missing.
    stimulus_id : ndarray, (n_stimuli,)
        Names for the message.
    site_id : ndarray, (n_sites,)
        Names for the message.

    Raises
    ------
    VentralError
        If a response is infinite, or all are NaN. The message names the first stimulus and site.
    """
    infinite = np.isinf(average)
    if infinite.any():
        row, column = np.argwhere(infinite)[0]
        raise VentralError(
            f"{int(infinite.sum())} of {average.size} responses are infinite; the first is"
            f" stimulus {stimulus_id[row]!r} at site {site_id[column]!r}"
        )
    if np.isnan(average).all():
        raise VentralError("no stimulus has responses: all of them are NaN")


def variance_of_average(repetitions: np.ndarray) -> np.ndarray:
    """Return the variance of the noise of the average over repetitions.

    It is s²/r, where s² is the variance over the r repetitions of a stimulus (divided by r − 1). A
    stimulus with one repetition has the mean s² of the site.

    Parameters
    ----------
    repetitions : ndarray, (n_stimuli, n_sites, n_repetitions)
        Responses on single trials; NaN for a missing trial.

    Returns
    -------
    ndarray, (n_stimuli, n_sites)
        NaN for a stimulus without repetitions, and for a site at which no stimulus was repeated.
    """
    count = (~np.isnan(repetitions)).sum(axis=2)
    single = np.full(count.shape, np.nan)
    for start in range(0, len(repetitions), STIMULI_AT_ONCE):
        rows = slice(start, start + STIMULI_AT_ONCE)
        block = repetitions[rows].astype(np.float64)
        present = ~np.isnan(block)
        n = count[rows, :, None]
        mean = np.where(present, block, 0).sum(axis=2, keepdims=True) / np.maximum(n, 1)
        squares = np.where(present, block - mean, 0) ** 2
        sums = squares.sum(axis=2)
        single[rows] = np.where(count[rows] > 1, sums / np.maximum(count[rows] - 1, 1), np.nan)
    repeated = count > 1
    pooled = np.where(repeated, single, 0).sum(axis=0) / np.maximum(repeated.sum(axis=0), 1)
    pooled = np.where(repeated.any(axis=0), pooled, np.nan)
    single = np.where(count == 1, pooled, single)
    return single / np.where(count > 0, count, np.nan)


def write_responses(path: str | Path, responses: Responses, attributes: dict | None = None) -> None:
    """Write responses as a Zarr store.

    Its arrays are ``responses`` (stimulus, site), float64; ``stimulus_id``; the columns of the site
    table; each array of `truth`; and, if the trials are known, ``repetitions`` (stimulus, site,
    repetition), float32, and ``noise_variance`` (stimulus, site). ``stimulus`` and ``site`` repeat
    the ids under the names of the dimensions, so that xarray can select by them.

    Parameters
    ----------
    path : str or Path
        The store.
    responses : Responses
        What to write.
    attributes : dict, optional
        Attributes of the store.
    """
    with write_store(path, attributes) as store:
        store.put("responses", responses.average.astype(np.float64), ("stimulus", "site"))
        if responses.repetitions is not None:
            store.put(
                "repetitions",
                responses.repetitions.astype(np.float32, copy=False),
                ("stimulus", "site", "repetition"),
            )
            noise = variance_of_average(responses.repetitions)
            store.put("noise_variance", noise, ("stimulus", "site"))
        store.put("stimulus_id", responses.stimulus_id, ("stimulus",))
        store.put("stimulus", responses.stimulus_id, ("stimulus",))
        for column in responses.sites:
            store.put(str(column), responses.sites[column].to_numpy(), ("site",))
        store.put("site", responses.sites["site_id"].to_numpy(), ("site",))
        for name, values in responses.truth.items():
            store.put(name, values, ("stimulus", "site"))


def read_responses(path: str | Path, repetitions: bool = True) -> Responses:
    """Read the responses of a store and verify them against its manifest.

    Parameters
    ----------
    path : str or Path
        The store.
    repetitions : bool
        Whether to read the single trials too, by far the largest array.

    Returns
    -------
    Responses

    Raises
    ------
    VentralError
        If the store is damaged.
    """
    store = Store(path)
    known = {"responses", "repetitions", "noise_variance", "stimulus_id", "stimulus", "site"}
    others = {
        name: len(entry["shape"]) for name, entry in store.manifest.items() if name not in known
    }

    def column(name: str) -> np.ndarray:
        values = store.read(name)
        return values.astype(object) if values.dtype.kind == "T" else values

    with_repetitions = repetitions and "repetitions" in store
    return Responses(
        stimulus_id=column("stimulus_id"),
        sites=pd.DataFrame({name: column(name) for name, axes in others.items() if axes == 1}),
        average=store.read("responses"),
        repetitions=store.read("repetitions").astype(np.float64) if with_repetitions else None,
        noise_variance=store.read("noise_variance") if "noise_variance" in store else None,
        truth={name: store.read(name) for name, axes in others.items() if axes == 2},
    )


def read_repetitions(path: str | Path) -> tuple[np.ndarray, np.ndarray] | None:
    """Read the single trials of the stimuli that have any.

    The others are never in memory all at once: a data set may have repeated only its test stimuli.

    Parameters
    ----------
    path : str or Path
        The store.

    Returns
    -------
    tuple or None
        Rows of the stimuli, (m,), and their trials, (m, n_sites, n_repetitions), float64. None if
        the store has no trials.

    Raises
    ------
    VentralError
        If the store is damaged.
    """
    store = Store(path)
    if "repetitions" not in store:
        return None
    array = store.array("repetitions")
    digest = RowDigest(array.shape, array.dtype)
    rows, blocks = [], []
    for start in range(0, array.shape[0], array.chunks[0]):
        block = store.read_slice("repetitions", slice(start, start + array.chunks[0]))
        digest.update(block)
        present = np.flatnonzero(~np.isnan(block).all(axis=(1, 2)))
        rows.append(start + present)
        blocks.append(block[present].astype(np.float64))
    store.check("repetitions", digest.hexdigest())
    return np.concatenate(rows), np.concatenate(blocks)
