"""Dissimilarity matrices to be shown: of each region, and of the layers most similar to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from ventral.data.dissimilarities import Dissimilarities
from ventral.data.responses import Responses
from ventral.scores.reporting import is_pixels, regions_in_order
from ventral.similarity.distances import distances_of_gram, distances_of_responses
from ventral.similarity.population import Population

RSA = "rsa_spearman"
MOST_MODELS = 3
MOST_STIMULI = 250
"""Stimuli whose pairs can be seen. Of more, some are shown, evenly spaced in their order."""

CATEGORIES = ("category", "object")
"""Columns of a stimulus set by which stimuli are put in order, the first one first."""


@dataclass(frozen=True)
class RankedMatrix:
    """A dissimilarity matrix as it is shown.

    Attributes
    ----------
    model, layer : str
        Empty of a region's own.
    correlation : float
        Spearman's ρ with the region's dissimilarities, over all stimuli; NaN of a region's own.
    ranks : numpy.ndarray
        (n, n), of the pairs of stimuli that are shown, from 0 (most alike) to 1; NaN on the
        diagonal and where a dissimilarity is unknown.

    """

    model: str
    layer: str
    correlation: float
    ranks: np.ndarray


@dataclass(frozen=True)
class RegionMatrices:
    """The matrices of a region and of the layers that are most similar to it.

    Attributes
    ----------
    region : str
        Its name.
    source : str
        Whose responses they are of, in words, such as "88 sites".
    n_stimuli : int
        How many are compared, shown or not.
    groups : list of (str, int)
        Names of the categories and number of their stimuli that are shown, in order; none if they
        are unknown.
    matrices : list of RankedMatrix
        The first is the region's own.

    """

    region: str
    source: str
    n_stimuli: int
    groups: list[tuple[str, int]]
    matrices: list[RankedMatrix]


def ranks_of_pairs(distances: np.ndarray) -> np.ndarray:
    """Return the ranks of dissimilarities, scaled from 0 to 1.

    Parameters
    ----------
    distances : numpy.ndarray
        (n, n), symmetric; NaN where one is unknown.

    Returns
    -------
    numpy.ndarray
        (n, n), NaN on the diagonal and where a dissimilarity is unknown. Equal dissimilarities have
        equal ranks, and if all are equal they are 0.5.

    """
    pairs = squareform(distances, checks=False).astype(float)
    known = np.isfinite(pairs)
    ranks = rankdata(pairs[known])
    scaled = np.full(pairs.shape, np.nan)
    scaled[known] = (ranks - 1) / max(len(ranks) - 1, 1) if len(ranks) > 1 else 0.5
    matrix = squareform(scaled, checks=False)
    np.fill_diagonal(matrix, np.nan)
    return matrix


def order_of_stimuli(table: pd.DataFrame) -> tuple[np.ndarray, list[tuple[str, int]]]:
    """Return which stimuli are shown, in the order of their categories, and the categories.

    Parameters
    ----------
    table : DataFrame, n_stimuli rows
        A stimulus set; with ``category`` and ``object`` where they are known of all stimuli.

    Returns
    -------
    order : numpy.ndarray
        Rows of `table`, at most `MOST_STIMULI`.
    groups : list of (str, int)
        Names and numbers of stimuli, as of `RegionMatrices`.

    """
    known = [name for name in CATEGORIES if name in table and (table[name].fillna("") != "").all()]
    order = np.arange(len(table))
    for name in reversed(known):  # stable: the first column counts most
        order = order[np.argsort(table[name].to_numpy(str)[order], kind="stable")]
    if len(order) > MOST_STIMULI:
        order = order[np.linspace(0, len(order) - 1, MOST_STIMULI).round().astype(int)]
    if not known:
        return order, []
    names = table[known[0]].to_numpy(str)[order]
    found, counts = np.unique(names, return_counts=True)
    return order, list(zip(found.tolist(), counts.tolist(), strict=True))


def most_similar(
    table: pd.DataFrame, region: str, value: str, models: Mapping[str, Mapping]
) -> pd.DataFrame:
    """Return the networks that are most similar to a region, each with its most similar layer.

    Parameters
    ----------
    table : DataFrame
        A row per region, ``model`` and ``layer``, with the ``entry`` of the model.
    region : str
        Which rows count.
    value : str
        The column of the similarity.
    models : Mapping
        Descriptions of the entries. The pixel baseline is left out.

    Returns
    -------
    DataFrame
        At most `MOST_MODELS` rows of `table`.

    """
    networks = [name for name, one in models.items() if not is_pixels(dict(one))]
    here = table[(table["region"] == region) & table["entry"].isin(networks)]
    ranked = here[here[value].notna()].sort_values(value, ascending=False, kind="stable")
    return ranked.drop_duplicates("entry")[:MOST_MODELS]


def matrices_of_responses(
    table: pd.DataFrame,
    responses: Responses,
    populations: Sequence[Population],
    stimuli: pd.DataFrame,
    models: Mapping[str, Mapping],
    read: Callable[[str, str], np.ndarray],
) -> list[RegionMatrices]:
    """Return the matrices of the regions of which responses are known.

    Parameters
    ----------
    table : DataFrame
        ``tables/similarity.csv`` of the data set, of `ventral.similarity.entries.at_committed`.
    responses : Responses
        Without single trials.
    populations : sequence of Population
        The sites and stimuli that are compared of each region.
    stimuli : DataFrame
        The stimulus set, in the order of the responses.
    models : Mapping
        Descriptions of the models.
    read : callable
        Gives the Gram matrix of all stimuli of a model and a layer.

    Returns
    -------
    list of RegionMatrices
        Of squared Euclidean distances, those that `ventral.similarity.measure` correlates.

    """
    compared = table[table["measure"] == RSA]
    found = []
    by_region = {population.region: population for population in populations}
    for region in regions_in_order(compared):
        population = by_region[region]
        if len(population.stimuli) < 3 or not len(population.sites):
            continue
        order, groups = order_of_stimuli(stimuli.iloc[population.stimuli])
        rows = population.stimuli[order]
        values = responses.average[np.ix_(rows, population.sites)]
        own = RankedMatrix("", "", np.nan, ranks_of_pairs(distances_of_responses(values)))
        layers = [
            RankedMatrix(
                best["entry"],
                best["layer"],
                best["value"],
                ranks_of_pairs(
                    distances_of_gram(read(best["model"], best["layer"])[np.ix_(rows, rows)])
                ),
            )
            for best in most_similar(compared, region, "value", models).to_dict("records")
        ]
        count = len(population.sites)
        found.append(
            RegionMatrices(
                region,
                f"{count} site{'' if count == 1 else 's'}",
                len(population.stimuli),
                groups,
                [own, *layers],
            )
        )
    return found


def matrices_of_dissimilarities(
    table: pd.DataFrame,
    regions: Dissimilarities,
    stimuli: pd.DataFrame,
    models: Mapping[str, Mapping],
    read: Callable[[str, str], np.ndarray],
) -> list[RegionMatrices]:
    """Return the matrices of the regions of which dissimilarities alone are known.

    Parameters
    ----------
    table : DataFrame
        ``tables/dissimilarities.csv`` of the data set.
    regions : Dissimilarities
        Of the same stimuli. The mean over a region's subjects is shown.
    stimuli : DataFrame
        The stimulus set, in the order of the dissimilarities.
    models : Mapping
        Descriptions of the models.
    read : callable
        Gives the dissimilarities of a model and a layer, (n_pairs,).

    Returns
    -------
    list of RegionMatrices

    """
    found, named = [], table.assign(entry=table["model"])
    for region in dict.fromkeys(regions.targets["region"]):
        subjects = regions.of_region(region)
        order, groups = order_of_stimuli(stimuli)

        def ranked(pairs: np.ndarray, order: np.ndarray = order) -> np.ndarray:
            return ranks_of_pairs(squareform(pairs, checks=False)[np.ix_(order, order)])

        layers = [
            RankedMatrix(model, layer, rho, ranked(read(model, layer)))
            for model, layer, rho in most_similar(named, region, "rho", models)[
                ["model", "layer", "rho"]
            ].to_numpy(object)
        ]
        count = len(subjects)
        found.append(
            RegionMatrices(
                str(region),
                f"mean of {count} subjects" if count > 1 else "one matrix",
                len(stimuli),
                groups,
                [RankedMatrix("", "", np.nan, ranked(subjects.mean(axis=0))), *layers],
            )
        )
    return found
