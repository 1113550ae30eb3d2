"""What is asked before any job starts: files first, then all architectures in one process."""

import copy
import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest

from ventral.data.image_folders import list_images
from ventral.errors import VentralError
from ventral.jobs.preflight import ask, description
from ventral.jobs.preflight.architecture import describe
from ventral.jobs.preflight.ask import ask_architectures
from ventral.jobs.preflight.check_components import check_components
from ventral.jobs.preflight.check_layers import check_layers_of_models
from ventral.jobs.preflight.check_paths import check_paths
from ventral.jobs.preflight.description import describe_model, describe_models
from ventral.storage.provenance import builder_packages
from ventral.study.check_config import check_config

SOURCE = Path(__file__).parents[2] / "src"
SCHEMAS = SOURCE.parent / "workflow" / "schemas"
SUM = "0" * 64
OWN = {
    "talks.py": "import sys\nfrom torch import nn\nprint('{\"layers\": []}', flush=True)\n"
    "print('more', file=sys.stderr)\nwhole = input\ndef net():\n    print(1)\n"
    "    return nn.Sequential(nn.ReLU())\n",
    "ends.py": "import sys\nsys.exit(0)\n",
    "dies.py": "import os, sys\nprint('out of luck', file=sys.stderr, flush=True)\nos._exit(3)\n",
    "hangs.py": "import time\ntime.sleep(600)\n",
    "asks.py": "input()\n",
}

PARTS = """
from torch import nn


class Turned(nn.Module):
    def forward(self, images):
        return images.transpose(0, 1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.unused, self.turned = nn.ReLU(), nn.ReLU(), Turned()
        self.flat = nn.Flatten()

    def forward(self, images):
        self.turned(images)
        return self.flat(self.used(images))
"""


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


