"""Of two writers of one output, the one that started last wins, whichever ends last."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ventral
from ventral.errors import VentralError
from ventral.figures.style import placeholder, save
from ventral.storage.atomic import write_aside, write_json
from ventral.storage.claims import Claim, claim_path, claimed
from ventral.storage.store import Store
from ventral.storage.store_writer import write_store
from ventral.storage.tables import write_csv
from ventral.training.checkpoint import write_checkpoint

SOURCE = Path(ventral.__file__).parents[1]


@pytest.fixture
def record(tmp_path):
    return tmp_path / "a.lineage"


def later_writer(record):
    """Start another writer, in another process as far as the claim can tell."""
    claim = Claim(claim_path(record))
    claim.take()
    return claim


LATER = """
import sys
import numpy as np
from ventral.storage.claims import claim_path, claimed
from ventral.storage.store_writer import write_store
store, record, packed = sys.argv[1:]
with claimed(claim_path(record), [store]):
    with write_store(store, packed=packed == "True") as writer:
        writer.put("x", np.full(3, 2.0), ("stimulus",))
"""


@pytest.mark.parametrize("packed", [True, False])
def test_an_older_writers_store_is_discarded(tmp_path, record, packed):
    store = tmp_path / "a.zarr"
    with (
        claimed(claim_path(record), [store]),
        pytest.raises(VentralError, match="a newer run has started"),
        write_store(store, packed=packed) as writer,
    ):
        writer.put("x", np.full(3, 1.0), ("stimulus",))
        later = [sys.executable, "-c", LATER, str(store), str(record), str(packed)]
        subprocess.run(later, check=True, env={**os.environ, "PYTHONPATH": str(SOURCE)})
    np.testing.assert_array_equal(Store(store).read("x"), 2.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.zarr"]


WRITERS = {
    "csv": lambda path: write_csv(path, pd.DataFrame({"a": [1]})),
    "json": lambda path: write_json(path, {"a": 1}),
    "pt": lambda path: write_checkpoint(path, {"a": 1}),
    "svg": lambda path: save(placeholder("x"), path, path.with_suffix(".png")),
}


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("has_ended", [True, False])
def test_an_older_writers_file_is_discarded(tmp_path, record, ending, has_ended):
    output = tmp_path / f"a.{ending}"
    with claimed(claim_path(record), [output]):
        later = later_writer(record)
        output.write_text("the later one's")
        if has_ended:
            later.release()
        with pytest.raises(VentralError, match="a newer run has started"):
            WRITERS[ending](output)
    assert output.read_text() == "the later one's"
    assert claim_path(record).exists() != has_ended  # an older writer leaves the later one's claim


def test_the_last_writer_writes_and_leaves_no_claim(tmp_path, record):
    output = tmp_path / "a.csv"
    later_writer(record)  # of a job that was killed
    with claimed(claim_path(record), [output]), write_aside(output) as aside:
        aside.write_text("mine")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert output.read_text() == "mine"
