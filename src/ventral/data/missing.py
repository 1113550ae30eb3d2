"""Responses of which some are missing: each site has its own stimuli."""

from collections.abc import Iterator

import numpy as np


def sites_by_stimuli(values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give the sites that have responses to the same stimuli, and these stimuli.

    Parameters
    ----------
    values : ndarray, (n_stimuli, n_sites)
        Responses; NaN where one is missing.

    Yields
    ------
    sites : ndarray of int
        Indices in ascending order. Each site is in one of the groups.
    stimuli : ndarray of int
        Indices in ascending order.
    """
    present = ~np.isnan(values)
    patterns, group = np.unique(present, axis=1, return_inverse=True)
    group = group.reshape(-1)
    for index, pattern in enumerate(patterns.T):
        yield np.flatnonzero(group == index), np.flatnonzero(pattern)


def is_constant(values: np.ndarray) -> np.ndarray:
    """Return whether a site's responses are all equal, (n_sites,).

    Parameters
    ----------
    values : ndarray, (n_stimuli, n_sites)
        Responses; NaN where one is missing, which does not count.
    """
    absent = np.isnan(values)
    lowest = np.where(absent, np.inf, values).min(axis=0)
    highest = np.where(absent, -np.inf, values).max(axis=0)
    return highest <= lowest
