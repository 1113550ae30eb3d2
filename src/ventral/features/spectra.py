"""Eigenspectra of layers: power law, effective dimensionality, components for most of the variance.

All of it follows from the eigenvalues and train scores of the principal components. Intervals hold
95 % over the draw of train stimuli. They are of the first order: where stimulus t has the score
``s`` on component i, its weight moves the eigenvalue by ``s²``, so every smooth function of the
eigenvalues has a known influence of each stimulus, whose variance over stimuli is that of the
function (infinitesimal jackknife; Efron, The Jackknife, the Bootstrap and Other Resampling Plans,
1982, chapter 6). No decomposition is made again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

FIRST_RANK = 11
LAST_RANK = 500
FEWEST_RANKS = 10
"""The range of Stringer et al. (2019). No exponent is fitted to fewer ranks than this."""

MOST = 0.9
"""Of the variance, that the counted components hold."""

NORMAL = 1.959963984540054
"""What 2.5 % of a standard normal variable are above."""


class Estimate(NamedTuple):
    """A number and its 95 % interval."""

    value: float
    low: float
    high: float


NONE = Estimate(np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class PowerLaw:
    """A power law through a range of the spectrum, ``λᵢ ∝ i^−exponent``.

    Attributes
    ----------
    exponent : Estimate
        NaN where the range has fewer than `FEWEST_RANKS`.
    first, last : int
        The range of ranks that is fitted, both included; the first component has rank 1.
    r2 : float
        Of the line through log λ against log i.

    """

    exponent: Estimate
    first: int
    last: int
    r2: float


@dataclass(frozen=True)
class Spectrum:
    """Facts of an eigenspectrum.

    Attributes
    ----------
    n_train, rank : int
        Numbers of train stimuli and of components.
    power_law : PowerLaw
    effective_dimensionality : Estimate
        Participation ratio, ``(Σλ)² / Σλ²``: between 1 and the rank.
    components_for_most : Estimate
        Fewest leading components with 90 % of the variance.

    """

    n_train: int
    rank: int
    power_law: PowerLaw
    effective_dimensionality: Estimate
    components_for_most: Estimate

    def facts(self) -> dict[str, float]:
        """Return all of it by name, each estimate with its ends."""
        law = self.power_law
        return {
            "n_train": self.n_train,
            "rank": self.rank,
            **with_ends("power_law_exponent", law.exponent),
            "power_law_first_rank": law.first,
            "power_law_last_rank": law.last,
            "power_law_r2": law.r2,
            **with_ends("effective_dimensionality", self.effective_dimensionality),
            **with_ends("components_for_90", self.components_for_most),
        }


def with_ends(name: str, estimate: tuple[float, float, float]) -> dict[str, float]:
    """Return a number and the ends of its interval: ``name``, ``name_low``, ``name_high``."""
    return dict(zip((name, f"{name}_low", f"{name}_high"), estimate, strict=True))


def describe_spectrum(scores: np.ndarray, eigenvalues: np.ndarray) -> Spectrum:
    """Return the facts of the spectrum of a layer.

    Parameters
    ----------
    scores : numpy.ndarray
        (n, rank), of the train stimuli on all components.
    eigenvalues : numpy.ndarray
        (rank,), the sums of their squares, falling and positive.

    Returns
    -------
    Spectrum

    """
    squares = scores**2
    return Spectrum(
        n_train=len(scores),
        rank=len(eigenvalues),
        power_law=fit_power_law(squares, eigenvalues),
        effective_dimensionality=participation_ratio(squares, eigenvalues),
        components_for_most=components_for(squares, eigenvalues, MOST),
    )


def fit_power_law(squares: np.ndarray, eigenvalues: np.ndarray) -> PowerLaw:
    """Fit a power law to ranks 11 to 500, or to half of the rank where that is less.

    Least squares of log λ against log i. Of few stimuli the exponent is biased: the variance of
    all components together raises the small eigenvalues of a sample. With 400 stimuli a true 0.7,
    1, 1.5 and 2 give 0.46, 0.80, 1.43 and 2.03 (docs/spectra.md), so compare exponents of the same
    number of stimuli.

    Parameters
    ----------
    squares : numpy.ndarray
        (n, rank), squared train scores.
    eigenvalues : numpy.ndarray
        (rank,).

    Returns
    -------
    PowerLaw

    References
    ----------
    Stringer, Pachitariu, Steinmetz, Carandini and Harris, "High-dimensional geometry of population
    responses in visual cortex", Nature 2019.

    """
    first, last = FIRST_RANK, min(LAST_RANK, len(eigenvalues) // 2)
    if last - first + 1 < FEWEST_RANKS:
        return PowerLaw(NONE, first, last, np.nan)
    inside = slice(first - 1, last)
    log_rank = np.log(np.arange(first, last + 1))
    log_values = np.log(eigenvalues[inside])
    weights = log_rank - log_rank.mean()
    weights /= weights @ weights
    exponent = -float(weights @ log_values)
    residual = log_values - log_values.mean() + exponent * (log_rank - log_rank.mean())
    influence = -len(squares) * (squares[:, inside] @ (weights / eigenvalues[inside]))
    half = float(NORMAL * _deviation(influence))
    return PowerLaw(
        exponent=Estimate(exponent, exponent - half, exponent + half),
        first=first,
        last=last,
        r2=1 - float(residual @ residual) / (len(residual) * float(log_values.var())),
    )


def participation_ratio(squares: np.ndarray, eigenvalues: np.ndarray) -> Estimate:
    """Return the effective dimensionality ``(Σλ)² / Σλ²``.

    Parameters
    ----------
    squares, eigenvalues : numpy.ndarray
        As of `fit_power_law`.

    Returns
    -------
    Estimate
        Its interval is one of its logarithm. What few stimuli hide of the dimensionality is not
        in it: compare values of the same number of stimuli.

    """
    total, square_total = eigenvalues.sum(), (eigenvalues**2).sum()
    ratio = float(total**2 / square_total)
    n = len(squares)
    influence = 2 * n * (squares.sum(axis=1) / total - squares @ eigenvalues / square_total)
    factor = float(np.exp(NORMAL * _deviation(influence)))
    return Estimate(ratio, ratio / factor, ratio * factor)


def components_for(squares: np.ndarray, eigenvalues: np.ndarray, share: float) -> Estimate:
    """Return the fewest leading components that hold a share of the variance.

    Parameters
    ----------
    squares, eigenvalues : numpy.ndarray
        As of `fit_power_law`.
    share : float
        Between 0 and 1.

    Returns
    -------
    Estimate
        Its ends are the first components at which the upper and the lower end of the interval of
        the cumulative share reach `share`; the rank where the lower end does not.

    """
    total = eigenvalues.sum()
    cumulative = np.cumsum(eigenvalues) / total
    shares = np.cumsum(squares, axis=1)
    influence = len(squares) * (shares - cumulative * shares[:, -1:]) / total
    half = NORMAL * _deviation(influence)

    def reached(curve: np.ndarray) -> float:
        enough = np.flatnonzero(curve >= share * (1 - 1e-12))  # 0.9 of ten equal ones is nine
        return float(enough[0] + 1 if len(enough) else len(eigenvalues))

    return Estimate(*map(reached, (cumulative, cumulative + half, cumulative - half)))


def mean_facts(facts: list[Mapping[str, float]]) -> dict[str, float]:
    """Return the means over folds of `Spectrum.facts`."""
    return {name: float(np.mean([one[name] for one in facts])) for name in facts[0]}


def _deviation(influence: np.ndarray) -> np.ndarray:
    """Return the standard deviation of a mean of influences, over the first axis."""
    return influence.std(axis=0) / np.sqrt(len(influence))
