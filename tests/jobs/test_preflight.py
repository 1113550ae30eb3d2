"""What is asked before any job starts: files first, then all architectures in one process."""

import json
import subprocess
from pathlib import Path

import pytest

from ventral.errors import VentralError
from ventral.jobs.preflight import ask, description
from ventral.jobs.preflight.architecture import describe
from ventral.jobs.preflight.ask import ask_architectures
from ventral.jobs.preflight.check_layers import check_layers_of_models
from ventral.jobs.preflight.check_paths import check_paths
from ventral.jobs.preflight.description import describe_model, describe_models
from ventral.storage.provenance import builder_packages

SOURCE = Path(__file__).parents[2] / "src"
OWN = {
    "talks.py": "import sys\nfrom torch import nn\nprint('{\"layers\": []}', flush=True)\n"
    "print('more', file=sys.stderr)\nwhole = input\ndef net():\n    print(1)\n"
    "    return nn.Sequential(nn.ReLU())\n",
    "ends.py": "import sys\nsys.exit(0)\n",
    "dies.py": "import os, sys\nprint('out of luck', file=sys.stderr, flush=True)\nos._exit(3)\n",
    "hangs.py": "import time\ntime.sleep(600)\n",
    "asks.py": "input()\n",
}


def entry(architecture, **more):
    return {
        "architecture": architecture,
        "arguments": {},
        "weights": None,
        "preprocessing": {"size": 64},
        "taps": {},
        **more,
    }


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Write the modules of a user, and keep the cache in a folder of its own."""
    folder = tmp_path / "own"
    folder.mkdir()
    for name, text in OWN.items():
        (folder / name).write_text(text)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(description, "_found", {})
    return folder


@pytest.fixture
def processes(monkeypatch):
    """Count the processes that are started."""
    started = []

    class Counted(subprocess.Popen):
        def __init__(self, command, **how):
            started.append(command)
            super().__init__(command, **how)

    monkeypatch.setattr(ask.subprocess, "Popen", Counted)
    return started


def test_one_bad_architecture_does_not_spoil_the_others(own, processes):
    names = ("talks:net", "ends:net", "dies:net", "alexnett", "hangs:net", "asks:net", "alexnet")
    questions = [{"architecture": name, "size": 64} for name in names]
    answers = ask_architectures(questions, [SOURCE], [own], seconds=10)
    talks, *bad, alexnet = answers
    assert alexnet == describe("alexnet", size=64)
    assert talks["layers"] == ["0"]
    for name, error, reason in zip(
        names[1:-1],
        bad,
        (
            "SystemExit: 0",
            "its process ended with status 3: out of luck",
            "did you mean 'alexnet'",
            "it gave no answer in 10 s",
            "EOFError",
        ),
        strict=True,
    ):
        assert isinstance(error, VentralError)
        assert repr(name) in str(error) and reason in str(error)
    assert len(processes) == 3  # the first, and one after each that brought it down


def test_torch_that_cannot_be_imported(own, tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('no such library')\n")
    with pytest.raises(VentralError, match=r"torch cannot be imported: .*no such library"):
        ask_architectures([{"architecture": "alexnet"}] * 3, [tmp_path, SOURCE])


def test_models_of_one_architecture_are_one_question(own, processes):
    trained = entry("squeezenet1_1", training={"trainable": ["classifier.*"]})
    seeds = [entry("squeezenet1_1", seed=seed) for seed in range(300)]
    entries = [*seeds, trained, entry("talks:net"), entry("no_such:net")]
    found = describe_models(entries, SOURCE, [own])
    assert len(processes) == 1
    assert all(one == found[0] for one in found[:300]) and "classifier.1" in found[0]["layers"]
    assert found[300]["training_bytes"] < found[0]["training_bytes"]
    assert found[301]["layers"] == ["0"] and "cannot be imported" in str(found[302])
    # Known from now on, in this process and in the next; an error is asked about again.
    assert describe_models(entries[:302], SOURCE, [own]) == found[:302]
    description._found.clear()
    assert describe_models(entries[:302], SOURCE, [own], ask=False) == found[:302]
    assert len(processes) == 1
    with pytest.raises(VentralError, match="no_such"):
        describe_model(entries[302], SOURCE, [own])
    assert len(processes) == 2


def test_the_cache_is_asked_again_after_a_change(own, processes):
    net = entry("talks:net")
    assert describe_model(net, SOURCE, [own], ask=False) is None
    assert describe_model(net, SOURCE, [own])["layers"] == ["0"]
    (own / "talks.py").write_text(OWN["talks.py"].replace("nn.ReLU()", "nn.ReLU(), nn.ReLU()"))
    assert describe_model(net, SOURCE, [own])["layers"] == ["0", "1"]
    (own / "talks.py").write_text(OWN["talks.py"])
    assert describe_model(net, SOURCE, [own])["layers"] == ["0"]
    assert len(processes) == 2


def test_a_cache_that_cannot_be_written_or_read(own, tmp_path):
    (tmp_path / "cache").write_text("a file")
    assert describe_model(entry("talks:net"), SOURCE, [own])["layers"] == ["0"]
    (tmp_path / "cache").unlink()
    description._found.clear()
    assert describe_model(entry("talks:net"), SOURCE, [own])["layers"] == ["0"]
    (kept,) = (tmp_path / "cache/ventral/architectures").iterdir()
    kept.write_text("{")
    description._found.clear()
    assert describe_model(entry("talks:net"), SOURCE, [own], ask=False) is None
    assert describe_model(entry("talks:net"), SOURCE, [own])["layers"] == ["0"]
    assert json.loads(kept.read_text())["layers"] == ["0"]


def test_packages_that_a_network_is_built_with():
    assert builder_packages("resnet50").keys() == {"torch", "torchvision"}
    assert builder_packages("timm:create_model").keys() == {"torch", "timm"}
    assert builder_packages("yaml.reader:Reader").keys() == {"torch", "PyYAML"}
    assert builder_packages("my_networks:small").keys() == {"torch"}


def test_layers_that_a_model_does_not_have(own):
    models = {
        "one": entry("talks:net", taps={"main": ["0", "O"]}),
        "two": entry("talks:net", taps={"main": ["0"]}, training={"head": {"layer": "1"}}),
        "three": entry("ends:net"),
        "four": entry("talks:net", taps={"main": ["0"]}),
    }
    with pytest.raises(VentralError) as error:
        check_layers_of_models(models, SOURCE, [own])
    complaints = str(error.value).splitlines()[1:]
    assert [line.split(":")[1].strip() for line in complaints] == ["one", "two", "three"]
    assert "taps: main: layer 'O' is unknown" in complaints[0]
    assert "head: layer '1' is unknown" in complaints[1]


def test_paths_that_do_not_exist(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("responses.csv", "images", "net.pt"):
        Path(name).touch()
    files = {"responses": {"path": "responses.csv"}, "sites": {"name": "s.csv", "sha256": "0"}}
    config = {
        "datasets": {
            "mine": {
                "stimuli": {"files": {"images": {"path": str(tmp_path / "images")}}},
                "responses": {"files": files},
            },
            "simulated": {"stimuli": {}, "responses": {}},
        },
        "models": {
            "net": entry("resnet18", weights={"path": "net.pt"}),
            "random": entry("resnet18"),
            "pretrained": entry("resnet18", weights="IMAGENET1K_V1"),
        },
    }
    check_paths(config)
    files["responses"]["path"] = "respones.csv"
    config["models"]["net"]["weights"]["path"] = "nowhere/net.pt"
    config["models"]["net_of_a_sweep"] = config["models"]["net"]
    with pytest.raises(VentralError) as error:
        check_paths(config)
    first, *complaints = str(error.value).splitlines()
    assert str(tmp_path) in first
    assert complaints == [
        "  datasets: mine: responses: files: responses: path: 'respones.csv' does not exist;"
        " did you mean 'responses.csv'?",
        "  models: net: weights: path: 'nowhere/net.pt' does not exist;"
        " the folder 'nowhere' does not exist either",
    ]
