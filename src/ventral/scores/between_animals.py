"""How well the sites of other animals predict those of an animal, read out and scored like a model.

The sites that predict are averages of few trials, and their noise is in the predictions. So every
number here is a lower bound of what is alike in the animals.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ventral.data.missing import is_constant
from ventral.data.responses import Responses
from ventral.data.splits import FOLDS, SINGLE_PARTITION
from ventral.interface.components import pca
from ventral.readouts.fit import fit_readout
from ventral.scores.score import Fit, score_partitions, score_population
from ventral.similarity.population import populations

READOUT = {"method": "ridge_cv", "alpha_for": "site"}
"""The readout of models whose settings are left alone: exact leave-one-out, an alpha per site."""

ALL = "all animals"
"""Stands in the place of an animal for the sites of all of them, each predicted from the others."""

FEWEST_TRAIN = 3
"""Train stimuli without which nothing is fitted."""
FEWEST_TESTED = 2

KEY = ["region", "animal", "split", "n_sites", "n_source_sites", "n_stimuli", "n_train_stimuli"]
NOT_SHOWN = ["n_components", "cross_site_correlation"]
"""Columns of scores of models that mean nothing here."""


@dataclass(frozen=True)
class Pair:
    """An animal whose sites in a region are predicted from those of all other animals.

    Attributes
    ----------
    region, animal : str
        Names.
    targets : ndarray, (n_targets,)
        Columns of the responses.
    sources : ndarray, (n_sources,)
        Columns of the sites of other animals that have responses to all of `stimuli`.
    stimuli : ndarray, (n,)
        Rows to which all sources, and at least one target, have responses.
    """

    region: str
    animal: str
    targets: np.ndarray
    sources: np.ndarray
    stimuli: np.ndarray


def pairs_of(responses: Responses) -> Iterator[Pair]:
    """Give each region and each animal that is recorded in it, where there is another one.

    Where the other animals lack responses, it is the block of their sites and of the stimuli that
    the predicted animal has in which no response is missing, the one with the most responses.
    Sites without the name of an animal take no part.

    Parameters
    ----------
    responses : Responses
        Of a data set.

    Yields
    ------
    Pair
        Without sources or stimuli if the animal shares no stimulus with another.
    """
    sites = responses.sites
    named = (sites["animal"].fillna("").astype(str).str.strip() != "").to_numpy()
    for region in dict.fromkeys(sites["region"]):
        inside = named & (sites["region"] == region).to_numpy()
        animals = dict.fromkeys(sites.loc[inside, "animal"])
        for animal in animals if len(animals) > 1 else ():
            own = inside & (sites["animal"] == animal).to_numpy()
            targets, others = np.flatnonzero(own), np.flatnonzero(inside & ~own)
            answered = np.flatnonzero(~np.isnan(responses.average[:, targets]).all(axis=1))
            yield Pair(str(region), str(animal), targets, *_block(responses, others, answered))


def _block(
    responses: Responses, others: np.ndarray, answered: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which other sites, and which of the stimuli, make a block without a hole."""
    average = responses.average[:, others]
    if np.isnan(average[answered]).all():
        return others[:0], answered[:0]
    of_others = Responses(responses.stimulus_id, responses.sites.iloc[others], average)
    found = next(populations(of_others, answered))
    return others[found.sites], found.stimuli


