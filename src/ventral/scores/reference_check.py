"""Published numbers beside ours."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from ventral.scores.reporting import committed_rows

COLUMNS = [
    *("model", "layer", "readout", "region", "split", "measure", "published", "ours"),
    *("difference", "source", "note"),
]


def check_references(
    references: Iterable[Mapping], summary: pd.DataFrame, scores: pd.DataFrame
) -> pd.DataFrame:
    """Return one row per published number and region, with `COLUMNS`.

    references: entries of the config: ``model, readout, measure, value, source, split``, and
        ``layer`` (without it, the committed layer) and ``region`` (without it, every region).
        ``measure`` is a column of the summary, or ``alpha``: the median over sites.
    summary, scores: tables of a data set.

    ``difference`` is ours minus the published number. Where there is no such number of ours it is
    empty, and ``note`` says why.
    """
    rows = []
    for reference in references:
        rows += list(_rows(reference, summary, scores))
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(reference: Mapping, summary: pd.DataFrame, scores: pd.DataFrame):
    """Yield the row of each region that a published number speaks of."""
    of_fit = summary[
        (summary["model"] == reference["model"]) & (summary["readout"] == reference["readout"])
    ]
    regions = [reference["region"]] if "region" in reference else summary["region"].unique()
    for region in regions:
        found = of_fit[(of_fit["region"] == region) & (of_fit["split"] == reference["split"])]
        if "layer" in reference:
            found, layer, note = (
                found[found["layer"] == reference["layer"]],
                reference["layer"],
                "",
            )
        else:
            found = found[committed_rows(found)]
            layer = found["layer"].iloc[0] if len(found) else ""
            note = f"layer chosen on {found['committed_on'].iloc[0]}" if len(found) else ""
        if found.empty:
            ours, note = np.nan, "this data set was not scored with that"
        elif reference["measure"] == "alpha":
            keys = ["region", "model", "layer", "readout", "split"]
            of_sites = scores.merge(found[keys], on=keys)
            ours, note = (
                of_sites["alpha"].median(),
                "; ".join(filter(None, [note, "median of sites"])),
            )
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
