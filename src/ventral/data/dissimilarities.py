"""Dissimilarities of stimuli: what is known of a region where its responses are not published."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial.distance import squareform

from ventral.errors import VentralError
from ventral.storage.atomic import write_aside

COLUMNS = ("region", "subject")


@dataclass(frozen=True)
class Dissimilarities:
    """Dissimilarity matrices of the same stimuli, of one or several regions and subjects.

    Attributes
    ----------
    stimulus_id : ndarray of str, (n_stimuli,)
        In the order of the stimulus set.
    targets : DataFrame, n_targets rows
        ``region`` and ``subject`` (empty where there is one alone) of each matrix.
    pairs : ndarray, (n_targets, n_pairs)
        Dissimilarities of the pairs (0, 1), (0, 2), …, as of `scipy.spatial.distance.squareform`,
        in any unit: only their order counts.

    Raises
    ------
    VentralError
        If shapes disagree, or a dissimilarity is not a finite number.
    """

    stimulus_id: np.ndarray
    targets: pd.DataFrame
    pairs: np.ndarray

    def __post_init__(self) -> None:
        n = len(self.stimulus_id)
        expected = (len(self.targets), n * (n - 1) // 2)
        if self.pairs.shape != expected:
            raise VentralError(
                f"dissimilarities have shape {self.pairs.shape}; {expected[0]} matrices of {n}"
                f" stimuli need {expected}, a number for each pair of stimuli"
            )
        bad = np.argwhere(~np.isfinite(self.pairs))
        if len(bad):
            region = self.targets["region"].iloc[bad[0, 0]]
            first, second = np.array(np.triu_indices(n, 1))[:, bad[0, 1]]
            raise VentralError(
                f"{len(bad)} dissimilarities are not finite numbers; the first is of {region}, of"
                f" stimuli {self.stimulus_id[first]!r} and {self.stimulus_id[second]!r}"
            )

    def of_region(self, region: str) -> np.ndarray:
        """Return the matrices of a region, one for each subject, (n_subjects, n_pairs).

        Those of several sessions of a subject are averaged.
        """
        inside = (self.targets["region"] == region).to_numpy()
        subjects = self.targets["subject"].to_numpy()
        return np.array(
            [
                self.pairs[inside & (subjects == subject)].mean(axis=0)
                for subject in dict.fromkeys(subjects[inside])
            ]
        )


def pairs_of(matrix: np.ndarray, where: str) -> np.ndarray:
    """Return the dissimilarities of pairs, whether they are given as pairs or as a matrix.

    Parameters
    ----------
    matrix : ndarray, (n_pairs,) or (n_stimuli, n_stimuli)
        A matrix must be symmetric; its diagonal is ignored.
    where : str
        Beginning of an error.

    Returns
    -------
    ndarray, (n_pairs,)

    Raises
    ------
    VentralError
        If it is neither.
    """
    values = np.asarray(matrix, float)
    if values.ndim == 2 and 1 in values.shape:
        values = values.reshape(-1)
    if values.ndim == 1:
        return values
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        raise VentralError(f"{where}: shape {values.shape} is not that of a square matrix")
    largest = np.nanmax(np.abs(values), initial=0)
    if np.nanmax(np.abs(values - values.T), initial=0) > 1e-6 * largest:
        raise VentralError(f"{where}: the matrix is not symmetric, so it holds no dissimilarities")
    return values[np.triu_indices(len(values), 1)]


def write_dissimilarities(path: str | Path, found: Dissimilarities) -> None:
    """Write dissimilarities as an npz file."""
    region, subject = (found.targets[column].to_numpy().astype(str) for column in COLUMNS)
    names = found.stimulus_id.astype(str)
    with write_aside(path) as aside, aside.open("wb") as file:
        np.savez(file, stimulus_id=names, pairs=found.pairs, region=region, subject=subject)


def read_dissimilarities(path: str | Path) -> Dissimilarities:
    """Read a file of `write_dissimilarities`."""
    with np.load(path, allow_pickle=False) as file:
        targets = pd.DataFrame({column: file[column] for column in COLUMNS}, dtype=object)
        return Dissimilarities(file["stimulus_id"].astype(object), targets, file["pairs"])


def square(pairs: np.ndarray) -> np.ndarray:
    """Return the symmetric matrix of pairs, (n_stimuli, n_stimuli), 0 on the diagonal."""
    return squareform(pairs, checks=False)
