"""Some of the train stimuli, for sites that lack responses to the others."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ventral.data.missing import sites_by_stimuli
from ventral.readouts.regression import Readout

FEWEST = 2
"""Train stimuli without which a site is not fitted: its predictions are NaN."""


@dataclass(frozen=True)
class Rows:
    """Some of the train stimuli, on axes on which their centred scores are orthogonal again.

    A linear readout of the scores is one of the turned scores, and the closed forms of
    `ventral.readouts.regression` hold for these.

    Attributes
    ----------
    stimuli : numpy.ndarray or slice
        Which of the train stimuli, m of them.
    scores : numpy.ndarray
        (m, j), of the centred scores on the axes.
    eigenvalues : numpy.ndarray
        (j,), sums of the squared scores, falling.
    mean : numpy.ndarray
        (k,), of the scores before they are centred.
    axes : numpy.ndarray
        (k, j), orthonormal.

    """

    stimuli: np.ndarray | slice
    scores: np.ndarray
    eigenvalues: np.ndarray
    mean: np.ndarray
    axes: np.ndarray

    def put(self, part: Readout, whole: Readout, sites: np.ndarray) -> None:
        """Write a readout of these rows into one of the scores on all components.

        Parameters
        ----------
        part : Readout
            Of `sites`, on the axes.
        whole : Readout
            Of all sites and train stimuli; changed in place.
        sites : numpy.ndarray
            Indices.

        """
        coefficients = self.axes @ part.coefficients
        whole.coefficients[:, sites] = coefficients
        whole.intercept[sites] = part.intercept - self.mean @ coefficients
        whole.alpha[sites], whole.alpha_on_edge[sites] = part.alpha, part.alpha_on_edge
        dual = np.zeros((len(whole.dual_coefficients), len(sites)))
        dual[self.stimuli] = part.dual_coefficients
        whole.dual_coefficients[:, sites] = dual


def all_rows(scores: np.ndarray, eigenvalues: np.ndarray) -> Rows:
    """Return all train stimuli, whose scores are centred and orthogonal as they are."""
    k = len(eigenvalues)
    return Rows(slice(None), scores, eigenvalues, np.zeros(k), np.eye(k))


def some_rows(scores: np.ndarray, stimuli: np.ndarray) -> Rows:
    """Centre the scores of some train stimuli and turn them on their own principal axes.

    Parameters
    ----------
    scores : numpy.ndarray
        (n, k), of all train stimuli.
    stimuli : numpy.ndarray
        (m,), indices.

    Returns
    -------
    Rows
        With as many axes as the rank of the centred scores.

    """
    own = scores[stimuli]
    mean = own.mean(axis=0)
    left, sizes, axes = np.linalg.svd(own - mean, full_matrices=False)
    squares = sizes**2
    noise = len(stimuli) * np.finfo(np.float64).eps * squares[0]
    rank = int((squares > noise).sum())
    return Rows(stimuli, left[:, :rank] * sizes[:rank], squares[:rank], mean, axes[:rank].T)


def rows_by_sites(
    scores: np.ndarray, eigenvalues: np.ndarray, recorded: np.ndarray
) -> Iterator[tuple[np.ndarray, Rows]]:
    """Give the sites with responses to the same train stimuli, and these.

    Parameters
    ----------
    scores : numpy.ndarray
        (n, k), of the train stimuli.
    eigenvalues : numpy.ndarray
        (k,).
    recorded : numpy.ndarray
        (n, sites); NaN where a response is missing.

    Yields
    ------
    sites : numpy.ndarray
        Indices. Sites with fewer than two responses are in no group.
    rows : Rows
        Their stimuli.

    """
    for sites, stimuli in sites_by_stimuli(recorded):
        if len(stimuli) == len(scores):
            yield sites, all_rows(scores, eigenvalues)
        elif len(stimuli) >= FEWEST:
            yield sites, some_rows(scores, stimuli)
