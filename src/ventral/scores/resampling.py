"""Resampling of stimuli and sites: intervals of means over sites, and of their differences."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from ventral.data.missing import is_constant
from ventral.scores.measures import MEASURES, measure_sites

INTERVAL = (2.5, 97.5)
CANCELLED = 1e-9
"""Of the mean square: a smaller variance, as a difference of sums, has lost half of its digits."""

FEWEST_GROUPS = 3
"""Animals or sessions of which others can be inferred. Of two, Student's t makes every interval as
wide as the measure itself (docs/coverage.md), so an interval is of these two."""

Sample = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Rows of stimuli in the data set, (n,), responses and predictions, (n, n_sites)."""


@dataclass(frozen=True)
class Resamples:
    """The scores of each site on the drawn stimuli, and how often each site is drawn.

    Those of two models on the same stimuli and sites, with the same seed, are of the same draws.

    Attributes
    ----------
    per_site : ndarray, (n_bootstrap, n_sites, n_measures)
        NaN where a score is undefined on the drawn stimuli.
    observed : ndarray, (n_sites, n_measures)
        The scores on all stimuli.
    site_counts : ndarray, (n_bootstrap, n_sites)
        How often each site is drawn.
    groups : int
        Number of groups at the widest level, or of sites if there are no levels.
    measures : tuple of str
        The measures, in the order of the last axis.
    """

    per_site: np.ndarray
    observed: np.ndarray
    site_counts: np.ndarray
    groups: int
    measures: tuple[str, ...] = MEASURES

    def only(self, measure: str) -> "Resamples":
        """Return those of one measure, which take less memory."""
        k = [self.measures.index(measure)]
        return replace(
            self,
            per_site=self.per_site[:, :, k],
            observed=self.observed[:, k],
            measures=(measure,),
        )

    def minus(self, other: "Resamples") -> "Resamples":
        """Return the paired differences from the scores of another model.

        Parameters
        ----------
        other : Resamples
            Of the same draws.
        """
        return replace(
            self,
            per_site=self.per_site - other.per_site,
            observed=self.observed - other.observed,
        )

    def score(self, measure: str) -> np.ndarray:
        """Return the score of each site on all stimuli, (n_sites,)."""
        return self.observed[:, self.measures.index(measure)]

    def means(self) -> np.ndarray:
        """Return the mean over drawn sites of each measure, (n_bootstrap, n_measures)."""
        columns = range(self.per_site.shape[2])
        return np.stack(
            [_weighted_means(self.per_site[:, :, k], self.site_counts) for k in columns], axis=1
        )

    def deviations(self) -> np.ndarray:
        """Return the standard deviation of the mean over sites of each measure, (n_measures,).

        Of one site that over stimuli alone. NaN where nothing is defined.

        Notes
        -----
        With A the variance over resamples of the sites alone (times k / (k − 1) of k sites, or of k
        groups of the widest level), S that over resamples of the stimuli alone, and I the part of S
        that sites do not share, the variance of the mean is A + S − I: what is of a site and a
        stimulus together is in both A and S. Resampled together they hold A + S + I.

        References
        ----------
        Owen, "The pigeonhole bootstrap", Ann. Appl. Stat. 2007.
        """
        found = np.full(self.per_site.shape[2], np.nan)
        for k in range(len(found)):
            values = self.per_site[:, :, k]
            known = np.isfinite(values).any(axis=0)
            if known.any() and self.groups == 1:
                found[k] = np.nanstd(_weighted_means(values, self.site_counts))
            elif known.any():
                of_sites = np.nanvar(_weighted_means(self.observed[:, k], self.site_counts))
                of_sites *= self.groups / (self.groups - 1)
                found[k] = np.sqrt(_variance(values[:, known], of_sites))
        return found

    def stretch(self) -> np.ndarray:
        """Return by how much the spread of `means` must be multiplied, (n_measures,).

        The quotient of `deviations` and the deviation of the means, times that of Student's t with
        a degree of freedom less than there are groups, and the normal quantile. 1 where it is
        unknown.
        """
        means = self.means()
        drawn = np.array([np.nanstd(m) if np.isfinite(m).any() else 0.0 for m in means.T])
        with np.errstate(divide="ignore", invalid="ignore"):
            stretch = self.deviations() / drawn * self.quantile / ndtri(INTERVAL[1] / 100)
        return np.where(np.isfinite(stretch), stretch, 1.0)

    def incomplete(self) -> int:
        """Return in how many resamples a drawn site is undefined that is defined on all stimuli."""
        k = self.measures.index("explained_variance")
        left_out = np.isnan(self.per_site[:, :, k]) & np.isfinite(self.observed[:, k])
        return int((left_out & (self.site_counts > 0)).any(axis=1).sum())

    @property
    def quantile(self) -> float:
        """Student's t, or of one site the normal variable, that 2.5 % are above."""
        q = INTERVAL[1] / 100
        return float(stdtrit(self.groups - 1, q) if self.groups > 1 else ndtri(q))


