"""Every pair of models at their committed layers, compared on the same stimuli and sites."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from ventral.data.responses import Responses
from ventral.readouts.fit_store import StoredFit
from ventral.scores.reporting import (
    at_committed_settings,
    committed_rows,
    model_names,
    regions_in_order,
    reported_split,
)
from ventral.scores.resampling import Resamples, Sample, compare, resample_pool
from ventral.scores.score import fit_to_score, of_sites, samples_of
from ventral.storage.tables import to_markdown

MEASURE = "explained_variance"
COLUMNS = (
    "region",
    "readout",
    "split",
    "model",
    "other",
    "layer",
    "other_layer",
    "difference",
    "difference_low",
    "difference_high",
    "p",
    "p_holm",
    "sites_won",
    "n_sites",
    "animals_won",
    "n_animals",
    "n_stimuli",
)
NOTE = (
    "Differences of the mean explained variance over sites, the first model less the second, at the"
    " committed layers. The interval and p are of the paired two-way bootstrap over stimuli and"
    " sites; they speak of these animals. p is corrected for all pairs of a region and readout"
    " (Holm). A model wins a site where it explains more of its variance, and an animal where it"
    " does so on the mean over its sites."
)


@dataclass(frozen=True)
class _Drawn:
    """What one model is on the draws that all models share."""

    model: str
    layer: str
    resamples: Resamples


@dataclass(frozen=True)
class _Recording:
    """The sites of a region in one data set."""

    dataset: str
    responses: Responses
    inside: np.ndarray

    @property
    def animals(self) -> np.ndarray:
        return self.responses.sites["animal"].to_numpy()[self.inside]

    def samples(self, stored: Mapping[str, StoredFit], split: str) -> list[Sample]:
        """Return the samples of a split, of these sites; none where it has no responses."""
        fits = {name: fit_to_score(fit, self.responses, None, name) for name, fit in stored.items()}
        return [of_sites(sample, self.inside) for sample in samples_of(fits).get(split, [])]


def compare_models(
    summary: pd.DataFrame,
    responses: Mapping[str, Responses],
    models: Sequence[str],
    read: Callable[[str, str, str, str], Mapping[str, StoredFit]],
    *,
    seed: int,
    n_bootstrap: int,
) -> pd.DataFrame:
    """Compare every pair of models of each region and readout, at their committed layers.

    Parameters
    ----------
    summary : DataFrame
        ``summary.csv`` of a data set or a pool.
    responses : mapping
        Responses of the data set, or of each data set of the pool, by name.
    models : sequence of str
        Models in the order in which pairs are listed.
    read : callable
        Gives the fits by partition of a data set, a model's variant, readout and layer.
    seed, n_bootstrap : int
        Of the resampling, which is the same for all models.

    Returns
    -------
    DataFrame
        With `COLUMNS`. ``difference`` is the mean over sites of the explained variance of ``model``
        less that of ``other``, on the split that tables report, with its 95 % interval and p (see
        `ventral.scores.resampling.compare`). ``p_holm`` is p corrected for all pairs of the region
        and readout. ``sites_won`` is the share of sites at which ``model`` is better, half of those
        at which both are equal included; ``animals_won`` the number of animals.
    """
    split = reported_split(summary)
    shown = at_committed_settings(summary, summary)
    shown = shown[committed_rows(shown) & (shown["split"] == split)]
    shown = shown[shown[f"{MEASURE}_mean"].notna()]
    tables = [pd.DataFrame(columns=list(COLUMNS))]
    for region in regions_in_order(shown):
        recordings = [
            _Recording(name, found, (found.sites["region"] == region).to_numpy())
            for name, found in responses.items()
            if (found.sites["region"] == region).any()
        ]
        animals = np.concatenate([recording.animals for recording in recordings])
        of_region = shown[shown["region"] == region]
        for readout, rows in of_region.groupby("readout", sort=False):
            drawn = []
            for row in sorted(rows.to_dict("records"), key=lambda row: models.index(row["model"])):
                names = row["variant"], row["readout_variant"], row["layer"]
                samples = [
                    recording.samples(read(recording.dataset, *names), split)
                    for recording in recordings
                ]
                resamples = resample_pool([found for found in samples if found], seed, n_bootstrap)
                drawn.append(_Drawn(row["model"], row["layer"], resamples.only(MEASURE)))
            pairs = pd.DataFrame(_pairs(drawn, animals), dtype=object).infer_objects()
            if len(pairs):
                pairs = pairs.assign(
                    region=region,
                    readout=readout,
                    split=split,
                    p_holm=holm(pairs["p"].to_numpy()),
                    n_stimuli=int(rows["n_stimuli"].iloc[0]),
                )
                tables.append(pairs[list(COLUMNS)])
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]


def holm(p: np.ndarray) -> np.ndarray:
    """Return p-values corrected for their number, of the same shape.

    Parameters
    ----------
    p : ndarray, (n,)
        NaN is of no test, and stays.

    References
    ----------
    Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Stat. 1979.
    """
    corrected = np.full(len(p), np.nan)
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1) if len(order) else steps
    return corrected


def comparisons_in_words(
    table: pd.DataFrame, models: dict[str, dict], readouts: dict[str, dict]
) -> str:
    """Return the table of comparisons as Markdown, with labels and the note that it needs.

    Parameters
    ----------
    table : DataFrame
        Of `compare_models`.
    models, readouts : dict
        Descriptions, see `ventral.scores.reporting`.
    """
    names = model_names(models)
    shown = pd.DataFrame(
        {
            "Region": table["region"],
            "Regression": [readouts[name]["label"] for name in table["readout"]],
            "Model": table["model"].map(names),
            "Other": table["other"].map(names),
            "Difference": [f"{value:.3f}" for value in table["difference"]],
            "95% interval": [
                f"[{low:.3f}, {high:.3f}]"
                for low, high in zip(table["difference_low"], table["difference_high"], strict=True)
            ],
            "p (Holm)": [p_in_words(value) for value in table["p_holm"]],
            "Sites won": [
                f"{share:.0%} of {count}"
                for share, count in zip(table["sites_won"], table["n_sites"], strict=True)
            ],
            "Animals won": [
                f"{won:.0f} of {count:.0f}" if count == count else "–"
                for won, count in zip(table["animals_won"], table["n_animals"], strict=True)
            ],
        },
        dtype=object,
    )
    return f"{to_markdown(shown, ['Difference', 'p (Holm)'])}\n\n{NOTE}"


def p_in_words(p: float) -> str:
    """Return a p-value as tables show it: three decimals, "< .001", a dash for NaN."""
    if np.isnan(p):
        return "–"
    return "< .001" if p < 0.001 else f"{p:.3f}"


def _pairs(drawn: Sequence[_Drawn], animals: np.ndarray) -> Iterator[dict]:
    known = [animal for animal in dict.fromkeys(animals) if animal == animal and animal != ""]
    for first, second in combinations(drawn, 2):
        found = compare(first.resamples, second.resamples)[MEASURE]
        gained = first.resamples.score(MEASURE) - second.resamples.score(MEASURE)
        defined = np.isfinite(gained)
        of_animals = [gained[defined & (animals == animal)] for animal in known]
        yield {
            "model": first.model,
            "other": second.model,
            "layer": first.layer,
            "other_layer": second.layer,
            "difference": found.estimate,
            "difference_low": found.low,
            "difference_high": found.high,
            "p": found.p,
            "sites_won": np.mean((gained > 0) + 0.5 * (gained == 0), where=defined)
            if defined.any()
            else np.nan,
            "n_sites": int(defined.sum()),
            "animals_won": sum(len(own) > 0 and own.mean() > 0 for own in of_animals)
            if known
            else np.nan,
            "n_animals": len(known) or np.nan,
        }
