"""Scores as Brain-Score publishes them, with the ceiling and the error bar of that protocol.

They differ from what `ventral.scores.score` reports in the order of averages and in the ceiling;
docs/brain_score.md sets the two side by side.
"""

import warnings
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import ShuffleSplit

from ventral.data.splits import FOLDS
from ventral.scores.ceilings import FEWEST_STIMULI
from ventral.scores.measures import pearson_r
from ventral.scores.reporting import model_names, readout_name
from ventral.storage.tables import to_markdown

N_SPLITS = 10
SEED = 1
"""Of Brain-Score's halves of the trials; its splits of the stimuli have the same seed."""

FEWEST_TRIALS = 2
KEY = ["region", "model", "layer", "readout"]
COLUMNS = [
    *KEY,
    "committed",
    "r2_over_ceiling",
    "r_over_ceiling_squared",
    "pearson_r",
    "error",
    "ceiling",
    "ceiling_error",
    "n_splits",
    "n_sites",
    "n_undefined",
    "n_components",
]
NOTE = (
    "Brain-Score's protocol: r is the median over sites of Pearson's r, averaged over splits; c is"
    " the ceiling, averaged in the same way. Brain-Score publishes r²/c since December 2025, and"
    " published (r/c)² before. ± is the standard error over splits that it gives with either: it is"
    " of r and not of the quotient, it says nothing of other sites or stimuli, and the splits share"
    " stimuli. ✓ marks the layer with the highest r of a model, region and readout: it is chosen by"
    " the score that is shown."
)


class Mean(NamedTuple):
    """A mean over splits, and its standard error."""

    value: float
    error: float


