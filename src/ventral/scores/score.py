"""Score one fit: a row per site and split, and the population figures with their intervals."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ventral.data.missing import is_constant, sites_by_stimuli
from ventral.data.responses import Responses
from ventral.data.splits import FOLDS, SCORED, SINGLE_PARTITION
from ventral.errors import VentralError, naming
from ventral.readouts.fit_store import StoredFit
from ventral.scores.measures import (
    MEASURES,
    VARIANCES,
    cross_site_correlation,
    measure_sites,
    noise_corrected,
    r2_ceiled,
    ratio_of_sums,
)
from ventral.scores.resampling import Sample, interval_of, levels_of, resample_pool

GROUPS_OF_SITES = ("animal", "session")


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
        for part in SCORED:
            rows = np.flatnonzero((self.split == part) & answered)
            if len(rows) > 1:
                yield part, rows


def fit_to_score(
    stored: StoredFit, responses: Responses, ceilings: pd.DataFrame | None, partition: str
) -> Fit:
    """Put a fit beside what it is scored against.

    Parameters
    ----------
    stored : StoredFit
        Of the fit.
    responses : Responses
        To the same stimuli, in their order.
    ceilings : pandas.DataFrame or None
        Of `ventral.scores.ceilings.estimate_ceilings`, in the order of the sites; None where
        nothing is set against them.
    partition : str
        Name of the fit's partition.

    Returns
    -------
    Fit

    """
    parts = {name: name for name in SCORED[1:]}
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
        ceilings={}
        if ceilings is None
        else {
            part: ceilings[f"ceiling_{name}"].to_numpy()
            for part, name in parts.items()
            if f"ceiling_{name}" in ceilings
        },
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
    recordings = (
        (
            layer,
            [{name: fit_to_score(fit, responses, ceilings, name) for name, fit in stored.items()}],
        )
        for layer, stored in layers
    )
    return score_recordings(
        recordings, ceiling_floor=ceiling_floor, seed=seed, n_bootstrap=n_bootstrap
    )


def score_recordings(
    layers: Iterable[tuple[str, Sequence[Mapping[str, Fit]]]],
    *,
    ceiling_floor: float,
    seed: int,
    n_bootstrap: int,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, np.ndarray]]:
    """Score the fits of every layer over one or several data sets, one layer after the other.

    Parameters
    ----------
    layers : iterable
        Each layer and, of each data set, its fits by partition.
    ceiling_floor, seed, n_bootstrap
        As of `score_partitions` and `score_population`.

    Returns
    -------
    sites, population, draws
        As of `score_layers`.

    Raises
    ------
    VentralError
        Naming the layer.

    """
    site_tables: list[pd.DataFrame] = []
    population_tables: list[pd.DataFrame] = []
    draws: dict[str, np.ndarray] = {}
    for layer, recordings in layers:
        with naming(f"layer {layer!r}"):
            sites = pd.concat(
                [score_partitions(fits, ceiling_floor) for fits in recordings], ignore_index=True
            )
            population, of_layer = score_population(recordings, sites, seed, n_bootstrap)
        site_tables.append(_with_layer(sites, layer))
        population_tables.append(_with_layer(population, layer))
        draws |= {f"{layer}/{name}": means for name, means in of_layer.items()}
    return (
        pd.concat(site_tables, ignore_index=True),
        pd.concat(population_tables, ignore_index=True),
        draws,
    )


def _with_layer(table: pd.DataFrame, layer: str) -> pd.DataFrame:
    """Return a table whose first column is the layer."""
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
        Columns ``region``, ``split``, ``site_id``, ``animal`` and ``session`` where they are
        known, those of `MEASURES`, ``ceiling``,
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
        measured = measure_sites(responses, predictions, noise)
        tables.append(
            pd.DataFrame(
                {
                    "region": fit.sites["region"],
                    "split": part,
                    "site_id": fit.sites["site_id"],
                    **{name: fit.sites[name] for name in GROUPS_OF_SITES if name in fit.sites},
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


def of_sites(sample: Sample, sites: np.ndarray) -> Sample:
    """Return a sample of some sites, with the stimuli to which any of them has a response.

    Parameters
    ----------
    sample : tuple of numpy.ndarray
        Rows of stimuli, (n,), responses and predictions, (n, sites).
    sites : numpy.ndarray
        (sites,) bool.

    """
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
    recordings: Sequence[Mapping[str, Fit]],
    site_scores: pd.DataFrame,
    seed: int,
    n_bootstrap: int,
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Return the population figures per split and region, and the bootstrap draws behind them.

    Parameters
    ----------
    recordings : sequence of Mapping
        The fits by partition of a data set, or of each data set of a pool.
    site_scores : pandas.DataFrame
        Of `score_partitions` of the same fits, of all data sets one after the other.
    seed : int
        Of the bootstrap.
    n_bootstrap : int
        Number of resamples.

    Returns
    -------
    population : pandas.DataFrame
        One row per split and region: counts, mean, median and 95 % interval (`interval_of`) of each
        measure, ``cross_site_correlation`` (of a pool the mean over data sets); of the corrected
        scores also the ratio of the sums over sites (`ratio_of_sums`), which sites of low
        reliability do not bias.
    draws : dict
        {"split/region": (n_bootstrap, 3)}, in the order of `MEASURES`. The seed and the numbers of
        stimuli and of sites fix the resampling, so draws of several models on the same sites are
        paired. Resampling conditions on the fitted predictions; readouts are not fitted again.

    """
    rows, draws = [], {}
    samples = [samples_of(fits) for fits in recordings]
    sites = [next(iter(fits.values())).sites for fits in recordings]
    edges = [np.any([fit.alpha_on_edge for fit in fits.values()], axis=0) for fits in recordings]
    regions = dict.fromkeys(region for table in sites for region in table["region"])
    for part in dict.fromkeys(part for of_recording in samples for part in of_recording):
        for region in regions:
            insides = [(table["region"] == region).to_numpy() for table in sites]
            used = [
                index
                for index, inside in enumerate(insides)
                if inside.any() and part in samples[index]
            ]
            if not used:
                continue
            of_region = [
                [of_sites(sample, insides[index]) for sample in samples[index][part]]
                for index in used
            ]
            recorded = pd.concat([sites[index][insides[index]] for index in used])
            on_edge = sum(int(edges[index][insides[index]].sum()) for index in used)
            resamples = resample_pool(of_region, seed, n_bootstrap, levels_of(recorded))
            means, stretch = resamples.means(), resamples.stretch()
            draws[f"{part}/{region}"] = means
            table = site_scores[(site_scores["split"] == part) & (site_scores["region"] == region)]
            row = {
                "region": region,
                "split": part,
                "n_components": table["n_components"].median(),
                "n_sites": len(recorded),
                "n_animals": _count(recorded, "animal"),
                "n_sessions": _count(recorded, "session"),
                "n_stimuli": sum(map(_count_stimuli, of_region)),
                "n_undefined": int(table["explained_variance"].isna().sum()),
                "n_alpha_on_edge": on_edge,
                "n_resamples_without_a_site": resamples.incomplete(),
            }
            for column, measure in enumerate(MEASURES):
                row[f"{measure}_mean"] = table[measure].mean()
                row[f"{measure}_median"] = table[measure].median()
                row[f"{measure}_low"], row[f"{measure}_high"] = interval_of(
                    means[:, column], stretch[column], row[f"{measure}_mean"]
                )
            row["cross_site_correlation"] = np.mean(
                [np.mean([_cross_site(*pair) for _, *pair in folds]) for folds in of_region]
            )
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


def _count_stimuli(folds: Sequence[Sample]) -> int:
    """Return how many stimuli the folds of a data set test."""
    return len(np.unique(np.concatenate([rows for rows, *_ in folds])))


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


def samples_of(fits: Mapping[str, Fit]) -> dict[str, list[Sample]]:
    """Return the samples of each split: one, or one per fold if folds overlap.

    Parameters
    ----------
    fits : Mapping
        By partition.

    Returns
    -------
    dict
        By split.

    Raises
    ------
    VentralError
        Where a fold has fewer than two test stimuli with responses.

    """
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
