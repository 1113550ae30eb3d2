"""Intervals of similarities to a population of sites: stimuli and sites are resampled."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from ventral.scores.resampling import draw_sites

TAIL = 0.025


class Deviation(NamedTuple):
    """How uncertain some numbers are.

    Attributes
    ----------
    sizes : ndarray, (n_measures,)
        Standard deviations; NaN where unknown.
    degrees_of_freedom : int
        Of Student's t.
    """

    sizes: np.ndarray
    degrees_of_freedom: int

    def interval(self, estimate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the ends of the 95 % intervals around estimates, (n_measures,) each."""
        half = stdtrit(self.degrees_of_freedom, 1 - TAIL) * self.sizes
        return estimate - half, estimate + half


def two_way_deviation(
    measured: Callable[[np.ndarray | None, np.ndarray | None], np.ndarray],
    n: int,
    levels: Sequence[np.ndarray],
    n_sites: int,
    seed: int,
    n_bootstrap: int,
) -> Deviation:
    """Resample stimuli, sites, and both together.

    Parameters
    ----------
    measured : callable
        Takes how often each stimulus, (n,), and each site, (n_sites,), is drawn, None for once, and
        returns the measures, (n_measures,).
    n : int
        Number of stimuli.
    levels : sequence of ndarray, (n_sites,)
        Of `ventral.scores.resampling.levels_of`: animals are drawn first, then sessions, then
        sites.
    n_sites : int
        Number of sites.
    seed : int
        With the numbers of stimuli and sites it decides the draws: they are the same for all
        layers and models.
    n_bootstrap : int
        Number of resamples of each kind.

    Returns
    -------
    Deviation
        With a degree of freedom less than there are stimuli, or groups of the widest level if those
        are fewer. Of a single site or animal over stimuli alone.

    Notes
    -----
    Stimuli and sites that are drawn together count three times what belongs to a stimulus and a
    site together: see `combine`.
    """
    rng = np.random.default_rng([seed, n, n_sites])
    stimuli = rng.multinomial(n, np.full(n, 1 / n), size=n_bootstrap)
    sites = draw_sites(rng, levels, n_sites, n_bootstrap)
    groups = len(np.unique(levels[0])) if len(levels) else n_sites
    of_stimuli = _variance([measured(drawn, None) for drawn in stimuli])
    if groups == 1:
        return Deviation(np.sqrt(of_stimuli * n / (n - 1)), n - 1)
    of_sites = _variance([measured(None, drawn) for drawn in sites])
    of_both = _variance([measured(*drawn) for drawn in zip(stimuli, sites, strict=True)])
    variance = combine(of_stimuli, of_sites, of_both, n, groups)
    return Deviation(np.sqrt(variance), min(n, groups) - 1)


def combine(
    of_stimuli: np.ndarray, of_sites: np.ndarray, of_both: np.ndarray, n: int, groups: int
) -> np.ndarray:
    """Return the variance over new stimuli and new sites, from that of three bootstraps.

    Parameters
    ----------
    of_stimuli, of_sites, of_both : ndarray, (n_measures,)
        Variances over resamples of stimuli, of sites, and of both together.
    n, groups : int
        Number of stimuli, and of sites or of their widest groups.

    Returns
    -------
    ndarray, (n_measures,)
        Not over what both together have, and not under what either has alone.

    References
    ----------
    Schütt et al., "Statistical inference on representational geometries", eLife 2023, the corrected
    two-factor bootstrap.
    """
    p, g = n / (n - 1), groups / (groups - 1)
    variance = p * of_stimuli + g * of_sites - p * g * (of_both - of_stimuli - of_sites)
    variance = np.minimum(variance, of_both)
    return np.maximum(variance, np.maximum(p * of_stimuli, g * of_sites))


def _variance(measured: Sequence[np.ndarray]) -> np.ndarray:
    """Return the variance of each measure over the resamples in which it is defined."""
    values = np.array(measured)
    defined = np.isfinite(values)
    count = defined.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(defined, values, 0).sum(axis=0) / count
        squares = np.where(defined, values - mean, 0) ** 2
        return np.where(count > 1, squares.sum(axis=0) / count, np.nan)