def predict(
    pair: Pair, responses: Responses, train: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit the readout of an animal's sites from those of the others, and predict all stimuli.

    Parameters
    ----------
    pair : Pair
        Which sites and stimuli.
    responses : Responses
        Of the data set.
    train : ndarray of bool, (n_stimuli,)
        Which stimuli are train stimuli; of these, the ones of the pair are used.

    Returns
    -------
    predictions : ndarray, (n_stimuli, n_targets)
        NaN outside the stimuli of the pair; all of it if fewer than `FEWEST_TRAIN` train stimuli
        are shared, or if the sources do not vary on them.
    alpha : ndarray, (n_targets,)
        NaN where nothing was fitted.
    alpha_on_edge : ndarray of bool, (n_targets,)
        Whether it is the first or the last of its grid.

    Notes
    -----
    Each source is divided by its standard deviation over the train stimuli: the unit of one site
    says nothing of another, and a few sites with high rates would be all that a ridge penalty
    leaves.
    """
    n_targets = len(pair.targets)
    predictions = np.full((len(responses.average), n_targets), np.nan)
    unknown = predictions, np.full(n_targets, np.nan), np.zeros(n_targets, bool)
    rows = np.flatnonzero(train[pair.stimuli])
    if len(rows) < FEWEST_TRAIN:
        return unknown
    sources = responses.average[np.ix_(pair.stimuli, pair.sources)]
    varying = ~is_constant(sources[rows])
    if not varying.any():
        return unknown
    sources = sources[:, varying] / sources[rows][:, varying].std(axis=0)
    components = pca(sources[rows])
    targets = Responses(
        responses.stimulus_id[pair.stimuli],
        responses.sites.iloc[pair.targets],
        responses.average[np.ix_(pair.stimuli, pair.targets)],
    )
    readout, scores = fit_readout(
        READOUT, components.transform(sources), components.eigenvalues, targets, rows
    )
    predictions[pair.stimuli] = readout.predict(scores)
    return predictions, readout.alpha, readout.alpha_on_edge


def score_between_animals(
    responses: Responses,
    ceilings: pd.DataFrame,
    partitions: Mapping[str, pd.DataFrame],
    *,
    ceiling_floor: float,
    seed: int,
    n_bootstrap: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predict the sites of each animal from those of the others, and score them like a model's.

    Parameters
    ----------
    responses : Responses
        With the variance of the noise, where trials are known; without the trials.
    ceilings : DataFrame
        Of `ventral.scores.ceilings.estimate_ceilings`, in the order of the sites.
    partitions : Mapping
        Of `ventral.data.splits.partitions_of`.
    ceiling_floor, seed, n_bootstrap
        As of `ventral.scores.score.score_layers`.

    Returns
    -------
    table : DataFrame
        A row per region, animal that is predicted (`ALL` for the sites of all animals) and split:
        `KEY`, and the columns of `ventral.scores.score.score_population`. An animal that shares too
        few stimuli has one row without a split. The intervals are those of models: the same
        resamples of the same stimuli and sites.
    sites : DataFrame
        A row per site and split, with the columns of `ventral.scores.score.score_partitions`.
        ``ceiling`` and ``r2_ceiled`` are empty for a site that was scored on a part of its stimuli
        alone, since its ceiling is of all of them.
    """
    by_region: dict[str, list[Pair]] = {}
    for pair in pairs_of(responses):
        by_region.setdefault(pair.region, []).append(pair)
    rows: list[pd.DataFrame] = []
    site_tables = [pd.DataFrame(columns=["region", "split", "site_id"])]
    for pairs in by_region.values():
        fits = _fit_region(pairs, responses, ceilings, partitions)
        scored = [(pair, own) for pair, own in zip(pairs, fits, strict=True) if own]
        rows += [_without_score(pair) for pair, own in zip(pairs, fits, strict=True) if not own]
        if not scored:
            continue
        together = {name: _beside([own[name] for _, own in scored]) for name in partitions}
        sites = score_partitions(together, ceiling_floor)
        sites = sites[sites["split"] != "train"]
        site_tables.append(sites.drop(columns="n_components"))
        rows.append(_population(together, sites, seed, n_bootstrap).assign(animal=ALL))
        for pair, own in scored:
            of_pair = sites[sites["site_id"].isin(own[next(iter(own))].sites["site_id"])]
            row = _population(own, of_pair, seed, n_bootstrap)
            rows.append(row.assign(animal=pair.animal, **_counts(pair, partitions)))
    if not rows:
        return pd.DataFrame(columns=KEY), site_tables[0]
    table = pd.concat(rows, ignore_index=True)
    columns = [name for name in KEY if name in table]
    return (
        table[[*columns, *(name for name in table if name not in columns)]],
        pd.concat(site_tables[1:] or site_tables, ignore_index=True),
    )


def _population(
    fits: Mapping[str, Fit], sites: pd.DataFrame, seed: int, n_bootstrap: int
) -> pd.DataFrame:
    """Return the rows of `score_population` without those of train stimuli."""
    table, _ = score_population([fits], sites, seed, n_bootstrap)
    return table[table["split"].isin(sites["split"])].drop(columns=NOT_SHOWN)


def _fit_region(
    pairs: list[Pair],
    responses: Responses,
    ceilings: pd.DataFrame,
    partitions: Mapping[str, pd.DataFrame],
) -> list[dict[str, Fit]]:
    """Return the fits of each animal by partition; none if one cannot be fitted or scored."""
    fits = []
    for pair in pairs:
        of_pair = {
            name: _fit(pair, responses, ceilings, partition["split"].to_numpy(), name)
            for name, partition in partitions.items()
        }
        fits.append(of_pair if all(map(_is_scored, of_pair.values())) else {})
    return fits


def _fit(
    pair: Pair, responses: Responses, ceilings: pd.DataFrame, split: np.ndarray, partition: str
) -> Fit:
    predictions, alpha, on_edge = predict(pair, responses, split == "train")
    recorded = responses.average[:, pair.targets]
    scored = np.where(np.isnan(predictions).all(axis=1, keepdims=True), np.nan, recorded)
    left_out = ~np.isnan(recorded) & np.isnan(scored)
    parts = {name: name for name in ("validation", "test")}
    if partition != SINGLE_PARTITION:
        parts = {"test": partition, FOLDS: FOLDS}
    reliability = {}
    for part, name in parts.items():
        rows = split == part if part != FOLDS else np.ones(len(split), bool)
        values = ceilings[f"ceiling_{name}"].to_numpy(float)[pair.targets]
        reliability[part] = np.where(left_out[rows].any(axis=0), np.nan, values)
    noise = responses.noise_variance
    return Fit(
        predictions=predictions,
        responses=scored,
        split=split,
        sites=responses.sites.iloc[pair.targets].reset_index(drop=True),
        alpha=alpha,
        alpha_on_edge=on_edge,
        ceilings=reliability,
        n_components=0,
        noise_variance=None if noise is None else noise[:, pair.targets],
    )


def _is_scored(fit: Fit) -> bool:
    """Tell whether a fit predicts enough stimuli that it was not fitted to."""
    return any(len(rows) >= FEWEST_TESTED for part, rows in fit.parts() if part != "train")


def _beside(fits: list[Fit]) -> Fit:
    """Put the sites of several animals into one fit."""
    first = fits[0]
    noise = [fit.noise_variance for fit in fits if fit.noise_variance is not None]
    return replace(
        first,
        predictions=np.concatenate([fit.predictions for fit in fits], axis=1),
        responses=np.concatenate([fit.responses for fit in fits], axis=1),
        sites=pd.concat([fit.sites for fit in fits], ignore_index=True),
        alpha=np.concatenate([fit.alpha for fit in fits]),
        alpha_on_edge=np.concatenate([fit.alpha_on_edge for fit in fits]),
        ceilings={
            part: np.concatenate([fit.ceilings[part] for fit in fits]) for part in first.ceilings
        },
        noise_variance=np.concatenate(noise, axis=1) if noise else None,
    )


def _counts(pair: Pair, partitions: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """Return how many sites predict an animal, and how many stimuli they are fitted to."""
    train = [
        (partition["split"].to_numpy()[pair.stimuli] == "train").sum()
        for partition in partitions.values()
    ]
    return {"n_source_sites": len(pair.sources), "n_train_stimuli": float(np.median(train))}


def _without_score(pair: Pair) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "region": [pair.region],
            "animal": [pair.animal],
            "split": [""],
            "n_sites": [len(pair.targets)],
            "n_source_sites": [len(pair.sources)],
            "n_stimuli": [len(pair.stimuli)],
        }
    )
