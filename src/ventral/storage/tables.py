"""Tables on disk: CSV files that are whole or absent, with the same bytes for the same table."""

from pathlib import Path

import numpy as np
import pandas as pd

from ventral.storage.atomic import write_aside

DIGITS = "%.10g"
NAME_COLUMNS = (
    "dataset",
    "region",
    "model",
    "name",
    "layer",
    "other_model",
    "other_layer",
    "readout",
    "split",
    "stimulus_id",
    "site_id",
    "animal",
    "session",
    "object",
    "group",
    "category",
    "model_entry",
    "readout_entry",
    "setting",
    "committed_on",
    "task",
    "target",
    "start",
    "source",
    "measure",
)
"""Text in every table: the layer 0.10 is not 0.1, the site 007 not 7, the model 1e5 not 100000."""


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table with ten significant digits; what is not defined is an empty field.

    Parameters
    ----------
    path : str or Path
        Of the file.
    table : pandas.DataFrame
        Its index is not written.

    """
    with write_aside(path) as aside:
        table.to_csv(aside, index=False, float_format=DIGITS, lineterminator="\n")


def read_csv(path: str | Path) -> pd.DataFrame:
    """Read a table of `write_csv`: only an empty field is missing, for a site may be named "NA".

    Names are text (`NAME_COLUMNS`), even where all of them look like numbers.

    Parameters
    ----------
    path : str or Path
        Of the file.

    """
    return pd.read_csv(
        path, keep_default_na=False, na_values=[""], dtype=dict.fromkeys(NAME_COLUMNS, str)
    )


def write_markdown(path: str | Path, text: str) -> None:
    """Write a table in Markdown.

    Parameters
    ----------
    path : str or Path
        Of the file.
    text : str
        Of `to_markdown`.

    """
    with write_aside(path) as aside:
        aside.write_text(text + "\n", encoding="utf-8")


def to_markdown(table: pd.DataFrame, right: list[str] | None = None) -> str:
    """Return a table as Markdown, three decimals, a dash for what is not defined.

    Parameters
    ----------
    table : pandas.DataFrame
        Its index is not shown.
    right : list of str, optional
        Columns to align to the right; by default those of numbers.

    """
    if right is None:
        right = [str(name) for name in table.select_dtypes("number").columns]
    align = ["right" if name in right else "left" for name in table.columns]
    return table.map(_cell).to_markdown(
        index=False, disable_numparse=True, colalign=align if len(table) else None
    )


def intervals(low: pd.Series, high: pd.Series) -> list[str]:
    """Return the ends of intervals in brackets, a dash where one is not defined.

    Parameters
    ----------
    low, high : pandas.Series
        Of the same length.

    """
    return [
        "–" if np.isnan(start) or np.isnan(end) else f"[{start:.3f}, {end:.3f}]"
        for start, end in zip(low, high, strict=True)
    ]


def _cell(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return "✓" if value else ""
    if isinstance(value, float | np.floating):
        return "–" if np.isnan(value) else f"{value:.3f}"
    return str(value).replace("|", "\\|")
