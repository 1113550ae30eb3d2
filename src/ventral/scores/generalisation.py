"""Scores in distribution and out of it, their difference, and how far the stimuli lie."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from ventral.data.folds import IN_DISTRIBUTION
from ventral.data.responses import Responses
from ventral.readouts.fit_store import StoredFit
from ventral.scores.reporting import at_committed_settings, committed_rows, model_names
from ventral.scores.resampling import compare, levels_of, resample_parts
from ventral.scores.score import fit_to_score, of_sites, samples_of
from ventral.storage.tables import to_markdown

MEASURE = "explained_variance"
OUT_OF_DISTRIBUTION = "test"
PARTS = {"in_distribution": IN_DISTRIBUTION, "out_of_distribution": OUT_OF_DISTRIBUTION}
SCORES = {
    "": f"{MEASURE}_mean",
    "_low": f"{MEASURE}_low",
    "_high": f"{MEASURE}_high",
    "_corrected": f"{MEASURE}_corrected_ratio",
    "_ceiling": "ceiling_median",
    "_stimuli": "n_stimuli",
}
ENDS = ("", "_low", "_high")
DISTANCES = ("nearest_distance", "outside_components")
RATIO = "nearest_distance_ratio"
DISCREPANCY = ("mmd", "mmd_p")
KEY = ["region", "readout", "model", "layer"]
COLUMNS = (
    *KEY,
    "layer_committed",
    "committed_on",
    *(f"{part}{end}" for part in PARTS for end in SCORES),
    "difference",
    "difference_low",
    "difference_high",
    "n_sites",
    *(f"{distance}_{part}{end}" for distance in DISTANCES for part in PARTS for end in ENDS),
    *(f"{RATIO}{end}" for end in ENDS),
    *(f"{name}_{part}" for name in DISCREPANCY for part in PARTS),
)
NOTE = (
    "Mean explained variance over sites at the committed layers, on stimuli of the kind that"
    " trained the readout (in distribution; they chose nothing) and on the others (out of"
    " distribution). Lost: the first less the second, over the sites that are defined in both; its"
    " interval is of the two-way bootstrap, with the same sites and each part's own stimuli."
    " Distance: the mean squared distance to the nearest train stimulus, in the space of the layer,"
    " of the stimuli out of distribution divided by that of those in distribution; under 1 the"
    " others lie closer, such as images of less contrast, and may still be of another kind."
    " Outside: the share of their squared distance from the train mean that lies outside the space"
    " of the train stimuli, which no linear readout can read, in and out of distribution. MMD: the"
    " squared maximum mean discrepancy from the train stimuli, in and out of distribution; about 0"
    " for stimuli of one distribution. Where"
    " responses to one kind are less reliable, scores differ for that too: generalisation.csv has"
    " the noise ceilings of both."
)


def tabulate_generalisation(
    summary: pd.DataFrame,
    responses: Responses,
    distances: pd.DataFrame,
    models: Sequence[str],
    read: Callable[[str, str, str, str], Mapping[str, StoredFit]],
    *,
    dataset: str,
    seed: int,
    n_bootstrap: int,
) -> pd.DataFrame:
    """Return the score of every fit in distribution and out of it, with the distances.

    Parameters
    ----------
    summary : DataFrame
        ``summary.csv`` of the data set.
    responses : Responses
        To all its stimuli.
    distances : DataFrame
        Of `ventral.features.distances.measure_layers`, of all models, with the column ``model``.
    models : sequence of str
        Models in the order of the rows.
    read : callable
        Gives the fits by partition of a data set, a model's variant, readout and layer.
    dataset : str
        Name of the data set.
    seed, n_bootstrap : int
        Of the resampling.

    Returns
    -------
    DataFrame
        With `COLUMNS`, a row per region, readout, model and layer. ``in_distribution`` is the mean
        over sites of the explained variance on the part `IN_DISTRIBUTION`, ``out_of_distribution``
        that on the test part; ``_corrected`` is the explained variance of all sites divided by what
        can be explained of them, and ``_ceiling`` the median reliability. ``difference`` is the
        mean over sites that are defined in both of the first less the second (see
        `ventral.scores.resampling.resample_parts`), ``n_sites`` their number. Distances are NaN of
        a network's own head. Empty where one of the parts has no scores.
    """
    scores = _side_by_side(at_committed_settings(summary, summary))
    if scores.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    rows = []
    for row in scores.to_dict("records"):
        inside = (responses.sites["region"] == row["region"]).to_numpy()
        fits = read(dataset, row["variant"], row["readout_variant"], row["layer"])
        of_fits = {name: fit_to_score(fit, responses, None, name) for name, fit in fits.items()}
        samples = samples_of(of_fits)
        drawn = resample_parts(
            [[of_sites(sample, inside) for sample in samples[part]] for part in PARTS.values()],
            seed,
            n_bootstrap,
            levels_of(responses.sites[inside]),
        )
        first, second = (resamples.only(MEASURE) for resamples in drawn)
        found = compare(first, second)[MEASURE]
        defined = np.isfinite(first.score(MEASURE) - second.score(MEASURE))
        rows.append(
            row
            | {
                "difference": found.estimate,
                "difference_low": found.low,
                "difference_high": found.high,
                "n_sites": int(defined.sum()),
            }
        )
    table = pd.DataFrame(rows).merge(
        _distances_side_by_side(distances),
        how="left",
        on=["variant", "layer"],
    )
    place = {model: index for index, model in enumerate(models)}
    order = np.argsort(table["model"].map(place).to_numpy(), kind="stable")
    return table.iloc[order].reindex(columns=list(COLUMNS)).reset_index(drop=True)


def _side_by_side(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of both parts in one row for each region, readout, model and layer."""
    names = [*KEY, "variant", "readout_variant", "layer_committed", "committed_on"]
    halves = []
    for name, part in PARTS.items():
        rows = summary[summary["split"] == part].assign(
            layer_committed=lambda found: committed_rows(found)
        )
        scores = {column: f"{name}{end}" for end, column in SCORES.items() if column in rows}
        halves.append(rows[[*names, *scores]].rename(columns=scores))
    return halves[0].merge(halves[1], on=names, how="inner")


