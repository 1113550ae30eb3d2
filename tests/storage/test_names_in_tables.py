"""Names come back from a table as they were written."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ventral.scores.summary import SCORE_COLUMNS, collect
from ventral.storage.tables import NAME_COLUMNS, read_csv, write_csv

UGLY = ["1.1", "1.10", "007", "7", "1e5", "nan", "NA", "true", "-0", "1_000", "é", "é", "0x10"]
UGLY += ["123456789012345678901", "inf", "None", "null", "#", "a,b", '"', " a", "2026-11-25"]
NAMES = st.one_of(
    st.sampled_from(UGLY),
    st.from_regex(r"[-+]?[0-9_.]{1,22}(e[0-9]{1,3})?", fullmatch=True),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1),
)


@given(st.lists(NAMES, min_size=1, max_size=30), st.sampled_from(NAME_COLUMNS))
@example(UGLY, "site_id")
@example(["0", "2"], "layer")
@example(["50"], "model")
def test_names_come_back_as_they_were(names, column):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_csv(path, pd.DataFrame({column: names, "r2": np.arange(len(names)) / 7}))
        table = read_csv(path)
    assert list(table[column]) == names
    np.testing.assert_allclose(table["r2"], np.arange(len(names)) / 7)


@pytest.mark.parametrize("name", ["1.10", "007", "NA"])
def test_names_survive_the_collection_of_scores(tmp_path, name):
    of_fit = pd.DataFrame(
        {column: [0.0] for column in SCORE_COLUMNS if column not in NAME_COLUMNS}
        | {column: [name] for column in ("region", "split", "layer", "site_id")}
    )
    write_csv(tmp_path / "one.csv", of_fit)
    write_csv(
        tmp_path / "scores.csv", collect([tmp_path / "one.csv"], [(name,) * 3], SCORE_COLUMNS)
    )
    again = read_csv(tmp_path / "scores.csv")
    for column in ("dataset", "region", "model", "layer", "readout", "split", "site_id"):
        assert list(again[column]) == [name], column


def test_every_text_column_of_the_summary_is_a_name():
    """A column of names that is missing from the list would be read as numbers some day."""
    texts = {"dataset", "region", "model", "layer", "readout", "split", "site_id"}
    assert texts <= set(NAME_COLUMNS)
    assert not set(SCORE_COLUMNS) - texts & set(NAME_COLUMNS)