class Difference(NamedTuple):
    """A difference of two means over sites.

    Attributes
    ----------
    estimate : float
        On all stimuli.
    low, high : float
        Its 95 % interval.
    p : float
        Two-sided, for the null hypothesis of no difference.
    """

    estimate: float
    low: float
    high: float
    p: float


def compare(first: Resamples, second: Resamples) -> dict[str, Difference]:
    """Compare two models on the same stimuli and sites, in pairs.

    What makes a stimulus or a site hard for both models is in neither the interval nor p.

    Parameters
    ----------
    first, second : Resamples
        Of the same draws.

    Returns
    -------
    dict
        {measure: first less second}. All is NaN where no site is defined.

    Notes
    -----
    The interval is centre ± t · deviation: the deviation is that of `Resamples.deviations`, and the
    centre is the estimate less the bias that the resamples show (see `interval_of`). p is of the
    same t.
    """
    paired = first.minus(second)
    means, deviations = paired.means(), paired.deviations()
    found = {}
    for k, measure in enumerate(paired.measures):
        if not np.isfinite(deviations[k]):
            found[measure] = Difference(np.nan, np.nan, np.nan, np.nan)
            continue
        estimate = float(np.nanmean(paired.observed[:, k]))
        centre = 2 * estimate - float(np.nanmedian(means[:, k]))
        half = paired.quantile * deviations[k]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.nan_to_num(-abs(centre) / deviations[k])  # none of two equal models
        p = 2 * (stdtr(paired.groups - 1, t) if paired.groups > 1 else ndtr(t))
        found[measure] = Difference(estimate, centre - half, centre + half, float(p))
    return found


def resample(
    folds: Sequence[Sample], seed: int, n_bootstrap: int, levels: Sequence[np.ndarray] = ()
) -> Resamples:
    """Resample the stimuli and sites of one data set.

    Parameters
    ----------
    folds, seed, n_bootstrap, levels
        As of `resample_pool`, of which this is the pool of one.
    """
    return resample_pool([folds], seed, n_bootstrap, levels)


def resample_pool(
    recordings: Sequence[Sequence[Sample]],
    seed: int,
    n_bootstrap: int,
    levels: Sequence[np.ndarray] = (),
) -> Resamples:
    """Resample stimuli and sites of one or several data sets.

    Stimuli and sites are drawn with replacement together (a two-way bootstrap), so an interval
    covers both; a stimulus that several folds test is drawn for all of them alike. Each data set
    has its own stimuli, and its own draws of them. Of sites in
    several animals or sessions, animals are drawn first, then sessions of those, then sites of
    those: sites of one session are not independent. A resample is a vector of counts; all sums of
    all resamples are matrix products. A site counts those of the drawn stimuli to which it has a
    response, and is undefined in a resample in which these responses are all equal (for r, also
    where its predictions are). The readouts are not fitted again, so what the choice of train
    stimuli adds is not covered.

    Parameters
    ----------
    recordings : sequence of sequence of tuple
        Of each data set and fold the rows of its stimuli in the data set, its responses and its
        predictions, (stimuli, sites). The sites of a data set are the same in all its folds.
    seed : int
        Of the resampling, with the numbers of stimuli and of sites.
    n_bootstrap : int
        Number of resamples.
    levels : sequence of ndarray, (sites,)
        Labels of the groups of sites, of all data sets one after the other; the widest first, of
        `levels_of`.

    Returns
    -------
    Resamples
        With a column for each of `MEASURES`, the mean over folds.
    """
    stimuli = [np.unique(np.concatenate([rows for rows, *_ in folds])) for folds in recordings]
    n_sites = [folds[0][1].shape[1] for folds in recordings]
    rng = np.random.default_rng([seed, sum(map(len, stimuli)), sum(n_sites)])
    found = [
        _score_draws(folds, own, rng, n_bootstrap)
        for folds, own in zip(recordings, stimuli, strict=True)
    ]
    per_site, observed = found[0]
    if len(found) > 1:
        per_site = np.concatenate([drawn for drawn, _ in found], axis=1)
        observed = np.concatenate([scores for _, scores in found])
    site_counts = draw_sites(rng, levels, sum(n_sites), n_bootstrap)
    groups = len(np.unique(levels[0])) if len(levels) else sum(n_sites)
    return Resamples(per_site, observed, site_counts, groups)


