"""The tables of similarity of a data set."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ventral.data.responses import Responses
from ventral.similarity.compare import FEATURES_FROM_SITES
from ventral.similarity.measure import MEASURES
from ventral.similarity.noise_ceilings import UNKNOWN, noise_ceilings
from ventral.similarity.population import populations
from ventral.storage.tables import read_csv, to_markdown

COLUMNS = [
    "dataset",
    "region",
    "model",
    "layer",
    "split",
    "measure",
    "value",
    "low",
    "high",
    "noise_ceiling_lower",
    "noise_ceiling_upper",
    "n_stimuli",
    "n_sites",
    "n_bootstrap",
    "n_components",
    "component_share",
]
SIZES = ("Stimuli", "Sites")
CEILING_COLUMNS = ["region", "measure", "noise_ceiling_lower", "noise_ceiling_upper"]
HEADINGS = {
    "cka": "CKA",
    "cka_debiased": "CKA, debiased",
    "rsa_spearman": "RSA, Spearman",
    "rsa_whitened": "RSA, whitened",
    "procrustes_distance": "Procrustes distance",
    FEATURES_FROM_SITES: "Features from sites",
}
"""Each measure as tables and figures call it."""


def table_of_ceilings(
    responses: Responses,
    repeated: tuple[np.ndarray, np.ndarray] | None,
    stimuli: np.ndarray,
    seed: int,
) -> pd.DataFrame:
    """Return the noise ceilings of each region.

    Parameters
    ----------
    responses : Responses
        Without single trials.
    repeated : tuple or None
        Rows of the stimuli that have trials, (m,), and these, (m, n_sites, n_repetitions).
    stimuli : ndarray
        Rows that are compared.
    seed : int
        Of the halves of the trials.

    Returns
    -------
    DataFrame
        With `CEILING_COLUMNS`; NaN without trials.
    """
    tables = []
    for population in populations(responses, stimuli):
        ceilings = UNKNOWN
        if repeated is not None and len(population.sites):
            rows, trials = repeated
            place = np.searchsorted(rows, population.stimuli)
            place[place == len(rows)] = 0
            own = trials[np.ix_(place, population.sites)] if len(rows) else None
            if own is not None:
                own[rows[place] != population.stimuli] = np.nan
                ceilings = noise_ceilings(own, seed)
        columns = (population.region, MEASURES, ceilings.lower, ceilings.upper)
        tables.append(pd.DataFrame(dict(zip(CEILING_COLUMNS, columns, strict=True))))
    return pd.concat(tables, ignore_index=True)


def collect_similarity(
    files: Iterable[str], dataset: str, models: Sequence[str], ceilings: pd.DataFrame
) -> pd.DataFrame:
    """Put the tables of all models into one, with the noise ceilings.

    Parameters
    ----------
    files : iterable of str
        Tables of `ventral.similarity.compare.compare_layers`, one for each model.
    dataset : str
        Name.
    models : sequence of str
        Names.
    ceilings : DataFrame
        Of `table_of_ceilings`.

    Returns
    -------
    DataFrame
        With `COLUMNS`. Of the Procrustes distance, which is small for the similar, the lower noise
        ceiling is the larger number.
    """
    tables = [
        read_csv(file).assign(dataset=dataset, model=model)
        for file, model in zip(files, models, strict=True)
    ]
    whole = pd.concat(tables, ignore_index=True)
    return whole.merge(ceilings, on=["region", "measure"], how="left")[COLUMNS]


def markdown_of(table: pd.DataFrame, names: Mapping[str, str]) -> str:
    """Return the table of similarity as Markdown: a row for each layer, a column for each measure.

    Parameters
    ----------
    table : DataFrame
        Of `collect_similarity`.
    names : mapping
        How each model is called, see `ventral.scores.reporting.variant_names`.

    Returns
    -------
    str
        Values with their intervals in brackets, noise ceilings in rows of their own, and a note.
    """
    rows: list[dict[str, Any]] = []
    for region, here in table.groupby("region", sort=False):
        first = here.iloc[0]
        sizes = {"Stimuli": int(first["n_stimuli"]), "Sites": int(first["n_sites"])}
        if here["noise_ceiling_lower"].notna().any():
            ends = here.drop_duplicates("measure")
            cells = _cells(ends, "noise_ceiling_lower", "noise_ceiling_upper", "{0:.3f} to {1:.3f}")
            rows.append(
                {"Region": region, "Model": "noise ceilings", "Layer": "", **cells, **sizes}
            )
        for key, of_layer in here.groupby(["model", "layer"], sort=False):
            model, layer = map(str, key)
            cells = _cells(of_layer, "value", "low", "high", "{0:.3f} [{1:.3f}, {2:.3f}]")
            named = {"Region": region, "Model": names[model], "Layer": layer}
            rows.append({**named, **cells, **sizes})
    shown = pd.DataFrame(rows, columns=["Region", "Model", "Layer", *HEADINGS.values(), *SIZES])
    return f"{to_markdown(shown, [*HEADINGS.values(), *SIZES])}\n\n{_note(table)}"


def _cells(rows: pd.DataFrame, *columns_and_form: str) -> dict[str, str]:
    """Return the cell of each measure: columns of its row in a form, a dash if one is unknown."""
    *columns, form = columns_and_form
    known = rows[columns].notna().all(axis=1)
    return {
        HEADINGS[measure]: form.format(*values) if is_known else "–"
        for measure, values, is_known in zip(
            rows["measure"], rows[columns].to_numpy(float), known, strict=True
        )
    }


def _note(table: pd.DataFrame) -> str:
    split = {"folds": "test stimuli of all folds"}.get(
        table["split"].iloc[0], f"{table['split'].iloc[0]} stimuli"
    )
    return (
        f"All measures are of the {split}. Larger is more similar, but for the Procrustes distance."
        " Intervals are 95 %, over stimuli and sites; those of features predicted from sites are"
        " over stimuli. CKA of few stimuli is too high for layers with many features, the debiased"
        " one is not. Noise ceilings: the similarity of two halves of the trials (lower), and of a"
        " half and all trials (upper)."
    )
