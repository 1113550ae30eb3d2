"""Of a sweep, figures of similarity show the variant that was committed, by its entry's name."""

import pandas as pd


def at_committed(similarity: pd.DataFrame, summary: pd.DataFrame, readout: str) -> pd.DataFrame:
    """Name the entry of the config that each row is of.

    Parameters
    ----------
    similarity : DataFrame
        ``tables/similarity.csv`` of a data set.
    summary : DataFrame
        Returned by `ventral.scores.summary.commit_settings`.
    readout : str
        Whose committed variants are meant.

    Returns
    -------
    DataFrame
        With the new column ``entry``; variants of a sweep that lost keep their own name there,
        which is no entry of the config.
    """
    rows = summary["setting_committed"] & (summary["readout_entry"] == readout)
    committed = summary.loc[rows, ["region", "model", "model_entry"]].drop_duplicates()
    joined = similarity.merge(committed, on=["region", "model"], how="left")
    return joined.assign(entry=joined["model_entry"].fillna(joined["model"]))
