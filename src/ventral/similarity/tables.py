"""The tables of similarity of a data set."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ventral.data.responses import Responses
from ventral.similarity.compare import FEATURES_FROM_SITES
from ventral.similarity.measure import MEASURES
from ventral.similarity.noise_ceilings import UNKNOWN, animal_ceilings, noise_ceilings
from ventral.similarity.population import populations
from ventral.similarity.standardised import RAW, scaled, scales_of
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
    "animal_ceiling_lower",
    "animal_ceiling_upper",
    "n_stimuli",
    "n_sites",
    "n_bootstrap",
    "n_components",
    "component_share",
]
SIZES = ("Stimuli", "Sites")
ENDS = {
    "noise ceilings, trials": ("noise_ceiling_lower", "noise_ceiling_upper"),
    "noise ceilings, animals": ("animal_ceiling_lower", "animal_ceiling_upper"),
}
"""The ceilings as the Markdown calls them, and their columns."""

CEILING_COLUMNS = ["region", "measure", *(column for ends in ENDS.values() for column in ends)]
HEADINGS = {
    "cka": "CKA",
    "cka_debiased": "CKA, debiased",
    "rsa_spearman": "RSA, Spearman",
    "rsa_cosine": "RSA, cosine",
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
    scale: str,
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
    scale : str
        Of the sites, as of `ventral.similarity.standardised.scales_of`.

    Returns
    -------
    DataFrame
        With `CEILING_COLUMNS`; NaN without trials, or without a second animal.
    """
    tables = []
    scales = scales_of(responses.average, scale)
    responses = scaled(responses, scale)
    animals = responses.sites["animal"].fillna("").astype(str).str.strip().to_numpy()
    for population in populations(responses, stimuli):
        ceilings = UNKNOWN
        if repeated is not None and len(population.sites):
            rows, trials = repeated
            place = np.searchsorted(rows, population.stimuli)
            place[place == len(rows)] = 0
            own = trials[np.ix_(place, population.sites)] if len(rows) else None
            if own is not None:
                own[rows[place] != population.stimuli] = np.nan
                ceilings = noise_ceilings(own / scales[population.sites][:, None], seed)
        values = responses.average[np.ix_(population.stimuli, population.sites)]
        between = animal_ceilings(values, animals[population.sites])
        columns = (population.region, MEASURES, *ceilings, *between)
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


def markdown_of(table: pd.DataFrame, names: Mapping[str, str], scale: str) -> str:
    """Return the table of similarity as Markdown: a row for each layer, a column for each measure.

    Parameters
    ----------
    table : DataFrame
        Of `collect_similarity`.
    names : mapping
        How each model is called, see `ventral.scores.reporting.variant_names`.
    scale : str
        Of the sites, as of `table_of_ceilings`.

    Returns
    -------
    str
        Values with their intervals in brackets, noise ceilings in rows of their own, and a note.
    """
    rows: list[dict[str, Any]] = []
    for region, here in table.groupby("region", sort=False):
        first = here.iloc[0]
        sizes = {"Stimuli": int(first["n_stimuli"]), "Sites": int(first["n_sites"])}
        for name, (lower, upper) in ENDS.items():
            if here[lower].notna().any():
                ends = here.drop_duplicates("measure")
                cells = _cells(ends, lower, upper, "{0:.3f} to {1:.3f}")
                rows.append({"Region": region, "Model": name, "Layer": "", **cells, **sizes})
        for key, of_layer in here.groupby(["model", "layer"], sort=False):
            model, layer = map(str, key)
            cells = _cells(of_layer, "value", "low", "high", "{0:.3f} [{1:.3f}, {2:.3f}]")
            named = {"Region": region, "Model": names[model], "Layer": layer}
            rows.append({**named, **cells, **sizes})
    shown = pd.DataFrame(rows, columns=["Region", "Model", "Layer", *HEADINGS.values(), *SIZES])
    return f"{to_markdown(shown, [*HEADINGS.values(), *SIZES])}\n\n{_note(table, scale)}"


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


def _note(table: pd.DataFrame, scale: str) -> str:
    split = {"folds": "test stimuli of all folds"}.get(
        table["split"].iloc[0], f"{table['split'].iloc[0]} stimuli"
    )
    unit = "as they are" if scale == RAW else "each in units of its own standard deviation"
    return (
        f"All measures are of the {split}; sites are {unit}. Larger is more similar, but for the"
        " Procrustes distance. Intervals are 95 %, over stimuli and sites; those of features"
        " predicted from sites are over stimuli. CKA of few stimuli is too high for layers with"
        " many features, the debiased one is not. Noise ceilings, trials: the similarity of two"
        " halves of the trials (lower), and of a half and all trials (upper). Noise ceilings,"
        " animals: of an animal's sites and those of the others (lower), and of them and those of"
        " all animals (upper)."
    )


def markdown_between_models(table: pd.DataFrame, names: Mapping[str, str]) -> str:
    """Return the similarity of models as Markdown: of each two models their most similar layers.

    Parameters
    ----------
    table : DataFrame
        Of `ventral.similarity.between_models.compare_models`.
    names : mapping
        As of `markdown_of`.

    Returns
    -------
    str
        A row for each pair of models, at the layers with the largest debiased CKA, with a note; a
        sentence alone if nothing is compared.
    """
    keys = ["model", "layer", "other_model", "other_layer"]
    chosen = table[(table["measure"] == "cka_debiased") & table["value"].notna()]
    if chosen.empty:
        return "There are no two models whose layers could be compared."
    best = chosen.loc[chosen.groupby(["model", "other_model"], sort=False)["value"].idxmax(), keys]
    rows = []
    for _, pair in best.merge(table, on=keys).groupby(keys, sort=False):
        first = pair.iloc[0]
        cells = _cells(pair, "value", "low", "high", "{0:.3f} [{1:.3f}, {2:.3f}]")
        two = {
            "Model": names[first["model"]],
            "Layer": first["layer"],
            "Other": names[first["other_model"]],
            "Its layer": first["other_layer"],
        }
        rows.append({**two, **cells, "Stimuli": int(first["n_stimuli"])})
    shown = pd.DataFrame(rows)
    numeric = [str(name) for name in shown if name in {*HEADINGS.values(), "Stimuli"}]
    note = (
        "Of each two models the layers that are most similar by debiased CKA; being the best of"
        " many, it is a little too high. Intervals are 95 %, over stimuli."
        " similarity_between_models.csv has all layers."
    )
    return f"{to_markdown(shown, numeric)}\n\n{note}"
