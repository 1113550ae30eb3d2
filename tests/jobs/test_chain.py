"""Links between results: which hold, and what is said of those that do not."""

import json
import logging
import os
import warnings
from pathlib import Path

import pytest

from helpers import Named
from ventral.errors import VentralError
from ventral.jobs.chain import Chain, Expected, check_chain, logical_path
from ventral.jobs.job import job
from ventral.storage.lineage import first_difference, read_record

SETTINGS = {"alpha": [1.0, 2.0], "method": "ridge", "pca": {"n_components": 3}}


def run(made, inputs, outputs, settings=None, expected=None, code="c0"):
    """Run a job that writes its name and the content of what it reads."""
    params = Named(settings=settings or SETTINGS, code=code)
    if expected is not None:
        params["expected"] = expected
    step = Named(
        rule="step",
        params=params,
        input=inputs,
        output=Named({str(n): o for n, o in enumerate(outputs)}, lineage=made),
        log=["log.txt"],
    )
    step["output"] = Outputs(step["output"])
    with job(step):
        content = [Path(path).read_text() for path in inputs]
        for output in outputs:
            Path(output).write_text(f"{output} of {content} {params['settings']}")


class Outputs(dict):
    """Iterates over paths, as Snakemake's named lists do."""

    def __iter__(self):
        return iter(self.values())


@pytest.fixture(autouse=True)
def logging_as_it_was():
    root, shown = logging.getLogger(), warnings.formatwarning
    handlers, level = list(root.handlers), root.level
    yield
    logging.captureWarnings(False)
    warnings.formatwarning = shown
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a folder with a chain: a user's file, a store, its scores, a table."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text("1")
    run("fit.lineage", ["mine.csv"], ["fit.json"])
    run("scores.lineage", ["fit.json"], ["scores.csv"])
    run("table.lineage", ["scores.csv"], ["table.csv"])
    return tmp_path


def expected(**changes):
    """Return what is expected of the chain; changes: of the fit."""
    of = {
        "fit.lineage": Expected({"settings": SETTINGS}, "c0", ["mine.csv"], ["fit.json"]),
        "scores.lineage": Expected({"settings": SETTINGS}, "c0", ["fit.json"], ["scores.csv"]),
        "table.lineage": Expected({"settings": SETTINGS}, "c0", ["scores.csv"], ["table.csv"]),
    }
    of["fit.lineage"] = of["fit.lineage"]._replace(**changes)
    return of


def broken(**changes):
    return dict(Chain(expected(**changes)).broken())


def test_a_chain_that_holds(project):
    assert broken() == {}
    check_chain(expected(), ["table.csv"])
    integers = {"alpha": [1, 2], "method": "ridge", "pca": {"n_components": 3.0}}
    assert broken(settings={"settings": integers}) == {}


def test_a_project_elsewhere_is_believed(project, monkeypatch):
    monkeypatch.chdir(project.rename(project.with_name("elsewhere")))
    assert broken() == {}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"settings": {"settings": {**SETTINGS, "pca": {"n_components": 4}}}},
            "other settings than the config's: settings.pca.n_components",
        ),
        ({"settings": {"settings": {**SETTINGS, "alpha": [1.0]}}}, "settings.alpha"),
        ({"code": "c1"}, "it was made with other code"),
        ({"inputs": ["other.csv"]}, "from other files: mine.csv"),
        ({"outputs": ["fit.json", "more.csv"]}, "names other outputs"),
    ],
)
def test_what_the_config_says_now(project, changes, reason):
    found = broken(**changes)
    assert list(found) == ["fit.lineage"]
    assert reason in found["fit.lineage"]


def test_files_that_were_replaced(project):
    (project / "mine.csv").write_text("2")
    os.utime(project / "mine.csv", (1, 1))
    assert broken() == {"fit.lineage": "its input mine.csv has been replaced"}
    (project / "mine.csv").write_text("1")
    assert broken() == {}
    (project / "mine.csv").unlink()
    assert "mine.csv cannot be read" in broken()["fit.lineage"]


def test_a_store_of_another_config_in_its_place(project):
    run("fit.lineage", ["mine.csv"], ["fit.json"], settings={"alpha": [3.0]})
    found = broken()
    assert found["scores.lineage"] == "its input fit.json has been replaced"
    assert "other settings" in found["fit.lineage"]


def test_lost_records_and_outputs(project):
    (project / "fit.lineage").unlink()
    found = broken()
    assert found["fit.lineage"] == "there is no record of what it was made from"
    assert "no record of what its input fit.json" in found["scores.lineage"]
    (project / "fit.json").unlink()  # as after a job that failed: the plan sees that it is missing
    assert list(broken()) == ["scores.lineage"]
    (project / "scores.lineage").write_text("{")
    assert "scores.lineage" in broken()


def test_only_what_is_behind_a_file_is_checked(project):
    (project / "table.lineage").unlink()
    check_chain(expected(), ["scores.csv"])
    with pytest.raises(VentralError, match=r"rm -f table.lineage$"):
        check_chain(expected(), ["table.csv"])


def test_a_job_refuses_what_is_not_of_the_config(project):
    stale = expected(code="c1")
    with pytest.raises(SystemExit):
        run("table.lineage", ["scores.csv"], ["table.csv"], expected=stale)
    assert "fit.lineage: it was made with other code" in (project / "log.txt").read_text()
    assert (
        "Remove their records and run again: rm -f fit.lineage" in (project / "log.txt").read_text()
    )


def test_a_job_refuses_an_input_that_its_maker_did_not_write(project):
    (project / "fit.json").write_text("by hand")
    with pytest.raises(SystemExit):
        run("scores.lineage", ["fit.json"], ["scores.csv"])
    assert "fit.json is not what the job that made it wrote" in (project / "log.txt").read_text()


def test_a_record_is_written_whole_or_not_at_all(project):
    before = (project / "scores.lineage").read_bytes()
    with pytest.raises(SystemExit):
        run("scores.lineage", ["fit.json"], ["missing/folder/scores.csv"])
    assert (project / "scores.lineage").read_bytes() == before
    assert not list(project.glob(".*"))
    record = read_record(project / "scores.lineage")
    assert json.loads(json.dumps(record.settings)) == {"settings": SETTINGS}
    assert record.packages["numpy"]


def test_the_path_of_a_copy_on_a_nodes_own_disk(project):
    assert logical_path(f"/scratch/7/fs{project}/a/b.json") == "a/b.json"
    assert logical_path("a/b.json") == "a/b.json"


@pytest.mark.parametrize(
    ("made_with", "wanted", "key"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 1.0}}, None),
        ({"a": 1}, {"b": 1}, "a"),
        ({"a": [1, {"c": 2}]}, {"a": [1, {"c": 3}]}, "a.c"),
        ({"a": (1, 2)}, {"a": [1, 2]}, None),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "order"),  # of models, say, which tables follow
        ({"a": None}, {"a": 0}, "a"),
    ],
)
def test_the_key_that_differs_is_named(made_with, wanted, key):
    assert first_difference(made_with, wanted) == key
