"""The notebook that reads results, on those of a finished project."""

import json

import numpy as np

import ventral
from helpers import ROOT

NOTEBOOK = json.loads((ROOT / "docs" / "read_results.ipynb").read_text())
CODE = ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def test_the_notebook_reads_scores_and_stores(finished, monkeypatch):
    monkeypatch.chdir(finished.folder)
    assert 'results = "results/simulated"' in CODE[0]
    assert any('"ridge_cv"' in cell for cell in CODE)
    names: dict = {}
    for cell in CODE:
        here = cell.replace("results/simulated", "results/first")
        exec(here.replace('"ridge_cv"', '"ridge_cv_pcs"'), names)
    scores = names["scores"]
    assert set(scores["model"]) == {"pixels", "net", "other", "tuned"}
    # What the notebook selects is what the scores are of.
    best, fit = names["best"], names["fit"]
    chosen = ventral.open_store(names["path"])["split"].to_numpy() == "test"
    pair = [
        names["responses"]["responses"].sel(site=best["site_id"]).to_numpy()[chosen],
        fit["predictions"].sel(site=best["site_id"]).to_numpy()[chosen],
    ]
    assert np.isclose(np.corrcoef(pair)[0, 1], best["pearson_r"])
    assert names["table"].notna().all(axis=None)
    assert list(names["table"]) == ["recorded", "predicted"]


def test_no_output_is_kept():
    for cell in NOTEBOOK["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