def resample_parts(
    parts: Sequence[Sequence[Sample]],
    seed: int,
    n_bootstrap: int,
    levels: Sequence[np.ndarray] = (),
) -> list[Resamples]:
    """Resample the same sites on several parts, each with its own stimuli.

    Stimuli of each part are drawn on their own; the sites that are drawn are those of all parts. So
    `compare` of two of them is paired over sites, and independent in its stimuli.

    Parameters
    ----------
    parts : sequence of sequence of tuple
        Of each part the samples of its folds, as of `resample`; the sites are the same in all.
    seed, n_bootstrap, levels
        As of `resample_pool`.

    Returns
    -------
    list of Resamples
        One for each part.
    """
    stimuli = [np.unique(np.concatenate([rows for rows, *_ in folds])) for folds in parts]
    n_sites = parts[0][0][1].shape[1]
    rng = np.random.default_rng([seed, *map(len, stimuli), n_sites])
    drawn = [
        _score_draws(folds, own, rng, n_bootstrap)
        for folds, own in zip(parts, stimuli, strict=True)
    ]
    site_counts = draw_sites(rng, levels, n_sites, n_bootstrap)
    groups = len(np.unique(levels[0])) if len(levels) else n_sites
    return [Resamples(per_site, observed, site_counts, groups) for per_site, observed in drawn]


