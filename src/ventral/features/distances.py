"""How far held-out stimuli lie from the train stimuli, in the space of each layer."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import bootstrap

from ventral.data.folds import IN_DISTRIBUTION
from ventral.data.splits import SCORED, SINGLE_PARTITION, rows_of
from ventral.errors import naming
from ventral.features.gram import layers_in
from ventral.features.pca_store import read_components
from ventral.storage.store import Store

COLUMNS = (
    "layer",
    "split",
    "n_train",
    "n_stimuli",
    "nearest_distance",
    "nearest_distance_low",
    "nearest_distance_high",
    "nearest_distance_ratio",
    "nearest_distance_ratio_low",
    "nearest_distance_ratio_high",
    "outside_components",
    "outside_components_low",
    "outside_components_high",
    "mmd",
    "mmd_p",
)
N_PERMUTATIONS = 499
MOST_OF_KIND = 1500
"""Stimuli of a kind that a discrepancy is computed of; of more, a random sample."""


def measure_layers(
    grams: Store,
    components: Store,
    split: pd.DataFrame,
    *,
    seed: int,
    n_bootstrap: int,
) -> pd.DataFrame:
    """Measure how far each held-out part lies from the train stimuli, in every layer.

    Parameters
    ----------
    grams : Store
        Of `ventral.features.gram.write_grams`.
    components : Store
        Of `ventral.features.pca_store.write_components` of the same tap set; all are read.
    split : DataFrame
        With ``split``: one partition.
    seed, n_bootstrap : int
        Of the resampling of held-out stimuli.

    Returns
    -------
    DataFrame
        `COLUMNS`: a row per layer and held-out part, of `distances_of_parts`.

    Raises
    ------
    VentralError
        Naming the layer, where a store is damaged.
    """
    parts = {
        part: rows for part in SCORED[1:] if len(rows := np.flatnonzero(split["split"] == part))
    }
    tables = [pd.DataFrame(columns=list(COLUMNS))]
    for layer in layers_in(grams):
        with naming(f"layer {layer!r}"):
            gram = grams.read(layer)
            scores, _ = read_components(components, layer, everything=True)[SINGLE_PARTITION]
        found = distances_of_parts(gram, scores, rows_of(split, "train"), parts, seed, n_bootstrap)
        tables.append(pd.DataFrame([{"layer": layer, **row} for row in found]))
    return pd.concat(tables[1:] or tables, ignore_index=True)


def distances_of_parts(
    gram: np.ndarray,
    scores: np.ndarray,
    train: np.ndarray,
    parts: Mapping[str, np.ndarray],
    seed: int,
    n_bootstrap: int,
) -> Iterator[dict[str, object]]:
    """Give how far each part lies from the train stimuli.

    Parameters
    ----------
    gram : ndarray, (n, n)
        Of all stimuli.
    scores : ndarray, (n, rank)
        On all principal components of the train stimuli.
    train : ndarray of int, (n_train,)
        Rows.
    parts : Mapping
        {part: rows}.
    seed, n_bootstrap : int
        Of the resampling.

    Yields
    ------
    dict
        ``nearest_distance``: the mean over stimuli of `nearest_distances`.
        ``nearest_distance_ratio``: that mean, divided by the mean of the part `IN_DISTRIBUTION`;
        NaN of that part itself, and without it. ``outside_components``: the share of the squared
        distances from the train mean that lies outside the space of the train stimuli, of
        `distances_outside`; no linear readout that is fitted to them can read it. Each with the
        ends of its 95% interval: percentiles over resamples of the held-out stimuli; the train
        stimuli are not drawn again. ``mmd`` and ``mmd_p`` are of `mean_discrepancy`.
    """
    nearest = {part: nearest_distances(gram, rows, train) for part, rows in parts.items()}
    for part, rows in parts.items():
        outside, whole = distances_outside(gram, scores, rows, train)
        reference = nearest.get(IN_DISTRIBUTION)
        if part == IN_DISTRIBUTION or reference is None:
            reference = np.array([])
        found = {
            "nearest_distance": _mean_and_interval([nearest[part]], seed, n_bootstrap),
            "nearest_distance_ratio": _mean_and_interval(
                [nearest[part], reference], seed, n_bootstrap
            ),
            "outside_components": _mean_and_interval(
                [outside, whole], seed, n_bootstrap, paired=True
            ),
        }
        discrepancy, p = mean_discrepancy(gram, rows, train, seed)
        yield {
            "split": part,
            "n_train": len(train),
            "n_stimuli": len(rows),
            **{
                f"{name}{end}": value
                for name, values in found.items()
                for end, value in zip(("", "_low", "_high"), values, strict=True)
            },
            "mmd": discrepancy,
            "mmd_p": p,
        }


def nearest_distances(gram: np.ndarray, rows: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Return the squared distance of each stimulus to its nearest train stimulus.

    It is in units of the mean squared distance of the train stimuli from their mean. In these
    units, layers of any width and scale can be compared.

    Parameters
    ----------
    gram : ndarray, (n, n)
        Of all stimuli.
    rows, train : ndarray of int
        Rows of the stimuli, and of the train stimuli.

    Returns
    -------
    ndarray, (n_rows,)
        0 of a stimulus that is also in train; NaN where all train stimuli are the same.

    Notes
    -----
    |x − y|² = G(x, x) + G(y, y) − 2 G(x, y): the distance that a kernel defines (Schölkopf, "The
    kernel trick for distances", NIPS 2000). The distance to the nearest train sample as a measure
    of novelty: Ramaswamy, Rastogi and Shim, "Efficient algorithms for mining outliers from large
    data sets", SIGMOD 2000, with k = 1.
    """
    squares = np.diag(gram)
    distances = squares[rows][:, None] + squares[train] - 2 * gram[np.ix_(rows, train)]
    within = gram[np.ix_(train, train)]
    spread = squares[train].mean() - within.mean()
    if spread <= len(train) * np.finfo(float).eps * np.abs(squares[train]).mean():
        return np.full(len(rows), np.nan)
    return distances.min(axis=1).clip(min=0) / spread


