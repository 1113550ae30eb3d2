"""A stage on the stores of a data set; test stimuli change no bit of its checkpoint."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from toy_networks import SETTINGS

from named_models import HUGGINGFACE, TIMM, write_all
from ventral.data.responses import Responses, read_responses, write_responses
from ventral.data.stimuli import StimulusSet, read_stimulus_table, write_stimuli
from ventral.errors import VentralError
from ventral.networks.build import build_model
from ventral.networks.model_files import fetch_model
from ventral.readouts.head import check_sites
from ventral.storage.tables import write_csv
from ventral.training.apply import apply_head
from ventral.training.checkpoint import read_checkpoint, write_checkpoint
from ventral.training.head_store import read_head_outputs, write_head_outputs
from ventral.training.stage import Sources, train_model
from ventral.training.tables import gains_on_test, table_of_classification, table_of_training

N, SITES = 40, 3
SPLIT = np.array((["train"] * 4 + ["validation"] + ["test"]) * 7)[:N]


def settings(task="responses", **training):
    head = {"layer": "stage4", "pooling": "average", "dropout": 0.0, "learning_rate": None}
    return {
        "architecture": "ventral.networks.shallow_cnn:shallow_cnn",
        "arguments": {"layers": 4},
        "weights": None,
        "seed": 0,
        "preprocessing": {"size": 16},
        "training": {
            **SETTINGS,
            "batch_statistics": "auto",
            "epochs": 2,
            "task": task,
            "target": "category",
            "trainable": ["*"],
            "max_trainable_parameters": None,
            "head": head,
            **training,
        },
    }


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (N, 16, 16, 3), dtype=np.uint8)
    table = pd.DataFrame(
        {
            "stimulus_id": [f"s{row}" for row in range(N)],
            "split": SPLIT,
            "category": np.array(["a", "b", "c"])[np.arange(N) % 3],
        }
    )
    write_stimuli(folder / "stimuli.zarr", StimulusSet(table, 16, 16, lambda row: pictures[row]))
    write_csv(folder / "split.csv", table[["stimulus_id", "split"]])
    sites = pd.DataFrame({"site_id": list("xyz"), "region": "IT", "animal": "A"})
    brightness = pictures.mean(axis=(1, 2)) * [1, 10, 0.1] + [0, 500, 3]
    write_responses(
        folder / "responses.zarr", Responses(table["stimulus_id"].to_numpy(), sites, brightness)
    )
    return Sources(folder / "stimuli.zarr", folder / "split.csv", folder / "responses.zarr", None)


def train(folder, given, sources):
    folder.mkdir(exist_ok=True)
    train_model(given, sources, folder / "m.pt", folder / "m.training.csv", device="cpu")
    assert not (folder / "m.resume.pt").exists()
    return folder / "m.pt"


def scrambled(sources, folder, part):
    """Return the sources with the responses of one part of the split in another order."""
    responses = read_responses(sources.responses)
    average = responses.average.copy()
    rows = np.flatnonzero(part == SPLIT)
    average[rows] = average[rows[::-1]] + 1
    write_responses(folder / "r.zarr", dataclasses.replace(responses, average=average))
    return dataclasses.replace(sources, responses=folder / "r.zarr")


def test_test_responses_change_no_bit_and_validation_responses_no_weight(tmp_path, sources):
    given = settings(choose_by="validation_loss", epochs=1)
    reference = train(tmp_path / "a", given, sources)
    other = train(tmp_path / "b", given, scrambled(sources, tmp_path, "test"))
    assert reference.read_bytes() == other.read_bytes()
    table = reference.with_name("m.training.csv").read_bytes()
    assert table == other.with_name("m.training.csv").read_bytes()
    # One epoch leaves nothing to choose: the checkpoint is that of all train-side numbers.
    other = train(tmp_path / "c", given, scrambled(sources, tmp_path, "validation"))
    assert reference.read_bytes() == other.read_bytes()
    assert table != other.with_name("m.training.csv").read_bytes()
    other = train(tmp_path / "d", given, scrambled(sources, tmp_path, "train"))
    assert reference.read_bytes() != other.read_bytes()


def test_the_heads_outputs_are_predictions_in_the_data_sets_unit(tmp_path, sources):
    """From weights the head starts as ridge of the frozen network: far from zero and in unit."""
    start = train(tmp_path / "start", settings("classification"), sources)
    from_start = dataclasses.replace(sources, weights=start)
    given = settings(trainable=[], learning_rate=1e-9)
    checkpoint = train(tmp_path / "tuned", given, from_start)
    head = apply_head(given, checkpoint, sources.stimuli, device="cpu")
    predictions, names = head.outputs, head.names
    assert names == ["x", "y", "z"] and predictions.shape == (N, SITES) and head.width == 64
    # Nothing was learnt, so what the head says now is what it said before.
    assert list(head.test) == list(np.flatnonzero(SPLIT == "test"))
    np.testing.assert_allclose(head.start, predictions[head.test], rtol=1e-3)
    write_head_outputs(tmp_path / "head.zarr", head, np.arange(N).astype(str), {})
    again = read_head_outputs(tmp_path / "head.zarr")
    for name in ("outputs", "names", "width", "test", "start"):
        np.testing.assert_array_equal(getattr(again, name), getattr(head, name))
    responses = read_responses(sources.responses).average[SPLIT == "train"]
    mean = predictions[SPLIT == "train"].mean(axis=0)
    np.testing.assert_allclose(mean, responses.mean(axis=0), rtol=1e-3)
    old, new = (build_model(given, path, 0).state_dict() for path in (start, checkpoint))
    assert all(torch.equal(old[name], new[name]) for name in old)
    facts = read_checkpoint(checkpoint)["facts"]
    assert facts["retrained_parameters"] == 0 and facts["head_parameters"] == 64 * 3 + 3
    check_sites(names, np.array(["x", "y", "z"]))
    with pytest.raises(VentralError, match="'y' is in the place of the site 'x'"):
        check_sites(["y", "x", "z"], np.array(["x", "y", "z"]))


def test_a_classifiers_accuracy(tmp_path, sources):
    given = settings("classification", trainable=["stage4.*"])
    checkpoint = train(tmp_path / "m", given, dataclasses.replace(sources, responses=None))
    head = apply_head(given, checkpoint, sources.stimuli, device="cpu")
    assert head.names == ["a", "b", "c"]
    epochs = {"m": pd.read_csv(tmp_path / "m" / "m.training.csv")}
    models = {"m": {"task": "classification", "target": "category", "start": "random"}}
    stimuli = read_stimulus_table(sources.stimuli)
    table = table_of_classification(models, epochs, {"m": head}, stimuli, SPLIT)
    assert list(table["split"]) == ["train", "validation", "test"]
    best = epochs["m"][epochs["m"]["is_best"]].iloc[0]
    measured = table.set_index("split")["accuracy"]["validation"]
    assert measured == pytest.approx(best["validation_score"])  # the kept epoch's own score
    gains = gains_on_test(models, {"m": head}, stimuli, None, seed=0, n_bootstrap=100)
    summary = table_of_training(models, epochs, gains).iloc[0]
    accuracy = table.set_index("split")["accuracy"]["test"]
    assert summary["test_best_score"] == pytest.approx(accuracy)
    before = (head.start.argmax(axis=1) == head.test % 3).mean()
    assert summary["test_gain"] == pytest.approx(accuracy - before)
    assert summary["best_score"] == best["validation_score"]
    assert summary["retrained_parameters"] == 64 * 64 * 9 + 2 * 64


def test_what_cannot_be_learnt_is_refused(tmp_path, sources):
    with pytest.raises(VentralError, match=r"has no 'object'; it has stimulus_id, .*category"):
        train(tmp_path / "m", settings("classification", target="object"), sources)
    path = tmp_path / "broken.pt"
    write_checkpoint(path, {"state_dict": {}, "head": {}, "output": {}})
    with pytest.raises(VentralError, match="lacks 'facts'"):
        read_checkpoint(path)
    path.write_bytes(b"no checkpoint")
    with pytest.raises(VentralError, match="cannot be read as a checkpoint"):
        read_checkpoint(path)


@pytest.mark.parametrize("library", ["timm", "huggingface"])
def test_a_model_by_name_starts_from_what_was_fetched(sources, tmp_path, library):
    """Its checkpoint is read with its config, and has the place of the fetched weights."""
    write_all(tmp_path / "mirror")
    entry = {"timm": TIMM, "huggingface": HUGGINGFACE}[library]
    manifest = tmp_path / "model.json"
    fetch_model(entry["architecture"], None, "weights", manifest, [tmp_path / "mirror"])
    layer = {"timm": "blocks.1", "huggingface": "encoder.layer.0"}[library]
    head = {**settings()["training"]["head"], "layer": layer}
    own = {**entry, "weights": "pretrained", "preprocessing": {}}
    given = {**settings(trainable=["*norm*"], head=head), **own}
    start = build_model(given, None, 0, manifest)
    checkpoint = train(tmp_path / "t", given, dataclasses.replace(sources, files=manifest))
    trained = build_model(given, checkpoint, 0, manifest)
    changed = {
        name
        for name, value in start.state_dict().items()
        if not torch.equal(value, trained.state_dict()[name])
    }
    assert changed and all("norm" in name for name in changed)
    outputs = apply_head(given, checkpoint, sources.stimuli, files=manifest, device="cpu")
    assert np.isfinite(outputs.outputs).all()
