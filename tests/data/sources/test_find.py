"""Sources are found by name without running their code, and are checked by their own schema."""

import re
import subprocess
import sys
from importlib import metadata

import pytest
import yaml

from toy_project import ROOT
from ventral.data.sources import find_source, known_sources, load_source
from ventral.errors import VentralError
from ventral.jobs.reader_digest import reader_digest
from ventral.jobs.resources.dataset_size import dataset_size
from ventral.study.check_config import check_config
from ventral.study.entries import Dataset

PACKAGE = ROOT / "src" / "ventral"
READER = """
from {helper} import VALUE
raise SystemExit("a plan must not import this")
"""
SCHEMA = {
    "x-source": {
        "labels": ["object"],
        "counts": {
            "stimuli": {"sum": [{"product": [3, "stimuli.per_object"]}, 100]},
            "sites": "responses.n_sites",
            "repetitions": "responses.no_such_setting",
        },
    },
    "properties": {
        "stimuli": {
            "additionalProperties": False,
            "properties": {
                "per_object": {"type": "integer", "default": 7},
                "files": {"properties": {"images": {"$ref": "file.schema.yaml"}}},
                "fit": {"$ref": "#/$defs/fit"},
            },
        },
        "responses": {"properties": {"n_sites": {"type": "integer"}}},
    },
    "$defs": {
        "fit": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"bars": {"enum": ["grey", "black"], "default": "grey"}},
        }
    },
}


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))


def write_source(folder, form="folder", name="my_lab", helper="my_helper", schema=SCHEMA):
    """Write a source whose reader ends the process that imports it."""
    write(folder / f"{helper}.py", "VALUE = 1\n")
    reader, of_schema = {
        "folder": (f"{name}/reader.py", f"{name}/schema.yaml"),
        "module": (f"{name}.py", f"{name}.schema.yaml"),
    }[form]
    write(folder / reader, READER.format(helper=helper))
    write(folder / of_schema, schema)
    return folder / reader


def config(**entry):
    return {
        "datasets": {"mine": {"source": "my_lab", **entry}},
        "models": {"pixels": {"architecture": "pixels", "taps": {"main": ["pixels"]}}},
        "readouts": {"linear": {"method": "linear", "features": "pcs"}},
    }


def checked(folder, **entry):
    filled = config(**entry)
    check_config(filled, ROOT / "workflow" / "schemas", [folder])
    return filled["datasets"]["mine"]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Give a folder of installed packages with a source; its code is not a user's own."""
    folder = tmp_path / "site-packages"
    write_source(folder / "their_lab", "folder", "recordings", helper="their_helper")
    write(folder / "their_lab" / "__init__.py", 'raise SystemExit("a plan must not import this")')
    details = folder / "their_lab-1.2.dist-info"
    write(details / "METADATA", "Metadata-Version: 2.1\nName: their-lab\nVersion: 1.2\n")
    write(details / "entry_points.txt", "[ventral.sources]\ntheirs = their_lab.recordings\n")
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.mark.parametrize("form", ["folder", "module"])
def test_a_source_of_ones_own_is_found_and_not_imported(tmp_path, form):
    reader = write_source(tmp_path, form)
    source = find_source("my_lab", [tmp_path / "elsewhere", tmp_path])
    assert source.reader_file == reader
    assert source.module == ("my_lab.reader" if form == "folder" else "my_lab")
    assert source.labels == ("object",)
    assert not source.simulated
    assert known_sources([tmp_path])[-1] == "my_lab"
    assert reader_digest("my_lab", PACKAGE, [tmp_path])
    checked(tmp_path)


def test_finding_imports_nothing_heavy():
    code = "import sys, ventral.data.sources, ventral.jobs.reader_digest; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert not {b"torch", b"pandas", b"zarr", b"numpy"}.intersection(done.stdout.split())