def _score_draws(
    folds: Sequence[Sample], stimuli: np.ndarray, rng: np.random.Generator, n_bootstrap: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the stimuli of a data set, and return what `Resamples` has of its sites."""
    n, n_sites = len(stimuli), folds[0][1].shape[1]
    counts = rng.multinomial(n, np.full(n, 1 / n), size=n_bootstrap).astype(float)
    per_site = np.zeros((n_bootstrap, n_sites, len(MEASURES)))
    observed = np.zeros((n_sites, len(MEASURES)))
    undefined = np.zeros(n_sites, bool)
    for rows, responses, predictions in folds:
        own = counts[:, np.searchsorted(stimuli, rows)]
        per_site += _resampled_scores(own, responses, predictions) / len(folds)
        once = np.ones((1, len(rows)))
        observed += _resampled_scores(once, responses, predictions)[0] / len(folds)
        undefined |= is_constant(responses)
    per_site[:, undefined] = np.nan
    observed[undefined] = np.nan
    return per_site, observed


def interval_of(means: np.ndarray, stretch: float, estimate: float) -> tuple[float, float]:
    """Return the 95 % interval of a mean over sites, corrected for bias and spread.

    What resampling adds to the estimate, it has added to the truth: the median of the resamples
    lies as far from the estimate as this from the truth. The interval is around the estimate less
    that distance, with the shape of the resamples, and ends at 1, which no measure exceeds.

    Parameters
    ----------
    means : ndarray, (n_bootstrap,)
        Of one measure, of `Resamples.means`.
    stretch : float
        Of the same, of `Resamples.stretch`.
    estimate : float
        The mean over sites, of all stimuli.

    Returns
    -------
    low, high : float
        NaN if nothing is defined.

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 10 and 14.

    """
    if not np.isfinite(means).any() or not np.isfinite(estimate):
        return np.nan, np.nan
    low, middle, high = np.nanpercentile(means, [INTERVAL[0], 50, INTERVAL[1]])
    centre = estimate - (middle - estimate)
    return centre + stretch * (low - middle), min(centre + stretch * (high - middle), 1.0)


def levels_of(sites: pd.DataFrame) -> list[np.ndarray]:
    """Return the labels of the groups that sites are recorded in, the widest first.

    Parameters
    ----------
    sites : DataFrame, n_sites rows
        Of one region; ``animal`` and ``session`` where they are known.

    Returns
    -------
    list of ndarray, (n_sites,)
        Of animals, then of sessions of these; without a level of fewer than `FEWEST_GROUPS`.

    """
    levels: list[np.ndarray] = []
    columns = [column for column in ("animal", "session") if column in sites]
    for width in range(1, len(columns) + 1):
        labels = sites.groupby(columns[:width], sort=False, dropna=False).ngroup().to_numpy()
        if len(np.unique(labels)) >= FEWEST_GROUPS:
            levels.append(labels)
    return levels


def _weighted_means(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the mean over defined sites of values, (sites,) or (resamples, sites)."""
    weights = np.where(np.isfinite(values), weights, 0)
    total = weights.sum(axis=1)
    summed = (np.where(np.isfinite(values), values, 0) * weights).sum(axis=1)
    return np.where(total > 0, summed / np.maximum(total, 1), np.nan)


def _variance(values: np.ndarray, of_sites: float) -> float:
    """Return A + S − I of `Resamples.deviations`; values: (resamples, sites), of_sites: A."""
    defined = np.isfinite(values)
    shared = _weighted_means(values, np.ones(defined.shape))
    apart = np.where(defined, values - shared[:, None], np.nan)
    of_stimuli = np.nanvar(shared)
    own = np.nanvar(apart, axis=0).mean() / values.shape[1]
    return float(max(of_sites + of_stimuli - own, of_sites, of_stimuli))


def draw_sites(
    rng: np.random.Generator, levels: Sequence[np.ndarray], n_sites: int, n_bootstrap: int
) -> np.ndarray:
    """Draw sites, level by level.

    Parameters
    ----------
    rng : Generator
        Gives the draws.
    levels : sequence of ndarray, (n_sites,)
        Of `levels_of`.
    n_sites, n_bootstrap : int
        Numbers of sites and of resamples.

    Returns
    -------
    ndarray of int, (n_bootstrap, n_sites)
        How often each site is drawn.
    """
    parents, drawn = np.zeros(n_sites, int), np.ones((n_bootstrap, 1), int)
    for level in (*levels, np.arange(n_sites)):
        names = np.unique(level)
        counts = np.zeros((n_bootstrap, len(names)), int)
        for parent in range(drawn.shape[1]):
            own = np.flatnonzero(np.isin(names, level[parents == parent]))
            share = np.full(len(own), 1 / len(own))
            counts[:, own] = rng.multinomial(drawn[:, parent] * len(own), share)
        parents, drawn = np.searchsorted(names, level), counts
    return drawn


def _resampled_scores(
    counts: np.ndarray, responses: np.ndarray, predictions: np.ndarray
) -> np.ndarray:
    """Return each measure of each site, (resamples, sites, 3), of counts, (resamples, stimuli)."""
    n = counts.sum(axis=1, keepdims=True)
    # Centring on the full sample conditions the sums of squares; it changes no variance.
    absent = np.isnan(responses)
    if absent.any():
        n = counts @ ~absent  # of each site
        offset = np.where(absent, 0, responses).sum(axis=0) / np.maximum((~absent).sum(axis=0), 1)
        y, prediction = (
            np.where(absent, 0, values - offset) for values in (responses, predictions)
        )
    else:
        offset = responses.mean(axis=0)
        y, prediction = responses - offset, predictions - offset
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_y, mean_prediction, mean_product, mean_y2, mean_prediction2 = (
            counts @ values / n for values in (y, prediction, y * prediction, y**2, prediction**2)
        )
        var_y = mean_y2 - mean_y**2
        var_prediction = mean_prediction2 - mean_prediction**2
        covariance = mean_product - mean_y * mean_prediction
        mean_error = mean_y - mean_prediction
        mean_error2 = mean_y2 + mean_prediction2 - 2 * mean_product
        scores = np.stack(
            [
                1 - mean_error2 / var_y,
                1 - (mean_error2 - mean_error**2) / var_y,
                covariance / np.sqrt(var_y * var_prediction),
            ],
            axis=2,
        )
    # A sparse site is constant in some resamples, and its variance there is a rounding error.
    unsafe = (var_y <= CANCELLED * mean_y2) | (var_prediction <= CANCELLED * mean_prediction2)
    for draw in np.flatnonzero(unsafe.any(axis=1)):
        rows = np.repeat(np.arange(len(responses)), counts[draw].astype(int))
        pair = responses[rows][:, unsafe[draw]], predictions[rows][:, unsafe[draw]]
        scores[draw, unsafe[draw]] = np.stack(list(measure_sites(*pair).values()), axis=1)
    return scores