def mean_of_medians(values: np.ndarray) -> Mean:
    """Return the mean over splits of the median over sites.

    Parameters
    ----------
    values : ndarray, (n_splits, n_sites)
        A site that is NaN in a split is left out of the median there.

    Returns
    -------
    Mean
        The error is the standard deviation over splits (divided by their number) over the root of
        their number. Both are NaN where nothing is defined.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        medians = np.nanmedian(values, axis=1) if values.shape[1] else np.full(len(values), np.nan)
    medians = medians[np.isfinite(medians)]
    if not len(medians):
        return Mean(np.nan, np.nan)
    return Mean(float(medians.mean()), float(medians.std() / np.sqrt(len(values))))


def internal_consistency(repetitions: np.ndarray) -> np.ndarray:
    """Return the reliability of each site in each of Brain-Score's splits of the trials.

    Parameters
    ----------
    repetitions : ndarray, (n_stimuli, n_sites, n_repetitions)
        Responses on single trials; NaN for a missing trial. The last axis is the number of the
        trial: the same trials of all stimuli and sites are a half.

    Returns
    -------
    ndarray, (n_splits, n_sites)
        The correlation over stimuli of the means of both halves, corrected to all trials by the
        Spearman-Brown formula 2r / (1 + r). A stimulus without a trial in a half is left out of
        both; NaN for a site with fewer than three others or a constant half, and for all if there
        is only one trial.

    References
    ----------
    Schrimpf et al., "Brain-Score: Which artificial neural network for object recognition is most
    brain-like?", bioRxiv 2018.
    """
    _, n_sites, n_trials = repetitions.shape
    reliabilities = np.full((N_SPLITS, n_sites), np.nan)
    if n_trials < FEWEST_TRIALS:
        return reliabilities
    halves = ShuffleSplit(N_SPLITS, train_size=0.5, random_state=SEED)
    for split, rows in enumerate(halves.split(np.zeros(n_trials))):
        first, second = (_mean_of_trials(repetitions[:, :, half]) for half in rows)
        for site in range(n_sites):
            both = ~np.isnan(first[:, site]) & ~np.isnan(second[:, site])
            if both.sum() >= FEWEST_STIMULI:
                r = pearson_r(first[both, site, None], second[both, site, None])[0]
                reliabilities[split, site] = 2 * r / (1 + r)
    return reliabilities


def _mean_of_trials(trials: np.ndarray) -> np.ndarray:
    """Return the mean over the trials that there are, (n_stimuli, n_sites); NaN without any."""
    present = ~np.isnan(trials)
    count = present.sum(axis=2)
    total = np.where(present, trials, 0).sum(axis=2)
    return total / np.where(count > 0, count, np.nan)


def published_ceilings(sites: pd.DataFrame, repetitions: np.ndarray | None) -> dict[str, Mean]:
    """Return the ceiling of each region over all stimuli, the published one.

    Parameters
    ----------
    sites : DataFrame, n_sites rows
        With ``region``.
    repetitions : ndarray, (n_stimuli, n_sites, n_repetitions), or None
        As of `internal_consistency`; None where there are no single trials.

    Returns
    -------
    dict
        By region; NaN without trials.
    """
    regions = sites["region"].to_numpy()
    if repetitions is None:
        return dict.fromkeys(dict.fromkeys(regions), Mean(np.nan, np.nan))
    reliabilities = internal_consistency(repetitions)
    return {
        region: mean_of_medians(reliabilities[:, regions == region])
        for region in dict.fromkeys(regions)
    }


def r2_over_ceiling(r: float, ceiling: float) -> float:
    """Return sign(r) · r² / c, what Brain-Score publishes since December 2025 (without the sign).

    The ceiling c is a reliability, whose root bounds r: the quotient of a perfect model is 1.
    """
    return r * abs(r) / ceiling if ceiling > 0 else float("nan")


def r_over_ceiling_squared(r: float, ceiling: float) -> float:
    """Return sign(r) · (r / c)², what Brain-Score published until December 2025 (without the sign).

    That of a perfect model exceeds 1, and that of a noisy region flatters every model.
    """
    return r * abs(r) / ceiling**2 if ceiling > 0 else float("nan")


def table_of_brain_scores(scores: pd.DataFrame, ceilings: Mapping[str, Mean]) -> pd.DataFrame:
    """Return one row per region, model, layer and readout, scored by Brain-Score's protocol.

    Parameters
    ----------
    scores : DataFrame
        ``scores.csv`` of a data set with folds.
    ceilings : Mapping
        Of `published_ceilings`.

    Returns
    -------
    DataFrame
        With `COLUMNS`, in the order of the scores. ``pearson_r`` and ``ceiling`` are means over
        splits of medians over sites (`mean_of_medians`), ``error`` and ``ceiling_error`` their
        standard errors. `r2_over_ceiling` and `r_over_ceiling_squared` are of these; NaN without a
        ceiling above 0. ``committed`` marks the layer whose r is highest, the first of equals.
        ``n_undefined`` counts sites without a score in some split.
    """
    rows = []
    of_splits = scores[scores["split"] != FOLDS]
    for names, found in of_splits.groupby(KEY, sort=False):
        row = dict(zip(KEY, names, strict=True))
        values = found.pivot(index="split", columns="site_id", values="pearson_r").to_numpy()
        r, ceiling = mean_of_medians(values), ceilings[str(names[0])]
        rows.append(
            row
            | {
                "committed": False,
                "r2_over_ceiling": r2_over_ceiling(r.value, ceiling.value),
                "r_over_ceiling_squared": r_over_ceiling_squared(r.value, ceiling.value),
                "pearson_r": r.value,
                "error": r.error,
                "ceiling": ceiling.value,
                "ceiling_error": ceiling.error,
                "n_splits": len(values),
                "n_sites": values.shape[1],
                "n_undefined": int(np.isnan(values).any(axis=0).sum()),
                "n_components": found["n_components"].median(),
            }
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    for _, layers in table.groupby(["region", "model", "readout"], sort=False):
        if layers["pearson_r"].notna().any():
            table.loc[layers["pearson_r"].idxmax(), "committed"] = True
    return table


def brain_scores_in_words(
    table: pd.DataFrame, models: dict[str, dict], readouts: dict[str, dict]
) -> str:
    """Return the table as Markdown, with the note that it needs.

    Parameters
    ----------
    table : DataFrame
        Of `table_of_brain_scores`, at the committed settings of sweeps.
    models, readouts : dict
        Descriptions, see `ventral.scores.reporting`.
    """
    names = model_names(models)
    known = table["model"].isin(models) & table["readout"].isin(readouts)
    table = table[known]
    shown = pd.DataFrame(
        {
            "Region": table["region"],
            "Regression": [
                readout_name(readouts[name], [count])
                for name, count in zip(table["readout"], table["n_components"], strict=True)
            ],
            "Model": table["model"].map(names),
            "Layer": table["layer"],
            "Highest": table["committed"],
            "r²/c": table["r2_over_ceiling"],
            "(r/c)²": table["r_over_ceiling_squared"],
            "r ± error": [
                "–" if np.isnan(r) else f"{r:.3f} ± {error:.3f}"
                for r, error in zip(table["pearson_r"], table["error"], strict=True)
            ],
            "Ceiling c": table["ceiling"],
            "Sites": table["n_sites"],
            "Splits": table["n_splits"],
        }
    )
    return f"{to_markdown(shown)}\n\n{NOTE}"
