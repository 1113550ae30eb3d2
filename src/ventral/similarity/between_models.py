"""How similar the layers of two models are to one another."""

from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from ventral.similarity import ranks

MOST_STIMULI = 500
"""Of which models are compared: thousands of pairs of layers are, on all pairs of stimuli."""
GROUPS = 20
FEWEST = 8
"""Stimuli without which nothing is compared: some are left out for the interval."""
TAIL = 0.025
COLUMNS = [
    "model",
    "layer",
    "other_model",
    "other_layer",
    "measure",
    "value",
    "low",
    "high",
    "n_stimuli",
]


def choose_stimuli(n: int, seed: int) -> np.ndarray:
    """Return which of n stimuli models are compared on: at most `MOST_STIMULI`, in order."""
    if n <= MOST_STIMULI:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, MOST_STIMULI, replace=False))


def compare_models(models: Mapping[str, Mapping[str, np.ndarray]], seed: int) -> pd.DataFrame:
    """Compare each layer of each model with each layer of every other model.

    Parameters
    ----------
    models : Mapping
        {model: {layer: squared distances, (n, n)}}, all of the same stimuli.
    seed : int
        Of the groups of stimuli.

    Returns
    -------
    DataFrame
        With `COLUMNS`; ``measure`` is "cka_debiased" or "rsa_spearman". A value is NaN if a layer
        is constant. ``low`` and ``high`` are the ends of the 95 % interval over stimuli.

    Notes
    -----
    The interval is that of a jackknife which leaves out one of `GROUPS` random groups of stimuli at
    a time. No stimulus is drawn twice, so both measures of all pairs are one matrix product.

    References
    ----------
    Shao and Tu, The Jackknife and Bootstrap, 1995, section 2.3.
    """
    names = [(model, layer) for model, layers in models.items() for layer in layers]
    distances = [models[model][layer] for model, layer in names]
    n = len(distances[0]) if distances else 0
    pairs = [
        (first, second)
        for first, second in combinations(range(len(names)), 2)
        if names[first][0] != names[second][0]
    ]
    if not pairs or n < FEWEST:
        return pd.DataFrame(columns=COLUMNS)
    groups = np.array_split(np.random.default_rng(seed).permutation(n), min(GROUPS, n))
    tables = []
    for measure, describe in (("cka_debiased", centre), ("rsa_spearman", rank)):
        found = _products(distances, np.arange(n), describe)
        without = np.array(
            [_products(distances, np.setdiff1d(np.arange(n), group), describe) for group in groups]
        )
        k = len(groups)
        half = stdtrit(k - 1, 1 - TAIL) * np.sqrt((k - 1) * without.var(axis=0))
        for first, second in pairs:
            value, apart = found[first, second], half[first, second]
            tables.append(
                (*names[first], *names[second], measure, value, value - apart, value + apart, n)
            )
    table = pd.DataFrame(tables, columns=COLUMNS)
    return table.assign(low=table["low"].clip(lower=-1), high=table["high"].clip(upper=1))


def _products(
    distances: list[np.ndarray], rows: np.ndarray, describe: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return the measure of all pairs of layers on some stimuli, (n_layers, n_layers)."""
    upper = np.triu_indices(len(rows), 1)
    vectors = np.array([describe(layer[np.ix_(rows, rows)])[upper] for layer in distances])
    sizes = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(sizes > 0, sizes, np.nan)
    return vectors @ vectors.T


def centre(distances: np.ndarray) -> np.ndarray:
    """Centre distances so that their mean product is the unbiased HSIC, (n, n).

    Each row sums to zero without the diagonal (U-centring: Székely and Rizzo, Ann. Stat. 2014).

    Parameters
    ----------
    distances : ndarray, (n, n)
        Symmetric, 0 on the diagonal.
    """
    n = len(distances)
    if distances.max() == 0:
        return distances
    sums = distances.sum(axis=0)
    return distances - (sums + sums[:, None]) / (n - 2) + sums.sum() / ((n - 1) * (n - 2))


def rank(distances: np.ndarray) -> np.ndarray:
    """Return the ranks of distances less their mean, (n, n), of different stimuli."""
    upper = np.triu_indices(len(distances), 1)
    found = np.zeros(distances.shape)
    of_pairs = ranks.rank(ranks.places(distances[upper]), np.ones(len(upper[0])))
    found[upper] = of_pairs - of_pairs.mean()
    return found
