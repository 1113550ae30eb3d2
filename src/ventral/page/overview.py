"""What the page begins with: every model in every region, of all data sets."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from ventral.page.parts import Part, Table, without_shared
from ventral.scores.reporting import default_readout

SCORE = "explained_variance_mean"
COLUMNS = {
    "dataset": "Data set",
    "region": "Region",
    "name": "Model",
    "readout_label": "Readout",
    "layer": "Layer",
    SCORE: "Score",
    "explained_variance_low": "From",
    "explained_variance_high": "To",
    "ceiling_median": "Ceiling",
    "explained_variance_corrected_ratio": "Corrected",
    "pearson_r_mean": "Pearson r",
    "n_sites": "Sites",
    "n_stimuli": "Stimuli",
}


def overview(regions: pd.DataFrame, display: Mapping, labels: Mapping[str, str]) -> Iterator[Part]:
    """Make the table of models by regions, and the table of every number behind it.

    Parameters
    ----------
    regions : DataFrame
        Of `ventral.scores.regions.table_of_regions`.
    display : mapping
        ``models``, ``readouts`` and ``readout``.
    labels : mapping
        Of the readouts.
    """
    groups = {name: description["group"] for name, description in display["models"].items()}
    rows = regions.assign(
        group=regions["model"].map(groups), readout_label=regions["readout"].map(labels)
    )
    places = list(dict.fromkeys(zip(rows["dataset"], rows["region"], strict=True)))
    headings = {
        place: place[1] if rows["dataset"].nunique() == 1 else " ".join(place) for place in places
    }
    by_model: dict[tuple[str, str], dict[str, dict]] = {}
    for row in rows.to_dict("records"):
        cells = by_model.setdefault((row["readout"], row["model"]), {})
        cells[headings[row["dataset"], row["region"]]] = row
    first = display["readout"] or default_readout(display["readouts"])
    ordered = sorted(by_model.values(), key=lambda cells: _any_of(cells)["readout"] != first)
    table = pd.DataFrame(
        [
            {
                "Model": _any_of(cells)["name"],
                "Readout": _any_of(cells)["readout_label"],
                **{name: cells.get(name, {}).get(SCORE, np.nan) for name in headings.values()},
                "Group": _any_of(cells)["group"],
            }
            for cells in ordered
        ]
    )
    hover = {
        name: [_hint(cells[name]) if name in cells else "" for cells in ordered]
        for name in headings.values()
    }
    if table["Readout"].nunique() == 1:
        table = table.drop(columns="Readout")
    yield Table(table, "Models by regions", hover=hover, bars=list(hover))
    columns = [name for name in COLUMNS if rows[name].notna().any()]
    numbers = without_shared(rows[columns], ["dataset", "region", "readout_label"])
    yield Table(numbers.rename(columns=COLUMNS), "The numbers behind it")


def _any_of(cells: Mapping[str, dict]) -> dict:
    """Return one region's row of a model, for what all of its rows share."""
    return next(iter(cells.values()))


def _hint(row: Mapping) -> str:
    """Return what is said of a score where the mouse rests on it."""
    if pd.isna(row[SCORE]):
        return "no layer has a defined score"
    parts = [
        f"{row[SCORE]:.3f}, 95 % interval {row['explained_variance_low']:.3f} to"
        f" {row['explained_variance_high']:.3f}",
        f"layer {row['layer']}",
    ]
    if pd.notna(row["ceiling_median"]):
        parts.append(f"noise ceiling {row['ceiling_median']:.3f}")
    if pd.notna(row["explained_variance_corrected_ratio"]):
        parts.append(f"corrected {row['explained_variance_corrected_ratio']:.3f}")
    parts.append(f"{row['n_sites']:.0f} sites, {row['n_stimuli']:.0f} stimuli")
    return "; ".join(parts)
