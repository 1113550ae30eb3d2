"""Tables on disk: CSV files that are whole or not there, with the same bytes for the same table."""

from pathlib import Path

import pandas as pd

from ventral.store import write_aside

DIGITS = "%.10g"


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table with ten significant digits; what is not defined is an empty field."""
    with write_aside(path) as aside:
        table.to_csv(aside, index=False, float_format=DIGITS, lineterminator="\n")


def read_csv(path: str | Path) -> pd.DataFrame:
    """Read a table of `write_csv`: only an empty field is missing, for a site may be named "NA"."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])