@pytest.mark.parametrize("form", ["folder", "module"])
def test_content_decides_what_runs_again(tmp_path, form):
    reader = write_source(tmp_path, form)
    digests = [reader_digest("my_lab", PACKAGE, [tmp_path])]
    write(tmp_path / "my_helper.py", "# why\nVALUE = 1\n")
    assert reader_digest("my_lab", PACKAGE, [tmp_path]) == digests[0]
    write(tmp_path / "my_helper.py", "VALUE = 2.5\n")
    digests.append(reader_digest("my_lab", PACKAGE, [tmp_path]))
    reader.write_text(reader.read_text() + "more = 1\n")
    digests.append(reader_digest("my_lab", PACKAGE, [tmp_path]))
    assert len(set(digests)) == 3
    reader.write_text("def read_stimuli(:\n")
    with pytest.raises(VentralError, match=rf"source 'my_lab': .*{reader.name}, line 1"):
        reader_digest("my_lab", PACKAGE, [tmp_path])


def test_digests_of_ventrals_own_sources_differ():
    names = known_sources()
    ours = {"simulated", "cowley_v4", "nx414", "files", "rdm", "majajhong2015", "nwb", "tvsd"}
    assert ours == set(names)
    assert len({reader_digest(name, PACKAGE, []) for name in names}) == len(names)


def test_an_entry_point_is_found_and_known_by_its_version(tmp_path, installed):
    source = find_source("theirs")
    assert source.schema_file == installed / "their_lab" / "recordings" / "schema.yaml"
    assert source.module == "their_lab.recordings.reader"
    assert "their_lab" not in sys.modules
    assert reader_digest("theirs", PACKAGE, [tmp_path]) == "their-lab 1.2"
    in_a_checkout = reader_digest("theirs", PACKAGE, [installed])
    assert re.fullmatch("[0-9a-f]{16}", in_a_checkout)
    assert "theirs" in known_sources()
    assert metadata.version("their-lab") == "1.2"
    write(installed / "their_lab" / "__init__.py", "")
    write(source.reader_file, "def read_stimuli(): ...\n\ndef read_responses(): ...\n")
    assert load_source("theirs").read_stimuli() is None
    (installed / "their_lab" / "recordings" / "schema.yaml").unlink()
    with pytest.raises(VentralError, match=r"entry point of their-lab 1\.2.*no reader\.py"):
        find_source("theirs")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my_lb", r"'my_lb' is unknown; did you mean 'my_lab'\? There is cowley_v4, .*my_lab\. A"),
        ("simulate", r"did you mean 'simulated'\?"),
        ("half", r"half/reader\.py has no schema\.yaml beside it"),
        ("other_half", r"other_half/schema\.yaml has no reader\.py beside it"),
        ("alone", r"alone\.py has no alone\.schema\.yaml beside it"),
        ("no.such..name", "is unknown"),
    ],
)
def test_an_unknown_source_is_refused(tmp_path, name, message):
    write_source(tmp_path)
    write(tmp_path / "half" / "reader.py", "")
    write(tmp_path / "other_half" / "schema.yaml", SCHEMA)
    write(tmp_path / "alone.py", "")
    with pytest.raises(VentralError, match=message) as error:
        find_source(name, [tmp_path])
    assert f"(searched: {tmp_path})" in str(error.value)
    assert "entry point of the group ventral.sources" in str(error.value)
    with pytest.raises(VentralError, match=r"  datasets: mine: source: .* is unknown"):
        checked(tmp_path, source=name)


def test_what_a_source_declares_predicts_the_size(tmp_path):
    write_source(tmp_path)
    entry = checked(tmp_path, responses={"n_sites": 5})
    source = find_source(entry["source"], [tmp_path])
    size = dataset_size(tmp_path, Dataset("mine", (), frozenset(), source, entry))
    assert (size.stimuli, size.sites, size.known) == (121, 5, True)
    assert size.repetitions == type(size)().repetitions