@pytest.mark.parametrize("name", ["a{b}", "a<b>", "{a}{b}"])
def test_names_that_snakemake_reads_as_patterns(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for file in (f"{name}.csv", f"{name}.pt", "images/s{0.png", f"folder/{name}.png"):
        Path(file).parent.mkdir(exist_ok=True)
        Path(file).touch()
    config = {
        "datasets": {
            "mine": {
                "source": "files",
                "stimuli": {"image_size": 16, "files": {"images": {"path": "images"}}},
                "responses": {
                    "files": {
                        "responses": {"path": f"{name}.csv"},
                        "sites": {"url": f"https://example.org/{name}.h5", "sha256": "0" * 64},
                    }
                },
            }
        },
        "models": {
            "net": {
                "architecture": "resnet18",
                "weights": {"path": f"{name}.pt"},
                "taps": {"main": ["fc"]},
            }
        },
        "readouts": {"ridge_cv": {"method": "ridge_cv", "features": "pcs"}},
    }
    study = check_config(config, SCHEMAS)
    with pytest.raises(VentralError) as error:
        check_paths(study)
    complaints = str(error.value).splitlines()[1:]
    assert [f"{name}." in line and "rename it" in line for line in complaints] == [True] * 3
    with pytest.raises(VentralError, match=re.escape(f"images: image 'folder/{name}.png' has")):
        list_images({"images": {"path": "folder"}}, ["images"])
    # A bracket alone is no pattern.
    assert len(list_images({"images": {"path": "images"}}, ["images"])) == 1


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Return a config whose files exist, seen from the folder in which they lie."""
    monkeypatch.chdir(tmp_path)
    for name in ("responses.csv", "images/a.png", "net.pt", "more/b.txt"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(name)
    of_responses = {"responses": {"path": "responses.csv"}, "sites": {"name": "s", "sha256": SUM}}
    return {
        "datasets": {
            "mine": {
                "source": "files",
                "stimuli": {
                    "image_size": 16,
                    "files": {"images": {"path": str(tmp_path / "images")}},
                },
                "responses": {"files": of_responses},
            },
            "simulated": {"source": "simulated"},
        },
        "models": {
            "net": {
                "architecture": "resnet18",
                "weights": {"path": "net.pt"},
                "taps": {"main": ["fc"]},
            },
            "pretrained": {
                "architecture": "resnet18",
                "weights": "IMAGENET1K_V1",
                "taps": {"main": ["fc"]},
            },
        },
        "readouts": {"ridge_cv": {"method": "ridge_cv", "features": "pcs"}},
    }


def complaints_of(config):
    with pytest.raises(VentralError) as error:
        check_paths(check_config(copy.deepcopy(config), SCHEMAS))
    first, *complaints = str(error.value).splitlines()
    assert str(Path.cwd()) in first
    return complaints


def test_paths_that_exist(files):
    check_paths(check_config(files, SCHEMAS))


def test_paths_that_do_not_exist(files):
    mine, models = files["datasets"]["mine"], files["models"]
    mine["responses"]["files"]["responses"]["path"] = "respones.csv"
    mine["stimuli"]["files"]["images"]["path"] = "image"
    mine["stimuli"]["files"]["table"] = {"path": ""}
    models["net"]["weights"]["path"] = "nowhere/net.pt"
    models["net_of_a_sweep"] = models["net"]
    assert complaints_of(files) == [
        "  datasets: mine: stimuli: files: images: path: 'image' does not exist;"
        " did you mean 'images'?",
        "  datasets: mine: stimuli: files: table: path: '.' is a folder; name a file",
        "  datasets: mine: responses: files: responses: path: 'respones.csv' does not exist;"
        " did you mean 'responses.csv'?",
        "  models: net: weights: path: 'nowhere/net.pt' does not exist;"
        " the folder 'nowhere' does not exist either",
    ]


def test_files_with_another_sum_or_of_another_kind(files):
    mine, models = files["datasets"]["mine"], files["models"]
    content = Path("net.pt").read_bytes()
    right, found = (hashlib.sha256(each).hexdigest() for each in (content, content[::-1]))
    models["net"]["weights"] |= {"sha256": right, "size": 6}
    check_paths(check_config(copy.deepcopy(files), SCHEMAS))
    mine["responses"]["files"]["responses"] |= {"path": "more"}
    mine["stimuli"]["files"]["images"]["sha256"] = SUM
    Path("net.pt").write_bytes(content[::-1])
    assert complaints_of(files) == [
        "  datasets: mine: stimuli: files: images: sha256: a folder has none; remove the key",
        "  datasets: mine: responses: files: responses: path: 'more' is a folder; name a file",
        f"  models: net: weights: net.pt has the sha256 {found},"
        f" and {right} is expected: it is damaged or another file."
        " Replace it, or correct what the config says of it",
    ]
    models["net"]["weights"] = {"path": "net.pt", "sha1": "0" * 40, "size": 7}
    assert complaints_of(files)[-1].startswith("  models: net: weights: net.pt has 6")
    del models["net"]["weights"]["size"]
    assert complaints_of(files)[-1].startswith("  models: net: weights: net.pt has the sha1 ")


def test_weights_that_torchvision_does_not_have(own):
    models = {
        "right": entry("alexnet", weights="IMAGENET1K_V1"),
        "wrong": entry("alexnet", weights="IMAGENET1K_V9"),
        "own": entry("talks:net", weights="DEFAULT"),
    }
    with pytest.raises(VentralError) as error:
        check_layers_of_models(models, SOURCE, [own])
    wrong, of_own = str(error.value).splitlines()[1:]
    assert "models: wrong: torchvision has no weights 'IMAGENET1K_V9'" in wrong
    assert "it has: IMAGENET1K_V1" in wrong
    assert "models: own: torchvision has no weights 'DEFAULT'" in of_own


def test_a_call_that_is_not_made(own):
    models = {
        "fine": entry("resnet18", taps={"main": ["layer1.0.relu@1", "layer1.0.relu@2"]}),
        "wrong": entry("resnet18", taps={"main": ["layer1.0.relu@3", "layer1.0.rel@1"]}),
        "once": entry("resnet18", taps={"main": ["conv1@1", "conv1@2"]}),
    }
    with pytest.raises(VentralError) as error:
        check_layers_of_models(models, SOURCE, [own])
    unknown, once = str(error.value).splitlines()[1:]
    assert "models: wrong: taps: main: layer 'layer1.0.rel@1' is unknown" in unknown
    assert "models: once: taps: main: layer 'conv1@2': 'conv1' is called 1 time(s)" in once
    del models["wrong"]["taps"]["main"][1], models["once"]
    with pytest.raises(VentralError, match=r"'layer1.0.relu' is called 2 time\(s\)"):
        check_layers_of_models(models, SOURCE, [own])


def test_an_input_that_a_network_does_not_take(own):
    models = {
        "small": entry("vit_b_16", preprocessing={"size": 96}),
        "fine": entry("vit_b_16", preprocessing={"size": 224}),
    }
    with pytest.raises(VentralError) as error:
        check_layers_of_models(models, SOURCE, [own])
    (complaint,) = str(error.value).splitlines()[1:]
    assert "models: small: VisionTransformer does not take images of 3 × 96 × 96" in complaint


def test_layers_without_activations(own):
    (own / "parts.py").write_text(PARTS)
    taps = {"main": ["used", "unused", "turned"]}
    fields = {"training": {"head": {"layer": "flat", "pooling": 2}}}
    models = {
        "net": entry("parts:Net", taps=taps),
        "tuned": entry("parts:Net", taps={"main": ["used"]}, **fields),
        "fine": entry("parts:Net", taps={"main": ["used", "flat"]}),
    }
    with pytest.raises(VentralError) as error:
        check_layers_of_models(models, SOURCE, [own])
    unused, turned, head = str(error.value).splitlines()[1:]
    assert "models: net: taps: main: layer 'unused' has no activations" in unused
    assert "models: net: taps: main: layer 'turned' has no activations" in turned
    assert "models: tuned: training: head: pooling: 2 fields a side" in head


@pytest.mark.parametrize(
    ("wanted", "split", "complaint"),
    [
        (80, {}, None),
        (426, {}, "'simulated' has 426 train stimuli, whose features have at most 425"),
        (425, {}, "layer 'features.12' has 256 features"),
        (257, {}, "layer 'features.12' has 256 features"),
        (256, {}, None),
        (256, {"method": "random", "fractions": {"train": 1, "validation": 1}}, "has 214 train"),
        (256, {"method": "k_fold", "folds": 2}, None),
        (320, {"method": "k_fold", "folds": 2}, "has 320 train"),
        (320, {"method": "repeated", "test_fraction": 0.5}, "has 320 train"),
    ],
)
def test_more_components_than_there_can_be(wanted, split, complaint):
    config = {
        "datasets": {"simulated": {"source": "simulated", "split": split}},
        "models": {
            "net": {
                "architecture": "alexnet",
                "preprocessing": {"size": 64},
                "taps": {"main": ["features.12"]},
            }
        },
        "pca": {"n_components": wanted},
        "readouts": {"ridge_cv": {"method": "ridge_cv", "features": "pcs"}},
    }
    study = check_config(config, SCHEMAS)
    if complaint is None:
        check_components(study, SOURCE)
    else:
        with pytest.raises(VentralError, match=complaint):
            check_components(study, SOURCE)
    config["pca"]["when_rank_is_lower"] = "use_rank"
    check_components(check_config(config, SCHEMAS), SOURCE)