def mean_discrepancy(
    gram: np.ndarray, rows: np.ndarray, train: np.ndarray, seed: int
) -> tuple[float, float]:
    """Return the squared maximum mean discrepancy between stimuli and the train stimuli, and its p.

    It is 0 on average for two samples of one distribution, and tells apart distributions of which
    neither lies far from the other, which a distance to the nearest stimulus does not.

    Parameters
    ----------
    gram : ndarray, (n, n)
        Of all stimuli.
    rows, train : ndarray of int
        Rows of the stimuli, and of the train stimuli.
    seed : int
        Of the permutations, and of the sample where there are more than `MOST_OF_KIND`.

    Returns
    -------
    squared : float
        The unbiased estimate, with a Gaussian kernel of the median distance between all stimuli of
        both kinds. It may be negative. NaN where one kind has fewer than two stimuli, or where
        more than half of the distances are 0.
    p : float
        Share of permutations of the two kinds with a discrepancy as large, that of the sample
        itself included.

    References
    ----------
    Gretton, Borgwardt, Rasch, Schölkopf and Smola, "A kernel two-sample test", JMLR 2012: lemma 6,
    and section 8 for the median.
    """
    rng = np.random.default_rng([seed, len(rows), len(train)])
    first, second = (
        rng.choice(kind, MOST_OF_KIND, replace=False) if len(kind) > MOST_OF_KIND else kind
        for kind in (rows, train)
    )
    m, n = len(first), len(second)
    if min(m, n) < 2:
        return np.nan, np.nan
    both = np.concatenate([first, second])
    squares = np.diag(gram)[both]
    distances = (squares[:, None] + squares - 2 * gram[np.ix_(both, both)]).clip(min=0)
    median = np.median(distances[np.triu_indices(m + n, 1)])
    if median <= (m + n) * np.finfo(float).eps * np.abs(squares).max():
        return np.nan, np.nan
    kernel = np.exp(-distances / (2 * median))
    np.fill_diagonal(kernel, 0)
    inside = np.zeros((1 + N_PERMUTATIONS, m + n))
    inside[:, :m] = 1
    inside[1:] = rng.permuted(inside[1:], axis=1)
    sums = inside @ kernel
    of_first = (sums * inside).sum(axis=1)
    between = sums.sum(axis=1) - of_first
    of_second = kernel.sum() - of_first - 2 * between
    found = of_first / (m * (m - 1)) + of_second / (n * (n - 1)) - 2 * between / (m * n)
    return float(found[0]), float((found >= found[0] * (1 - 1e-12)).mean())


def distances_outside(
    gram: np.ndarray, scores: np.ndarray, rows: np.ndarray, train: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return each stimulus's squared distance from the space of the train stimuli, and in all.

    Parameters
    ----------
    gram : ndarray, (n, n)
        Of all stimuli.
    scores : ndarray, (n, rank)
        On all principal components of the train stimuli.
    rows, train : ndarray of int
        Rows of the stimuli, and of the train stimuli.

    Returns
    -------
    outside : ndarray, (n_rows,)
        Squared distance from the affine space that the train stimuli span, in squared activation
        units: the squared prediction error Q of a PCA (Jackson and Mudholkar, "Control procedures
        for residuals associated with principal component analysis", Technometrics 1979).
    whole : ndarray, (n_rows,)
        Squared distance from the mean of the train stimuli.
    """
    between = gram[np.ix_(rows, train)]
    centre = gram[np.ix_(train, train)].mean()
    whole = (np.diag(gram)[rows] - 2 * between.mean(axis=1) + centre).clip(min=0)
    inside = np.einsum("ij,ij->i", scores[rows], scores[rows])
    return (whole - inside).clip(min=0), whole


def _mean_and_interval(
    samples: Sequence[np.ndarray], seed: int, n_bootstrap: int, *, paired: bool = False
) -> tuple[float, float, float]:
    """Return the mean of a sample, or the quotient of the means of two, and its 95% interval."""
    if any(len(sample) == 0 or not np.isfinite(sample).all() for sample in samples):
        return np.nan, np.nan, np.nan

    def statistic(*drawn: np.ndarray, axis: int = -1) -> np.ndarray:
        means = [np.mean(sample, axis=axis) for sample in drawn]
        if len(means) == 1:
            return means[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(means[1] > 0, means[0] / means[1], np.nan)

    estimate = float(statistic(*samples))
    if min(map(len, samples)) < 2 or not np.isfinite(estimate):
        return estimate, np.nan, np.nan
    interval = bootstrap(
        samples,
        statistic,
        n_resamples=n_bootstrap,
        paired=paired,
        vectorized=True,
        method="percentile",
        rng=np.random.default_rng([seed, *map(len, samples)]),
    ).confidence_interval
    return estimate, float(interval.low), float(interval.high)