def test_defaults_are_filled_in_behind_references(tmp_path):
    write_source(tmp_path)
    filled = checked(tmp_path, stimuli={"fit": {}})
    assert filled["stimuli"] == {"fit": {"bars": "grey"}, "per_object": 7}
    assert filled["responses"] == {}
    assert filled["split"]["method"] == "given"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"stimuli": {"per_object": "7"}}, "mine: stimuli: per_object: must be a whole number"),
        ({"stimuli": {"per_objects": 7}}, "did you mean 'per_object'"),
        ({"stimuli": {"fit": {"bars": "red"}}}, "mine: stimuli: fit: bars: 'red' is unknown"),
        ({"stimuli": {"files": {"images": {"url": "https://x/y"}}}}, "images: .* sha256 or sha1"),
        ({"responses": 3}, "mine: responses: must be a mapping of keys"),
        ({"responses": {"files": {"any": {"paht": "x"}}}}, "any: .*did you mean 'path'"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, entry, message):
    write_source(tmp_path)
    with pytest.raises(VentralError, match=f"datasets: .*{message}"):
        checked(tmp_path, **entry)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x-source": {"label": []}}, r"x-source: label: unknown key; did you mean 'labels'"),
        ({"x-source": {"counts": {"sites": -1}}}, "counts: sites: -1 is none of: a whole number"),
        ({"type": "objekt"}, "type: not a valid JSON schema: 'objekt'"),
        ({"properties": {"stimuli": {"$ref": "fil.schema.yaml"}}}, r"'fil\.schema\.yaml' does not"),
        ({"properties": {"stimuli": {"items": {"$ref": "#/a"}}}}, None),
        ("- a list", "must be a mapping of keys"),
        ("a: [", "cannot be read as YAML"),
    ],
)
def test_a_wrong_schema_is_refused(tmp_path, change, message):
    schema = change if isinstance(change, str) else {**SCHEMA, **change}
    write_source(tmp_path, schema=schema)
    if message is None:  # what no value reaches is not looked up
        checked(tmp_path)
        return
    with pytest.raises(VentralError, match=rf"schema\.yaml.*{message}"):
        checked(tmp_path)


def test_classification_needs_a_label_that_the_source_declares(tmp_path):
    write_source(tmp_path)
    wrong = config()
    wrong["models"]["net"] = {
        "architecture": "resnet18",
        "taps": {"main": ["layer1"]},
        "training": {"task": "classification", "target": "category"},
    }
    with pytest.raises(VentralError, match="stimuli of data set 'mine' have no category to learn"):
        check_config(wrong, ROOT / "workflow" / "schemas", [tmp_path])
    wrong["models"]["net"]["training"]["target"] = "object"
    check_config(wrong, ROOT / "workflow" / "schemas", [tmp_path])


@pytest.mark.parametrize("source", ["files", "cowley_v4", "nx414", "majajhong2015", "tvsd"])
def test_every_file_may_have_a_sha1(source):
    name = {"nx414": "data"}.get(source, "images")
    file = {"name": "recorded.zip", "sha1": 40 * "0"}
    wrong = config(source=source, stimuli={"files": {name: {**file, "sha1": "x"}}})
    with pytest.raises(VentralError, match=f"files: {name}: sha1: 'x' does not match"):
        check_config(wrong, ROOT / "workflow" / "schemas")
    right = config(source=source, stimuli={"files": {name: file}})
    try:
        check_config(right, ROOT / "workflow" / "schemas")
    except VentralError as error:  # other files are missing
        assert "sha" not in str(error)


def test_loading_a_reader_explains_what_is_wrong(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    for name, code, message in [
        ("lab_lacking", "def read_stimuli(settings, files): ...", "no function 'read_responses'"),
        ("lab_importing", "import no_such_module", "cannot be imported: No module named"),
    ]:
        write(tmp_path / name / "reader.py", code)
        write(tmp_path / name / "schema.yaml", SCHEMA)
        with pytest.raises(VentralError, match=f"source {name!r}: .*{message}"):
            load_source(name)
    write(tmp_path / "json.py", "")
    write(tmp_path / "json.schema.yaml", SCHEMA)
    with pytest.raises(VentralError, match=r"imports .* under the name 'json' and not"):
        load_source("json")
    with pytest.raises(VentralError, match="source 'my_lb' is unknown"):
        load_source("my_lb")
