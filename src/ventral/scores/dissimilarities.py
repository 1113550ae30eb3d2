"""How well dissimilarities in a layer order pairs of stimuli as those of a region do."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial.distance import num_obs_y
from scipy.special import stdtrit

from ventral.data.dissimilarities import Dissimilarities
from ventral.similarity.ranks import correlate, places, rank
from ventral.storage.tables import intervals, read_csv

TAIL = 0.975
FEWEST = 4
"""Stimuli without which no interval is given."""


class Correlation(NamedTuple):
    """Spearman's ρ of two sets of dissimilarities, and its 95 % interval over stimuli."""

    rho: float
    low: float
    high: float


class Ceilings(NamedTuple):
    """Between which values the mean correlation of the best model with the subjects lies."""

    low: float
    high: float


NO_CEILINGS = Ceilings(np.nan, np.nan)


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Return Spearman's ρ of dissimilarities, (n_pairs,); NaN if all of one are equal or NaN."""
    once = np.ones(len(first))
    return correlate(_ranks(first), _ranks(second), once)


def correlate_dissimilarities(
    first: np.ndarray, second: np.ndarray, seed: int, n_bootstrap: int
) -> Correlation:
    """Correlate dissimilarities with those of one region or subject or of several, on the mean.

    Stimuli are drawn with replacement, and with each all of its pairs, since the pairs of a
    stimulus are not independent; pairs of a stimulus with its own copy, 0 in every matrix, are left
    out. The interval is ρ ± t · deviation over resamples.

    Parameters
    ----------
    first : ndarray, (n_pairs,)
        Of the pairs (0, 1), (0, 2), ….
    second : ndarray, (n_pairs,) or (n_subjects, n_pairs)
        Of the same pairs. With several subjects the mean of the correlations with each.
    seed : int
        Of the resampling: the same draws for all layers and regions of as many stimuli.
    n_bootstrap : int
        Number of resamples.

    Returns
    -------
    Correlation
        Its interval is NaN with fewer than four stimuli.

    References
    ----------
    Nili et al., PLoS Comput. Biol. 2014; Schütt et al., eLife 2023.
    """
    others = np.atleast_2d(second)
    rho = _mean_correlation(first, others)
    n = num_obs_y(first)
    if n < FEWEST or np.isnan(rho):
        return Correlation(rho, np.nan, np.nan)
    rng = np.random.default_rng([seed, n])
    rows, columns = np.triu_indices(n, 1)
    of_first, *of_others = map(places, (first, *others))
    resampled = np.empty(n_bootstrap)
    for draw in range(n_bootstrap):
        counts = np.bincount(rng.integers(n, size=n), minlength=n)
        weights = (counts[rows] * counts[columns]).astype(float)
        own = rank(of_first, weights)
        resampled[draw] = np.mean(
            [correlate(own, rank(other, weights), weights) for other in of_others]
        )
    half = float(stdtrit(n - 1, TAIL) * np.nanstd(resampled))
    return Correlation(rho, max(rho - half, -1.0), min(rho + half, 1.0))


def compare_layers(
    layers: Mapping[str, np.ndarray], regions: Dissimilarities, *, seed: int, n_bootstrap: int
) -> pd.DataFrame:
    """Correlate each layer with each region.

    Parameters
    ----------
    layers : Mapping
        {layer: dissimilarities, (n_pairs,)}.
    regions : Dissimilarities
        Of the same stimuli.
    seed, n_bootstrap
        As of `correlate_dissimilarities`.

    Returns
    -------
    DataFrame
        A row per layer and region: ``rho`` with the mean over the region's subjects, with the ends
        of its interval; ``rho_of_subjects``, the mean of the correlations with each subject,
        with the ends of its interval; ``ceiling_low`` and ``ceiling_high``, between which that mean
        lies of the best model; numbers of stimuli, and of subjects.

    """
    rows = []
    for region in dict.fromkeys(regions.targets["region"]):
        subjects = regions.of_region(region)
        ceilings = noise_ceilings(subjects)
        for layer, pairs in layers.items():
            found = correlate_dissimilarities(pairs, subjects.mean(axis=0), seed, n_bootstrap)
            single = found
            if len(subjects) > 1:
                single = correlate_dissimilarities(pairs, subjects, seed, n_bootstrap)
            rows.append(
                {
                    "layer": layer,
                    "region": region,
                    "rho": found.rho,
                    "rho_low": found.low,
                    "rho_high": found.high,
                    "rho_of_subjects": single.rho,
                    "rho_of_subjects_low": single.low,
                    "rho_of_subjects_high": single.high,
                    "ceiling_low": ceilings.low,
                    "ceiling_high": ceilings.high,
                    "n_stimuli": len(regions.stimulus_id),
                    "n_subjects": len(subjects),
                }
            )
    return pd.DataFrame(rows)


