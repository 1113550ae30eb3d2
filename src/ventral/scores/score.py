"""Score one fit: a row per site and split, and the population figures with their intervals."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from ventral.data.missing import is_constant, sites_by_stimuli
from ventral.data.responses import Responses
from ventral.data.splits import FOLDS, SINGLE_PARTITION
from ventral.data.stimuli import SPLITS
from ventral.errors import VentralError, naming
from ventral.readouts.fit_store import StoredFit
from ventral.scores.measures import (
    cross_site_correlation,
    explained_and_explainable,
    explained_variance,
    noise_corrected,
    pearson_r,
    r2,
    r2_ceiled,
    ratio_of_sums,
)

MEASURES = ("r2", "explained_variance", "pearson_r")
VARIANCES = ("_explained", "_explainable", "_whole")
INTERVAL = (2.5, 97.5)
CANCELLED = 1e-9
"""Of the mean square: a smaller variance, as a difference of sums, has lost half of its digits."""


@dataclass(frozen=True)
class Fit:
    """What is needed of a fit to score it.

    Attributes
    ----------
    predictions, responses : numpy.ndarray
        (stimuli, sites), in the unit of the responses. Responses are NaN where one is missing:
        each site is scored on the stimuli that it has. Predictions are NaN of sites that could not
        be fitted.
    split : numpy.ndarray
        (stimuli,) strings.
    sites : pandas.DataFrame
        With ``site_id`` and ``region``.
    alpha : numpy.ndarray
        (sites,), the penalty of each site.
    alpha_on_edge : numpy.ndarray
        (sites,), whether it is the first or the last of its grid.
    ceilings : Mapping
        {split: (sites,)}, the reliability of each site over the stimuli of a split; none of train.
        A fit of a fold has `FOLDS` too, over what all folds test.
    n_components : int
        Components of the readout's features.
    noise_variance : numpy.ndarray or None
        (stimuli, sites), of the responses, in the square of their unit.

    """

    predictions: np.ndarray
    responses: np.ndarray
    split: np.ndarray
    sites: pd.DataFrame
    alpha: np.ndarray
    alpha_on_edge: np.ndarray
    ceilings: Mapping[str, np.ndarray]
    n_components: int
    noise_variance: np.ndarray | None = None

    def parts(self) -> Iterator[tuple[str, np.ndarray]]:
        """Give each split that has responses, with the rows that have any."""
        answered = ~np.isnan(self.responses).all(axis=1)
        for part in SPLITS:
            rows = np.flatnonzero((self.split == part) & answered)
            if len(rows) > 1:
                yield part, rows


def fit_to_score(
    stored: StoredFit, responses: Responses, ceilings: pd.DataFrame, partition: str
) -> Fit:
    """Put a fit beside what it is scored against.

    Parameters
    ----------
    stored : StoredFit
        Of the fit.
    responses : Responses
        To the same stimuli, in their order.
    ceilings : pandas.DataFrame
        Of `ventral.scores.ceilings.estimate_ceilings`, in the order of the sites.
    partition : str
        Name of the fit's partition.

    Returns
    -------
    Fit

    """
    parts = {name: name for name in SPLITS[1:]}
    if partition != SINGLE_PARTITION:
        parts = {"test": partition, FOLDS: FOLDS}
    return Fit(
        predictions=stored.predictions,
        responses=responses.average,
        noise_variance=responses.noise_variance,
        split=stored.split,
        sites=responses.sites,
        alpha=stored.alpha,
        alpha_on_edge=stored.alpha_on_edge,
        ceilings={part: ceilings[f"ceiling_{name}"].to_numpy() for part, name in parts.items()},
        n_components=stored.n_components,
    )


def score_layers(
    layers: Iterable[tuple[str, Mapping[str, StoredFit]]],
    responses: Responses,
    ceilings: pd.DataFrame,
    *,
    ceiling_floor: float,
    seed: int,
    n_bootstrap: int,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, np.ndarray]]:
    """Score the fits of every layer of a tap set, one layer after the other.

    Parameters
    ----------
    layers : iterable
        Each layer and its fits by partition, of `ventral.readouts.fit_store.read_fits`.
    responses, ceilings
        As of `fit_to_score`.
    ceiling_floor, seed, n_bootstrap
        As of `score_partitions` and `score_population`.

    Returns
    -------
    sites : pandas.DataFrame
        Of `score_partitions`, with the column ``layer``.
    population : pandas.DataFrame
        Of `score_population`, with the column ``layer``.
    draws : dict
        Of `score_population`: {"layer/split/region": (n_bootstrap, 3)}.

    Raises
    ------
    VentralError
        Naming the layer.

    """
    site_tables: list[pd.DataFrame] = []
    population_tables: list[pd.DataFrame] = []
    draws: dict[str, np.ndarray] = {}
    for layer, stored in layers:
        with naming(f"layer {layer!r}"):
            fits = {
                name: fit_to_score(fit, responses, ceilings, name) for name, fit in stored.items()
            }
            sites = score_partitions(fits, ceiling_floor)
            population, of_layer = score_population(fits, sites, seed, n_bootstrap)
        site_tables.append(_with_layer(sites, layer))
        population_tables.append(_with_layer(population, layer))
        draws |= {f"{layer}/{name}": means for name, means in of_layer.items()}
    return (
        pd.concat(site_tables, ignore_index=True),
        pd.concat(population_tables, ignore_index=True),
        draws,
    )


def _with_layer(table: pd.DataFrame, layer: str) -> pd.DataFrame:
    return table.assign(layer=layer)[["layer", *table.columns]]


def score_partitions(fits: Mapping[str, Fit], ceiling_floor: float) -> pd.DataFrame:
    """Return one row per split and site; with folds, per fold and site, and of all of them.

    Parameters
    ----------
    fits : Mapping
        By partition.
    ceiling_floor : float
        As of `score_sites`.

    Returns
    -------
    pandas.DataFrame
        The columns of `score_sites` without the variances. The rows of a fold are of its test
        stimuli, and their split is the fold's name. The rows of all folds have the split `FOLDS`;
        their alpha and n_components are medians. Where the folds test each stimulus once, these
        rows are of the predictions of all folds together (`pool_folds`). Else they are means over
        folds, ``r2_ceiled`` of the mean correlation and the mean ceiling and
        ``explained_variance_corrected`` of the summed variances; a site that is undefined in one
        fold has no mean.

    Raises
    ------
    VentralError
        Where a fold has fewer than two test stimuli with responses.

    """
    if SINGLE_PARTITION in fits:
        return _without_parts(score_sites(fits[SINGLE_PARTITION], ceiling_floor))
    tables = []
    for name, fit in fits.items():
        _test_rows(name, fit)
        of_fold = score_sites(fit, ceiling_floor)
        tables.append(of_fold[of_fold["split"] == "test"].assign(split=name))
    folds = pd.concat(tables, ignore_index=True)
    if (pooled := pool_folds(fits)) is not None:
        together = score_sites(pooled, ceiling_floor).assign(split=FOLDS)
        return _without_parts(pd.concat([folds, together], ignore_index=True))
    grouped = folds.groupby("site_id", sort=False)
    columns = [*MEASURES, "ceiling", *VARIANCES]
    means = grouped[columns].mean(skipna=False)
    middles = grouped[["alpha", "n_components"]].median()
    mean = tables[0].assign(
        split=FOLDS,
        alpha=middles["alpha"].to_numpy(),
        n_components=middles["n_components"].to_numpy(),
        **{column: means[column].to_numpy() for column in columns},
    )
    mean = _with_ceiled(mean.reset_index(drop=True), ceiling_floor)
    return _without_parts(pd.concat([folds, mean], ignore_index=True))


def pool_folds(fits: Mapping[str, Fit]) -> Fit | None:
    """Put the predictions of the test stimuli of all folds together.

    The R² of a few stimuli is biased down, by ȳ that is estimated from them and by their variance
    in the denominator: of a true .610, folds of six stimuli give .339. A mean over folds keeps
    that; together the folds are one large sample.

    Parameters
    ----------
    fits : Mapping
        By fold.

    Returns
    -------
    Fit or None
        All stimuli are its test stimuli, alpha and n_components are medians over folds. None if a
        stimulus is tested in several folds or in none.

    """
    tested = np.array([fit.split == "test" for fit in fits.values()])
    if not (tested.sum(axis=0) == 1).all():
        return None
    first = next(iter(fits.values()))
    predictions = np.full(first.predictions.shape, np.nan)
    for rows, fit in zip(tested, fits.values(), strict=True):
        predictions[rows] = fit.predictions[rows]
    return replace(
        first,
        predictions=predictions,
        split=np.full(len(first.split), "test", dtype=object),
        alpha=np.median([fit.alpha for fit in fits.values()], axis=0),
        ceilings={"test": first.ceilings.get(FOLDS, np.full(len(first.sites), np.nan))},
        n_components=int(np.median([fit.n_components for fit in fits.values()])),
    )


def score_sites(fit: Fit, ceiling_floor: float) -> pd.DataFrame:
    """Return one row per split and site, with the variances that the correction rests on.

    ``r2_ceiled = sign(r) · r² / ceiling``: the reliability bounds r², its root bounds r. It is the
    reliability over the very stimuli of the row, and unknown on train stimuli.
    ``explained_variance_corrected`` is `noise_corrected`; not on train stimuli, whose noise the
    readout has seen. Neither is clipped; they are NaN where the ceiling, or the fraction of the
    variance that can be explained, is unknown or under `ceiling_floor`.

    Parameters
    ----------
    fit : Fit
        Of one layer and partition.
    ceiling_floor : float
        Smallest ceiling, and smallest explainable fraction of the variance, that is divided by.

    Returns
    -------
    pandas.DataFrame
        Columns ``region``, ``split``, ``site_id``, those of `MEASURES`, ``ceiling``,
        ``r2_ceiled``, ``alpha``, ``n_components``, ``explained_variance_corrected``,
        ``explainable_fraction`` (of the variance of the averaged responses), and those of
        `VARIANCES` in the square of the responses' unit.

    """
    tables = []
    for part, rows in fit.parts():
        responses, predictions = fit.responses[rows], fit.predictions[rows]
        if fit.noise_variance is None or part == "train":
            noise = np.full(responses.shape, np.nan)
        else:
            noise = fit.noise_variance[rows]
        measured = _measured(responses, predictions, noise)
        tables.append(
            pd.DataFrame(
                {
                    "region": fit.sites["region"],
                    "split": part,
                    "site_id": fit.sites["site_id"],
                    **{measure: measured[measure] for measure in MEASURES},
                    "ceiling": fit.ceilings.get(part, np.nan),
                    "r2_ceiled": np.nan,
                    "alpha": fit.alpha,
                    "n_components": fit.n_components,
                    "explained_variance_corrected": np.nan,
                    "explainable_fraction": np.nan,
                    **{variance: measured[variance] for variance in VARIANCES},
                }
            )
        )
    return _with_ceiled(pd.concat(tables, ignore_index=True), ceiling_floor)


def _measured(
    responses: np.ndarray, predictions: np.ndarray, noise: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Return each of `MEASURES`, and with the noise of `VARIANCES`, (sites,).

    A site without some of the responses is measured on the others; NaN with fewer than two.
    """
    if np.isnan(responses).any():
        names = (*MEASURES, *(VARIANCES if noise is not None else ()))
        whole = {name: np.full(responses.shape[1], np.nan) for name in names}
        for sites, rows in sites_by_stimuli(responses):
            if len(rows) > 1:
                arrays = (responses, predictions, *(() if noise is None else (noise,)))
                own = _measured(*(values[np.ix_(rows, sites)] for values in arrays))
                for name, values in own.items():
                    whole[name][sites] = values
        return whole
    measured = {
        "r2": r2(responses, predictions),
        "explained_variance": explained_variance(responses, predictions),
        "pearson_r": pearson_r(responses, predictions),
    }
    if noise is not None:
        variances = explained_and_explainable(responses, predictions, noise)
        measured |= dict(zip(VARIANCES, variances, strict=True))
    return measured


