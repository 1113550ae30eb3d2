"""Compare the layers of a model with the sites of every region."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ventral.data.responses import Responses
from ventral.errors import naming
from ventral.scores.resampling import levels_of
from ventral.similarity.between_models import choose_stimuli
from ventral.similarity.distances import distances_of_gram
from ventral.similarity.features_from_sites import explain_components
from ventral.similarity.intervals import two_way_deviation
from ventral.similarity.measure import MEASURES, RANGES, Geometry, measure
from ventral.similarity.population import Compared, Population, compared_stimuli, populations
from ventral.similarity.standardised import scaled

FEATURES_FROM_SITES = "features_from_sites"
PAIRS_AT_MOST = 2e8
"""Pairs of stimuli in all resamples of a kind: thousands of stimuli are resampled less often."""
FEWEST_RESAMPLES = 40
COLUMNS = [
    "layer",
    "region",
    "split",
    "measure",
    "value",
    "low",
    "high",
    "n_stimuli",
    "n_sites",
    "n_bootstrap",
    "n_components",
    "component_share",
]


def compare_layers(
    layers: Iterable[tuple[str, np.ndarray]],
    responses: Responses,
    partitions: Mapping[str, pd.DataFrame],
    *,
    seed: int,
    n_bootstrap: int,
    scale: str,
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Compare each layer with each region.

    Parameters
    ----------
    layers : iterable
        Each layer and its Gram matrix of all stimuli, (n_stimuli, n_stimuli).
    responses : Responses
        Of all stimuli.
    partitions : Mapping
        Of `ventral.data.splits.partitions_of`.
    seed : int
        Of the resampling.
    n_bootstrap : int
        Number of resamples of a kind, see `count_resamples`.
    scale : str
        Of the sites, as of `ventral.similarity.standardised.scales_of`.

    Returns
    -------
    table : DataFrame
        With `COLUMNS`: a row for each layer, region and measure of `MEASURES`, and
        `FEATURES_FROM_SITES`, whose ``n_components`` were predicted and hold ``component_share`` of
        the features' variance. ``low`` and ``high`` are the ends of the 95 % interval.
    distances : dict
        {layer: squared distances, (m, m)} of the stimuli on which models are compared with one
        another (`choose_stimuli`).

    Raises
    ------
    VentralError
        Naming the layer; or if too few stimuli have responses.
    """
    responses = scaled(responses, scale)
    compared = compared_stimuli(partitions, responses.average)
    regions = list(populations(responses, compared.stimuli))
    chosen = compared.stimuli[choose_stimuli(len(compared.stimuli), seed)]
    rows: list[dict[str, Any]] = []
    distances = {}
    for layer, gram in layers:
        with naming(f"layer {layer!r}"):
            distances[layer] = distances_of_gram(gram[np.ix_(chosen, chosen)])
            for population in regions:
                of_region = {"layer": layer, "region": population.region, "split": compared.split}
                found = _compare(gram, responses, population, compared, seed, n_bootstrap)
                rows.extend({**of_region, **row} for row in found)
    return pd.DataFrame(rows, columns=COLUMNS), distances


def count_resamples(n: int, n_bootstrap: int) -> int:
    """Return how often n stimuli are resampled: a deviation, unlike a percentile, needs few."""
    return min(n_bootstrap, max(int(PAIRS_AT_MOST / n**2), FEWEST_RESAMPLES))


def _compare(
    gram: np.ndarray,
    responses: Responses,
    population: Population,
    compared: Compared,
    seed: int,
    n_bootstrap: int,
) -> Iterable[dict[str, Any]]:
    """Return a row for each measure."""
    stimuli, sites = population.stimuli, population.sites
    counts = {"n_stimuli": len(stimuli), "n_sites": len(sites)}
    if not len(sites):
        return [{"measure": name, **counts} for name in (*MEASURES, FEATURES_FROM_SITES)]
    values = responses.average[np.ix_(stimuli, sites)]
    layer = Geometry.of_gram(gram[np.ix_(stimuli, stimuli)])
    whole = Geometry.of_responses(values)

    def measured(of_stimuli: np.ndarray | None, of_sites: np.ndarray | None) -> np.ndarray:
        drawn = whole if of_sites is None else Geometry.of_responses(values, of_sites)
        return measure(layer, drawn, of_stimuli)

    estimates = measured(None, None)
    n_resamples = count_resamples(len(stimuli), n_bootstrap)
    deviation = two_way_deviation(
        measured,
        len(stimuli),
        levels_of(responses.sites.iloc[sites]),
        len(sites),
        seed,
        n_resamples,
    )
    rows = []
    for name, value, low, high in zip(
        MEASURES, estimates, *deviation.interval(estimates), strict=True
    ):
        ends = {"low": max(low, RANGES[name][0]), "high": min(high, RANGES[name][1])}
        row = {"measure": name, "value": value, **ends, **counts, "n_bootstrap": n_resamples}
        rows.append(row)
    explained = explain_components(
        gram,
        responses.average[:, sites],
        [(train, np.intersect1d(test, stimuli)) for train, test in compared.partitions],
        seed,
        n_bootstrap,
    )
    rows.append(
        {
            "measure": FEATURES_FROM_SITES,
            "value": explained.score,
            "low": explained.low,
            "high": explained.high,
            **counts,
            "n_bootstrap": n_bootstrap,
            "n_components": explained.n_components,
            "component_share": explained.share,
        }
    )
    return rows
