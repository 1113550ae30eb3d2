"""Comparison of published numbers with ours."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ventral.data.splits import FOLDS
from ventral.errors import VentralError
from ventral.scores import BRAIN_SCORES
from ventral.scores.reporting import committed_rows

COLUMNS = [
    "model",
    "layer",
    "readout",
    "region",
    "split",
    "measure",
    "published",
    "ours",
    "difference",
    "source",
    "note",
]


def check_references(
    references: Iterable[Mapping],
    summary: pd.DataFrame,
    scores: pd.DataFrame,
    brain_scores: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Compare published numbers with ours.

    Parameters
    ----------
    references : iterable of mapping
        Entries of the config: ``model``, ``readout``, ``measure``, ``value`` as it was published,
        ``source``, ``split``; optionally ``layer`` (by default the committed layer) and ``region``
        (by default every region). ``measure`` is a column of the summary; ``alpha``, the median
        over sites; or one of `BRAIN_SCORES`, on the split ``folds``, whose layer is by default the
        one with the highest r, as Brain-Score chooses it.
    summary, scores : DataFrame
        ``summary.csv`` and ``scores.csv`` of a data set.
    brain_scores : DataFrame, optional
        Of `ventral.scores.brain_score.table_of_brain_scores`, at the committed settings of sweeps.

    Returns
    -------
    DataFrame
        One row per published number and region, with `COLUMNS`. ``difference`` is our number minus
        the published one. If this data set has no such number, ``ours`` and ``difference`` are NaN
        and ``note`` gives the reason.
    """
    by_folds = None
    if brain_scores is not None:
        by_folds = brain_scores.assign(split=FOLDS, committed_on=FOLDS)
        by_folds = by_folds.rename(columns={"committed": "layer_committed"})
    rows: list[dict[str, Any]] = []
    for reference in references:
        table = by_folds if reference["measure"] in BRAIN_SCORES else summary
        if table is None:
            raise VentralError(
                f"reference: measure {reference['measure']!r} is of Brain-Score's protocol; give"
                " the data set brain_score: true"
            )
        rows.extend(_rows(reference, table, scores))
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(
    reference: Mapping, summary: pd.DataFrame, scores: pd.DataFrame
) -> Iterator[dict[str, Any]]:
    """Yield a row for each region that a published number refers to."""
    of_fit = summary[
        (summary["model"] == reference["model"]) & (summary["readout"] == reference["readout"])
    ]
    regions = [reference["region"]] if "region" in reference else summary["region"].unique()
    for region in regions:
        found = of_fit[(of_fit["region"] == region) & (of_fit["split"] == reference["split"])]
        if "layer" in reference:
            found = found[found["layer"] == reference["layer"]]
            layer, note = reference["layer"], ""
        else:
            found = found[committed_rows(found)]
            layer = found["layer"].iloc[0] if len(found) else ""
            note = f"layer chosen on {found['committed_on'].iloc[0]}" if len(found) else ""
        if found.empty:
            ours, note = np.nan, "this data set has no such score"
        elif reference["measure"] == "alpha":
            keys = ["region", "model", "layer", "readout", "split"]
            of_sites = scores.merge(found[keys], on=keys)
            ours = of_sites["alpha"].median()
            note = "; ".join(filter(None, [note, "median of sites"]))
        else:
            ours = found[reference["measure"]].iloc[0]
        yield {
            **{key: reference[key] for key in ("model", "readout", "split", "measure", "source")},
            "layer": layer,
            "region": region,
            "published": reference["value"],
            "ours": ours,
            "difference": ours - reference["value"],
            "note": note,
        }