def _distances_side_by_side(distances: pd.DataFrame) -> pd.DataFrame:
    """Return the distances of both parts in one row for each model and layer."""
    key = ["variant", "layer"]
    named = distances.rename(columns={"model": "variant"})
    whole = named[key].drop_duplicates()
    for name, part in PARTS.items():
        columns = {f"{d}{end}": f"{d}_{name}{end}" for d in DISTANCES for end in ENDS}
        columns |= {column: f"{column}_{name}" for column in DISCREPANCY}
        if part == OUT_OF_DISTRIBUTION:
            columns |= {f"{RATIO}{end}": f"{RATIO}{end}" for end in ENDS}
        rows = named[named["split"] == part]
        whole = whole.merge(rows[[*key, *columns]].rename(columns=columns), on=key, how="left")
    return whole


def generalisation_in_words(
    table: pd.DataFrame, models: dict[str, dict], readouts: dict[str, dict]
) -> str:
    """Return the table at the committed layers as Markdown, with labels and the note it needs.

    Parameters
    ----------
    table : DataFrame
        Of `tabulate_generalisation`.
    models, readouts : dict
        Descriptions, see `ventral.scores.reporting`.
    """
    names = model_names(models)
    rows = table[committed_rows(table)]
    shown = pd.DataFrame(
        {
            "Region": rows["region"],
            "Regression": [readouts[name]["label"] for name in rows["readout"]],
            "Model": rows["model"].map(names),
            "Layer": rows["layer"],
            "In distribution": _numbers(rows, "in_distribution"),
            "Out of distribution": _numbers(rows, "out_of_distribution"),
            "Lost": _numbers(rows, "difference"),
            "Distance": _numbers(rows, RATIO),
            "Outside": [
                f"{_number(inside)}, {_number(outside)}"
                for inside, outside in zip(
                    rows["outside_components_in_distribution"],
                    rows["outside_components_out_of_distribution"],
                    strict=True,
                )
            ],
            "MMD": [
                f"{_number(inside)}, {_number(outside)}"
                for inside, outside in zip(
                    rows["mmd_in_distribution"], rows["mmd_out_of_distribution"], strict=True
                )
            ],
            "Sites": rows["n_sites"],
        },
        dtype=object,
    )
    return f"{to_markdown(shown, ['Sites'])}\n\n{NOTE}"


def _numbers(rows: pd.DataFrame, name: str) -> list[str]:
    """Return each value with its interval."""
    return [
        f"{_number(value)} [{_number(low)}, {_number(high)}]"
        for value, low, high in zip(*(rows[f"{name}{end}"] for end in ENDS), strict=True)
    ]


def _number(value: float) -> str:
    return "–" if not np.isfinite(value) else f"{value:.3f}"
