"""Which stimuli and sites are compared with a model: a table without holes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ventral.data.missing import sites_by_stimuli
from ventral.data.responses import Responses
from ventral.data.splits import FOLDS, SINGLE_PARTITION
from ventral.errors import VentralError
from ventral.similarity.alignment import FEWEST


@dataclass(frozen=True)
class Compared:
    """The stimuli on which models and sites are compared.

    Attributes
    ----------
    split : str
        "test"; "validation" if no test stimuli have responses; "folds" if there are folds.
    stimuli : ndarray, (n,)
        Rows, ascending, of those that have a response at any site.
    partitions : list of tuple
        Rows of the train stimuli and of those of `stimuli` that are tested, of each fold.
    """

    split: str
    stimuli: np.ndarray
    partitions: list[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Population:
    """The sites of a region that have responses to the same stimuli.

    Attributes
    ----------
    region : str
        Name.
    sites : ndarray, (n_sites,)
        Columns of the responses.
    stimuli : ndarray, (n,)
        Rows of the responses: every site has a response to each.
    """

    region: str
    sites: np.ndarray
    stimuli: np.ndarray


def compared_stimuli(partitions: Mapping[str, pd.DataFrame], average: np.ndarray) -> Compared:
    """Choose the stimuli that tables report.

    Parameters
    ----------
    partitions : Mapping
        Of `ventral.data.splits.partitions_of`.
    average : ndarray, (n_stimuli, n_sites)
        Responses; NaN where one is missing.

    Returns
    -------
    Compared

    Raises
    ------
    VentralError
        If fewer than four test or validation stimuli have responses.
    """
    answered = ~np.isnan(average).all(axis=1)

    def of(split: pd.DataFrame, part: str) -> np.ndarray:
        return np.flatnonzero((split["split"] == part).to_numpy() & answered)

    if SINGLE_PARTITION not in partitions:
        folds = [(of(split, "train"), of(split, "test")) for split in partitions.values()]
        stimuli = np.unique(np.concatenate([test for _, test in folds]))
        if len(stimuli) >= FEWEST:
            return Compared(FOLDS, stimuli, folds)
    else:
        split = partitions[SINGLE_PARTITION]
        for part in ("test", "validation"):
            stimuli = of(split, part)
            if len(stimuli) >= FEWEST:
                return Compared(part, stimuli, [(of(split, "train"), stimuli)])
    raise VentralError(
        f"similarity: fewer than {FEWEST} test stimuli have responses. Take another split, or set"
        " similarity: false"
    )


def populations(responses: Responses, stimuli: np.ndarray) -> Iterator[Population]:
    """Give the population of each region.

    Where sites lack responses, it is the block with the most responses of all in which none is
    missing: either sites or stimuli are left out.

    Parameters
    ----------
    responses : Responses
        Of all stimuli.
    stimuli : ndarray, (n,)
        Rows that may be compared.

    Yields
    ------
    Population
        Of each region, in the order of the sites.
    """
    regions = responses.sites["region"].to_numpy()
    for region in dict.fromkeys(regions):
        inside = np.flatnonzero(regions == region)
        values = responses.average[np.ix_(stimuli, inside)]
        present = ~np.isnan(values)
        best = inside[:0], stimuli[:0]
        for _, rows in sites_by_stimuli(values):
            sites = inside[present[rows].all(axis=0)] if len(rows) else inside[:0]
            if len(sites) * len(rows) > len(best[0]) * len(best[1]):
                best = sites, stimuli[rows]
        yield Population(str(region), *best)
