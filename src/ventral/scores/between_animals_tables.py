"""What tables and figures say of the predictions between animals."""

import pandas as pd

from ventral.scores.between_animals import ALL
from ventral.storage.tables import to_markdown

MEAN, LOW, HIGH = (f"explained_variance_{name}" for name in ("mean", "low", "high"))
NUMERIC = [
    "Sites",
    "Source sites",
    "Stimuli",
    "Explained Variance",
    "Median",
    "Corrected for noise",
    "Pearson r",
    "Ceiling",
]
NOTHING = (
    "No region has sites of two animals with names, so none can be predicted from another. Name the"
    " animals of the sites, or set `between_animals: false` at the data set."
)
NOTE = (
    "Each animal's sites are predicted from the sites of all other animals in the region, by ridge"
    " regression on the train stimuli (penalty by leave-one-out, as Ridge CV of models). Scores are"
    " means over sites; intervals are 95 %, over stimuli and sites. The sites that predict are"
    " averages of few trials: their noise makes every number a lower bound, and it is not corrected"
    ' for. "Corrected for noise" and the ceiling are of the noise of the predicted sites.'
)
DISJOINT = "Without a score: animals that share too few train or test stimuli with the others."


def markdown_of(table: pd.DataFrame) -> str:
    """Return the table as Markdown, with the note that it needs.

    Parameters
    ----------
    table : DataFrame
        Of `ventral.scores.between_animals.score_between_animals`.

    Returns
    -------
    str
        A sentence alone if no region has two animals.
    """
    if table.empty:
        return NOTHING
    scored = table.reindex(columns=[*table.columns, *_missing(table)])
    shown = pd.DataFrame(
        {
            "Region": scored["region"],
            "Predicted": scored["animal"],
            "Split": scored["split"].fillna("").replace("", "–"),
            "Sites": _whole(scored["n_sites"]),
            "Source sites": _whole(scored["n_source_sites"]),
            "Stimuli": _whole(scored["n_stimuli"]),
            "Explained Variance": scored[MEAN],
            "95% interval": [
                "–" if low != low else f"[{low:.3f}, {high:.3f}]"
                for low, high in zip(scored[LOW], scored[HIGH], strict=True)
            ],
            "Median": scored["explained_variance_median"],
            "Corrected for noise": scored["explained_variance_corrected_ratio"],
            "Pearson r": scored["pearson_r_mean"],
            "Ceiling": scored["ceiling_median"],
        },
        dtype=object,
    )
    note = f"{NOTE} {DISJOINT}" if scored[MEAN].isna().any() else NOTE
    return f"{to_markdown(shown, NUMERIC)}\n\n{note}"


def of_region(table: pd.DataFrame, region: str, split: str) -> pd.Series | None:
    """Return the row of all animals of a region, or None if there is none.

    Parameters
    ----------
    table : DataFrame
        ``tables/between_animals.csv``.
    region, split : str
        Which row.
    """
    rows = table[(table["region"] == region) & (table["split"] == split)]
    rows = rows[rows["animal"] == ALL]
    if rows.empty or rows[MEAN].isna().all():
        return None
    return rows.iloc[0]


def sentence_of(table: pd.DataFrame, split: str) -> str:
    """Return the sentence on other animals under a table of models; "" if there is no score.

    Parameters
    ----------
    table : DataFrame
        ``tables/between_animals.csv``.
    split : str
        The split whose scores the table of models shows.
    """
    found = [(region, of_region(table, region, split)) for region in table["region"].unique()]
    scores = [
        f"{row[MEAN]:.3f} [{row[LOW]:.3f}, {row[HIGH]:.3f}] of {region}"
        for region, row in found
        if row is not None
    ]
    if not scores:
        return ""
    return (
        "The sites of the other animals, read out in the same way, explain"
        f" {' and '.join(scores)} (mean over sites; a lower bound, for the noise of these sites)."
    )


def _missing(table: pd.DataFrame) -> list[str]:
    wanted = [
        *(MEAN, LOW, HIGH),
        "explained_variance_median",
        "explained_variance_corrected_ratio",
        "pearson_r_mean",
        "ceiling_median",
    ]
    return [name for name in wanted if name not in table]


def _whole(counts: pd.Series) -> list[str]:
    return ["–" if count != count else f"{count:.0f}" for count in counts.astype(float)]