def collect_comparisons(
    files: Iterable[str],
    names: Iterable[Sequence[str]],
    regions: Dissimilarities,
    dataset: str,
    *,
    seed: int,
    n_bootstrap: int,
) -> pd.DataFrame:
    """Concatenate the tables of all tap sets, and add each region beside every other.

    Parameters
    ----------
    files : iterable of str
        CSV tables of `compare_layers`.
    names : iterable
        Data set and model of each table.
    regions, seed, n_bootstrap
        As of `compare_layers`.
    dataset : str
        Its name.

    Returns
    -------
    DataFrame
        With ``dataset`` and ``model``; of a region that stands in the place of a model, the model
        is empty and the layer is its name.

    """
    tables = [
        read_csv(file).assign(dataset=name[0], model=name[1])
        for file, name in zip(files, names, strict=True)
    ]
    found = list(dict.fromkeys(regions.targets["region"]))
    means = {region: regions.of_region(region).mean(axis=0) for region in found}
    between = compare_layers(means, regions, seed=seed, n_bootstrap=n_bootstrap)
    between = between[between["layer"] != between["region"]]
    whole = pd.concat([*tables, between.assign(dataset=dataset, model="")], ignore_index=True)
    first = ["dataset", "region", "model", "layer"]
    return whole[[*first, *(column for column in whole if column not in first)]]


def table_of_dissimilarities(table: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return the table of `collect_comparisons` to be read, intervals in brackets.

    Parameters
    ----------
    table : DataFrame
        Of `collect_comparisons`.
    names : mapping
        How each model is called, see `ventral.scores.reporting.variant_names`.
    """
    return pd.DataFrame(
        {
            "Region": table["region"],
            "Model": [names.get(model, "(another region)") for model in table["model"]],
            "Layer": table["layer"],
            "Spearman's ρ": table["rho"],
            "95% interval": intervals(table["rho_low"], table["rho_high"]),
            "ρ, mean of subjects": table["rho_of_subjects"],
            "Ceiling, low": table["ceiling_low"],
            "Ceiling, high": table["ceiling_high"],
            "Subjects": table["n_subjects"].astype(str),
            "Stimuli": table["n_stimuli"].astype(str),
        }
    )


def noise_ceilings(subjects: np.ndarray) -> Ceilings:
    """Return the noise ceilings between subjects.

    Parameters
    ----------
    subjects : ndarray, (n_subjects, n_pairs)
        Dissimilarities of each subject.

    Returns
    -------
    Ceilings
        Of the correlation of each subject's dissimilarities with the mean ranks of the other
        subjects, and of all subjects, which it is part of; means over subjects. NaN of one subject.

    References
    ----------
    Nili et al., PLoS Comput. Biol. 2014.
    """
    if len(subjects) < 2:
        return NO_CEILINGS
    ranks = np.array([_ranks(subject) for subject in subjects])
    whole = ranks.sum(axis=0)
    low = np.mean([spearman(own, whole - own) for own in ranks])
    high = np.mean([spearman(own, whole) for own in ranks])
    return Ceilings(float(low), float(high))


def _mean_correlation(first: np.ndarray, others: np.ndarray) -> float:
    """Return the mean over others, (n_subjects, n_pairs), of Spearman's ρ."""
    return float(np.mean([spearman(first, other) for other in others]))


def _ranks(dissimilarities: np.ndarray) -> np.ndarray:
    """Return the ranks of dissimilarities, equal but for rounding as ties; NaN if any is."""
    if np.isnan(dissimilarities).any():
        return np.full(len(dissimilarities), np.nan)
    return rank(places(dissimilarities), np.ones(len(dissimilarities)))
