"""Comparison of published numbers with ours."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

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
    references: Iterable[Mapping], summary: pd.DataFrame, scores: pd.DataFrame
) -> pd.DataFrame:
    """Compare published numbers with ours.

    Parameters
    ----------
    references : iterable of mapping
        Entries of the config: ``model``, ``readout``, ``measure``, ``value`` as it was published,
        ``source``, ``split``; optionally ``layer`` (by default the committed layer) and ``region``
        (by default every region). ``measure`` is a column of the summary; ``alpha``, the median
        over sites; or ``r_over_ceiling_squared``, (r / c)² of the medians over sites of Pearson's r
        and of the ceiling, as Brain-Score reports it.
    summary, scores : DataFrame
        ``summary.csv`` and ``scores.csv`` of a data set.

    Returns
    -------
    DataFrame
        One row per published number and region, with `COLUMNS`. ``difference`` is our number minus
        the published one. If this data set has no such number, ``ours`` and ``difference`` are NaN
        and ``note`` gives the reason.
    """
    rows = [row for reference in references for row in _rows(reference, summary, scores)]
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
        elif reference["measure"] == "r_over_ceiling_squared":
            ours = _r_over_ceiling_squared(found.iloc[0])
            note = "; ".join(filter(None, [note, "of the medians over sites of r and of ceilings"]))
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


def _r_over_ceiling_squared(row: pd.Series) -> float:
    """Return (r / c)² with the sign of r.

    The ceiling c is a reliability, whose root bounds r, so the published quotient is not bounded by
    1; it is computed to be compared, and `ventral.scores.measures.r2_ceiled` is what we report.
    """
    quotient = row["pearson_r_median"] / row["ceiling_median"]
    return float(quotient * abs(quotient))
