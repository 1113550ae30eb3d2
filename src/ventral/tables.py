"""Tables on disk: CSV files that are whole or not there, with the same bytes for the same table."""

from pathlib import Path

import pandas as pd

from ventral.store import write_aside

DIGITS = "%.10g"


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table with ten significant digits."""
    with write_aside(path) as aside:
        table.to_csv(aside, index=False, float_format=DIGITS, lineterminator="\n")
