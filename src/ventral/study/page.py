"""Which tables the results page is made of.

A new table is one line of `TABLES`; what is made of it, one section of `ventral.page.sections`.
"""

from collections.abc import Callable, Iterable

from ventral.study.study import Study

TABLES: dict[str, tuple[str, Callable[[Study], Iterable[str]]]] = {
    "summary": ("summary.csv", lambda study: study.scored),
    "scores": ("scores.csv", lambda study: study.scored),
    "comparisons": ("tables/comparisons.csv", lambda study: study.datasets_with_pairs),
    "training": ("tables/training.csv", lambda study: study.datasets_with_training),
    "classification": ("tables/classification.csv", lambda study: study.datasets_with_training),
    "sweeps": ("tables/sweeps.csv", lambda study: study.datasets_with_sweeps),
    "similarity": ("tables/similarity.csv", lambda study: study.datasets_with_similarity),
    "spectra": ("tables/spectra.csv", lambda study: study.datasets_with_spectra),
    "references": ("tables/reference_check.csv", lambda study: study.datasets_with_references),
    "dissimilarities": (
        "tables/dissimilarities.csv",
        lambda study: study.datasets_with_dissimilarities,
    ),
}
"""Of each kind of table: where it is in the folder of a data set, and which data sets have it."""

REGIONS = "regions"
"""The table over all data sets, which belongs to none of them."""
EPOCHS = "epochs"
"""The table of the epochs of one trained model."""


def tables_of_page(study: Study) -> list[tuple[list[str], str]]:
    """Return every table of the results page.

    Parameters
    ----------
    study : Study

    Returns
    -------
    list of tuple
        Data set, kind and model of a table, the last two empty where there is none; and its path in
        the folder of results. Data sets are in the order of the config, pools last.

    """
    tables = []
    if study.datasets_with_responses:
        tables.append((["", REGIONS, ""], "summary_by_region.csv"))
    for dataset in (*study.datasets, *study.pools):
        for kind, (path, datasets) in TABLES.items():
            if dataset in datasets(study):
                tables.append(([dataset, kind, ""], f"{dataset}/{path}"))
        if dataset in study.datasets_with_training:
            for model in study.trained_models(dataset):
                path = f"{dataset}/checkpoints/{model.name}.training.csv"
                tables.append(([dataset, EPOCHS, model.name], path))
    return tables