def _of_sites(
    sample: tuple[np.ndarray, np.ndarray, np.ndarray], sites: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a sample of some sites, with the stimuli to which any of them has a response."""
    stimuli, responses, predictions = sample
    responses, predictions = responses[:, sites], predictions[:, sites]
    answered = ~np.isnan(responses).all(axis=1)
    if answered.all() or not answered.any():
        return stimuli, responses, predictions
    return stimuli[answered], responses[answered], predictions[answered]


def _cross_site(responses: np.ndarray, predictions: np.ndarray) -> float:
    """Return the `cross_site_correlation`, of each recorded site on the stimuli that it has."""
    if not np.isnan(responses).any():
        return cross_site_correlation(responses, predictions)
    total, count = 0.0, 0
    for sites, rows in sites_by_stimuli(responses):
        own = responses[np.ix_(rows, sites)]
        if len(rows) > 1:
            of_group = cross_site_correlation(own, predictions[rows])
            if np.isfinite(of_group):
                varying = int((~is_constant(own)).sum())
                total, count = total + varying * of_group, count + varying
    return total / count if count else float("nan")


def _with_ceiled(table: pd.DataFrame, floor: float) -> pd.DataFrame:
    """Fill in the two columns that set a score against what can be explained."""
    correlation, ceiling = table["pearson_r"].to_numpy(), table["ceiling"].to_numpy()
    explained, explainable, whole = (table[column].to_numpy() for column in VARIANCES)
    return table.assign(
        r2_ceiled=r2_ceiled(correlation, ceiling, floor),
        explained_variance_corrected=noise_corrected(explained, explainable, whole, floor),
        explainable_fraction=explainable / whole,
    )


def _without_parts(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=list(VARIANCES))


def score_population(
    fits: Mapping[str, Fit], site_scores: pd.DataFrame, seed: int, n_bootstrap: int
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Summarise the sites of each split and region; of folds, their means.

    Parameters
    ----------
    fits : Mapping
        By partition.
    site_scores : pandas.DataFrame
        Of `score_partitions`.
    seed : int
        Of the bootstrap.
    n_bootstrap : int
        Number of resamples.

    Returns
    -------
    population : pandas.DataFrame
        One row per split and region: counts, mean, median and 95 % interval (`interval_of`) of each
        measure, ``cross_site_correlation``; of the corrected scores also the ratio of the sums over
        sites (`ratio_of_sums`), which sites of low reliability do not bias.
    draws : dict
        The means of each resample, {"split/region": (n_bootstrap, 3)}, in the order of `MEASURES`.
        They depend on the seed and on the numbers of stimuli and of sites alone, so two models
        scored on the same sites and stimuli can be compared draw by draw.

    """
    rows, draws = [], {}
    any_fit = next(iter(fits.values()))
    regions = any_fit.sites["region"].to_numpy()
    on_edge = np.any([fit.alpha_on_edge for fit in fits.values()], axis=0)
    for part, samples in _samples(fits).items():
        for region in dict.fromkeys(regions):
            inside = regions == region
            of_region = [_of_sites(sample, inside) for sample in samples]
            levels = levels_of(any_fit.sites[inside])
            means, stretch = resample_population(of_region, seed, n_bootstrap, levels)
            draws[f"{part}/{region}"] = means
            table = site_scores[(site_scores["split"] == part) & (site_scores["region"] == region)]
            row = {
                "region": region,
                "split": part,
                "n_components": table["n_components"].median(),
                "n_sites": int(inside.sum()),
                "n_animals": _count(any_fit.sites[inside], "animal"),
                "n_sessions": _count(any_fit.sites[inside], "session"),
                "n_stimuli": len(np.unique(np.concatenate([rows for rows, *_ in of_region]))),
                "n_undefined": int(table["explained_variance"].isna().sum()),
                "n_alpha_on_edge": int(on_edge[inside].sum()),
            }
            for column, measure in enumerate(MEASURES):
                row[f"{measure}_mean"] = table[measure].mean()
                row[f"{measure}_median"] = table[measure].median()
                row[f"{measure}_low"], row[f"{measure}_high"] = interval_of(
                    means[:, column], stretch[column], row[f"{measure}_mean"]
                )
            row["cross_site_correlation"] = np.mean([_cross_site(*pair) for _, *pair in of_region])
            row["ceiling_median"] = table["ceiling"].median()
            row["r2_ceiled_median"] = table["r2_ceiled"].median()
            row["n_under_ceiling_floor"] = int(
                (table["ceiling"].notna() & table["r2_ceiled"].isna()).sum()
            )
            corrected = table["explained_variance_corrected"]
            row["explained_variance_corrected_mean"] = corrected.mean()
            row["explained_variance_corrected_median"] = corrected.median()
            row["explained_variance_corrected_ratio"] = ratio_of_sums(
                table["explained_variance"].to_numpy(), table["explainable_fraction"].to_numpy()
            )
            row["r2_ceiled_ratio"] = ratio_of_sums(
                (table["pearson_r"] * table["pearson_r"].abs()).to_numpy(),
                table["ceiling"].to_numpy(),
            )
            row["n_uncorrected"] = int(corrected.isna().sum())
            rows.append(row)
    return pd.DataFrame(rows), draws


def _count(sites: pd.DataFrame, column: str) -> float:
    """Return how many animals or sessions the sites are of; NaN where a site has no name of one."""
    if column not in sites or (sites[column].fillna("") == "").any():
        return float("nan")
    return float(sites[column].nunique())


def _test_rows(fold: str, fit: Fit) -> np.ndarray:
    rows = dict(fit.parts()).get("test")
    if rows is None:
        raise VentralError(
            f"{fold} has fewer than two test stimuli with responses: take fewer folds, or another"
            " seed of the split"
        )
    return rows


def _samples(fits: Mapping[str, Fit]) -> dict[str, list[tuple]]:
    """Return (rows, responses, predictions) of each split: one, or one per fold if they overlap."""
    if SINGLE_PARTITION in fits:
        fit = fits[SINGLE_PARTITION]
        return {
            part: [(rows, fit.responses[rows], fit.predictions[rows])] for part, rows in fit.parts()
        }
    if (pooled := pool_folds(fits)) is not None:
        rows = _test_rows(FOLDS, pooled)
        return {FOLDS: [(rows, pooled.responses[rows], pooled.predictions[rows])]}
    samples = []
    for name, fit in fits.items():
        rows = _test_rows(name, fit)
        samples.append((rows, fit.responses[rows], fit.predictions[rows]))
    return {FOLDS: samples}


def bootstrap_fold_means(
    folds: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    seed: int,
    n_bootstrap: int,
    levels: Sequence[np.ndarray] = (),
) -> np.ndarray:
    """Return the mean over folds and sites of each measure, (n_bootstrap, 3), under resampling.

    Parameters
    ----------
    folds, seed, n_bootstrap, levels
        As of `resample_population`.

    """
    return resample_population(folds, seed, n_bootstrap, levels)[0]


def resample_population(
    folds: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    seed: int,
    n_bootstrap: int,
    levels: Sequence[np.ndarray] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Resample stimuli and sites, and return the mean over folds and sites of each measure.

    Stimuli and sites are drawn with replacement together (a two-way bootstrap), so the interval
    covers both; a stimulus that several folds test is drawn for all of them alike. Of sites in
    several animals or sessions, animals are drawn first, then sessions of those, then sites of
    those: sites of one session are not independent. A resample is a vector of counts; all sums of
    all resamples are matrix products. A site counts those of the drawn stimuli to which it has a
    response, and is left out of a resample in which these responses are all equal (for r, also
    where its predictions are). The readouts are not fitted again, so what the choice of train
    stimuli adds is not covered.

    Parameters
    ----------
    folds : sequence of tuple
        Of each fold the rows of its stimuli in the data set, its responses and its predictions,
        (stimuli, sites).
    seed : int
        Of the resampling, with the numbers of stimuli and of sites.
    n_bootstrap : int
        Number of resamples.
    levels : sequence of ndarray, (sites,)
        Labels of the groups of sites, the widest first, of `levels_of`.

    Returns
    -------
    means : ndarray, (n_bootstrap, 3)
        In the order of `MEASURES`; NaN where no site is defined.
    stretch : ndarray, (3,)
        By how much the spread of the means must be multiplied to be that of the estimate.

    Notes
    -----
    With A the variance over resamples of the sites alone (times k / (k − 1) of k sites, or of k
    groups of the widest level), S that over resamples of the stimuli alone, and I the part of S
    that sites do not share, the variance of the estimate is A + S − I: what is of a site and a
    stimulus together is in both A and S. Resampled together they hold A + S + I. The stretch is the
    root of the quotient, times the quotient of Student's t with k − 1 degrees of freedom and the
    normal quantile.

    References
    ----------
    Owen, "The pigeonhole bootstrap", Ann. Appl. Stat. 2007.

    """
    stimuli = np.unique(np.concatenate([rows for rows, _, _ in folds]))
    n, n_sites = len(stimuli), folds[0][1].shape[1]
    rng = np.random.default_rng([seed, n, n_sites])
    counts = rng.multinomial(n, np.full(n, 1 / n), size=n_bootstrap).astype(float)
    site_counts = _draw_sites(rng, levels, n_sites, n_bootstrap)
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
    groups = len(np.unique(levels[0])) if len(levels) else n_sites
    means = np.full((n_bootstrap, len(MEASURES)), np.nan)
    stretch = np.ones(len(MEASURES))
    for column in range(len(MEASURES)):
        values = per_site[:, :, column]
        means[:, column] = _weighted_means(values, site_counts)
        if groups > 1:
            of_sites = _weighted_means(observed[:, column], site_counts)
            variance = np.nanvar(of_sites) * groups / (groups - 1)
            stretch[column] = _stretch(values, means[:, column], variance, groups)
    return means, stretch


def _weighted_means(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the mean over defined sites of values, (sites,) or (resamples, sites)."""
    weights = np.where(np.isfinite(values), weights, 0)
    total = weights.sum(axis=1)
    summed = (np.where(np.isfinite(values), values, 0) * weights).sum(axis=1)
    return np.where(total > 0, summed / np.maximum(total, 1), np.nan)


def _stretch(values: np.ndarray, means: np.ndarray, of_sites: float, groups: int) -> float:
    """Return the factor of `resample_population` for one measure."""
    known = np.isfinite(values).any(axis=0)
    drawn = np.nanvar(means) if np.isfinite(means).any() else 0.0
    if not known.any() or not drawn > 0:
        return 1.0
    defined = np.isfinite(values[:, known])
    shared = _weighted_means(values[:, known], np.ones(defined.shape))
    apart = np.where(defined, values[:, known] - shared[:, None], np.nan)
    of_stimuli = np.nanvar(shared)
    own = np.nanvar(apart, axis=0).mean() / known.sum()
    variance = max(of_sites + of_stimuli - own, of_sites, of_stimuli)
    wider = stdtrit(groups - 1, INTERVAL[1] / 100) / ndtri(INTERVAL[1] / 100)
    return float(np.sqrt(variance / drawn) * wider)


def interval_of(means: np.ndarray, stretch: float, estimate: float) -> tuple[float, float]:
    """Return the 95 % interval of a mean over sites, corrected for bias and spread.

    What resampling adds to the estimate, it has added to the truth: the median of the resamples
    lies as far from the estimate as this from the truth. The interval is around the estimate less
    that distance, with the shape of the resamples.

    Parameters
    ----------
    means : ndarray, (n_bootstrap,)
        Of one measure, of `resample_population`.
    stretch : float
        Of the same.
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
    return centre + stretch * (low - middle), centre + stretch * (high - middle)


def levels_of(sites: pd.DataFrame) -> list[np.ndarray]:
    """Return the labels of the groups that sites are recorded in, the widest first.

    Parameters
    ----------
    sites : DataFrame, n_sites rows
        Of one region; ``animal`` and ``session`` where they are known.

    Returns
    -------
    list of ndarray, (n_sites,)
        Of animals, then of sessions of these; without a level that has one group only.

    """
    levels: list[np.ndarray] = []
    columns = [column for column in ("animal", "session") if column in sites]
    for width in range(1, len(columns) + 1):
        labels = sites.groupby(columns[:width], sort=False, dropna=False).ngroup().to_numpy()
        if len(np.unique(labels)) > 1:
            levels.append(labels)
    return levels


def _draw_sites(
    rng: np.random.Generator, levels: Sequence[np.ndarray], n_sites: int, n_bootstrap: int
) -> np.ndarray:
    """Return how often each site is drawn, (n_bootstrap, n_sites), level by level."""
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
        scores[draw, unsafe[draw]] = np.stack(list(_measured(*pair).values()), axis=1)
    return scores
