"""The loop: reaches known solutions, resumes to the bit, and learns from train stimuli alone."""

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from torch import nn
from toy_networks import SETTINGS, parameters, same, stage

from ventral.errors import VentralError
from ventral.features.pca import fit_pca
from ventral.readouts.regression import fit_ridge_cv
from ventral.training.batches import Part, augment, shuffled_batches
from ventral.training.checkpoint import ResumeFile
from ventral.training.headed_network import HeadedNetwork, freeze_all_but, train_mode
from ventral.training.optimisers import make_optimiser
from ventral.training.ridge_initialisation import start_at_ridge
from ventral.training.train import predict, train_stage


class Kill(Exception):
    pass


def test_a_linear_model_reaches_the_least_squares_solution():
    """A frozen identity on 8 × 8 images, pooled to three features: the head is a linear model."""
    given = stage(
        trainable=(),
        network=nn.Sequential(nn.Identity()),
        layer="0",
        dropout=0.0,
        n=40,
        epochs=1500,
        batch_size=40,
        learning_rate=0.5,
        augmentation=[],
        schedule="cosine",
        choose_by="validation_loss",
    )
    features = given.train.images.mean(axis=(1, 2)) / 255
    spread = features.std(axis=0)
    # Standardised by the preprocessing, so that gradient descent converges.
    preprocessing = dataclasses.replace(
        given.preprocessing, mean=tuple(features.mean(axis=0)), std=tuple(spread)
    )
    given = dataclasses.replace(given, preprocessing=preprocessing, validation=given.train)
    train_stage(given)
    reference = LinearRegression().fit(features, given.train.targets.numpy())
    found = predict(given.model, given.train.images, preprocessing, 40, given.device).numpy()
    np.testing.assert_allclose(found, reference.predict(features), atol=2e-3)


def test_a_pretrained_networks_head_starts_as_our_own_ridge_cv():
    given = stage(n=30)
    start_at_ridge(given.model, given.train, given.preprocessing, 7, given.device)
    with torch.no_grad():
        features = given.model.features(given.preprocessing(given.train.images))
    features = features.double().numpy()
    centred = features - features.mean(axis=0)
    components = fit_pca(centred @ centred.T, np.arange(30), None)
    alphas = np.logspace(-6, 3, 28) * (centred**2).sum() / 30
    targets = given.train.targets.double().numpy()
    readout = fit_ridge_cv(components.scores, components.eigenvalues, targets, alphas)
    found = predict(given.model, given.train.images, given.preprocessing, 7, given.device)
    np.testing.assert_allclose(found.numpy(), readout.predict(components.scores), atol=1e-4)


@pytest.mark.parametrize("killed_after", [1, 3])
@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_a_killed_training_resumes_to_the_same_bits(tmp_path, killed_after, optimiser):
    whole = stage(optimiser=optimiser)
    epochs = train_stage(whole)

    def kill(row, model):
        if row["epoch"] == killed_after:
            raise Kill

    path = tmp_path / "m.resume.pt"
    with pytest.raises(Kill):
        train_stage(stage(optimiser=optimiser), ResumeFile(path, "key"), kill)
    torch.manual_seed(999)  # the state of the process must not matter
    seen = []
    resumed = stage(optimiser=optimiser)
    again = train_stage(
        resumed, ResumeFile(path, "key"), lambda row, model: seen.append(row["epoch"])
    )
    assert seen == list(range(killed_after + 1, SETTINGS["epochs"] + 1))
    assert same(parameters(whole.model), parameters(resumed.model))
    assert epochs.equals(again)


def test_a_resume_file_of_another_training_or_damaged_is_not_taken_up(tmp_path):
    path = tmp_path / "m.resume.pt"
    ResumeFile(path, "one").save({"rows": []})
    assert ResumeFile(path, "one").load() == {"rows": []}
    assert ResumeFile(path, "two").load() is None
    path.write_bytes(path.read_bytes()[:100])
    assert ResumeFile(path, "one").load() is None


def epochs_of(given):
    states = []
    table = train_stage(given, after_epoch=lambda row, model: states.append(parameters(model)))
    return table, states


def test_validation_only_chooses_the_epoch():
    given = stage()
    shuffled = Part(given.validation.images, given.validation.targets.flip(0) * -3)
    table, states = epochs_of(given)
    other_table, other_states = epochs_of(dataclasses.replace(stage(), validation=shuffled))
    assert len(states) == SETTINGS["epochs"] + 1
    assert all(same(one, other) for one, other in zip(states, other_states, strict=True))
    assert table["train_loss"].equals(other_table["train_loss"])
    assert not table["validation_loss"].equals(other_table["validation_loss"])
    best = int(table.loc[table["is_best"], "epoch"].iloc[0])
    assert best == table["validation_score"].iloc[1:].idxmax()
    assert same(parameters(given.model), states[best])


def test_training_ends_when_patience_does():
    given = stage(epochs=40, patience=3, choose_by="validation_loss", learning_rate=0.5)
    table = train_stage(given)
    best = int(table.loc[table["is_best"], "epoch"].iloc[0])
    assert table["epoch"].iloc[-1] == best + 3 < 40


def test_frozen_parameters_and_statistics_do_not_move():
    given = stage(trainable=["second.*"])
    before = parameters(given.model.network)
    train_stage(given)
    after = parameters(given.model.network)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert {"second.0.weight", "second.1.running_mean"} <= moved
    assert all(name.startswith("second.") for name in moved)


class Block(nn.Module):
    """A convolution, and what has no weights: a normalisation, a dropout, a functional dropout."""

    def __init__(self, channels):
        super().__init__()
        self.convolution = nn.Conv2d(channels, 4, 3, padding=1)
        self.normalise = nn.BatchNorm2d(4, affine=False)
        self.dropout = nn.Dropout(0.5)

    def forward(self, images):
        images = self.dropout(self.normalise(self.convolution(images)))
        return nn.functional.dropout(images, 0.3, self.training)


class Blocks(nn.Module):
    """Blocks that are defined in another order than they are called in."""

    def __init__(self):
        super().__init__()
        self.late, self.early, self.input = Block(4), Block(3), nn.Dropout(0.5)

    def forward(self, images):
        return self.late(self.early(self.input(images)))


@pytest.mark.parametrize("trainable", [(), ("late.*",), ("early.*",), ("*",)])
def test_what_is_frozen_computes_what_is_recorded(trainable):
    torch.manual_seed(0)
    network = Blocks()
    given = stage(trainable=trainable, network=network, layer="late", dropout=0.5)
    images = given.preprocessing(given.train.images)
    frozen = {(): "late", ("late.*",): "early"}.get(trainable)

    def output():
        taken = []
        layer = network.get_submodule(frozen)
        handle = layer.register_forward_hook(lambda *found: taken.append(found[2].clone()))
        with torch.no_grad():
            network(images)
        handle.remove()
        return taken[0]

    before = parameters(network)
    if frozen:
        network.eval()
        recorded = output()
        train_mode(given.model, "update")
        assert torch.equal(output(), recorded)
        train_stage(given)
        network.eval()
        assert torch.equal(output(), recorded)
    else:
        train_stage(given)
    moved = {name for name, value in network.state_dict().items() if not value.equal(before[name])}
    for block in ("early", "late"):
        learns = any(pattern in ("*", f"{block}.*") for pattern in trainable)
        assert (f"{block}.normalise.running_mean" in moved) == learns
        assert (f"{block}.convolution.weight" in moved) == learns
        train_mode(given.model, "update")
        for part in ("", ".normalise", ".dropout"):
            assert network.get_submodule(block + part).training == learns
    assert network.input.training == network.early.training
    assert given.model.dropout.training


def test_statistics_are_kept_where_they_shall_be():
    given = stage(batch_statistics="keep")
    before = parameters(given.model.network)
    train_stage(given)
    after = parameters(given.model.network)
    assert torch.equal(before["second.1.running_mean"], after["second.1.running_mean"])
    assert not torch.equal(before["second.1.weight"], after["second.1.weight"])


def test_what_is_retrained_is_counted_and_capped():
    given = stage()
    probe = given.preprocessing(given.train.images[:1])
    network, head = freeze_all_but(given.model, ["*"], probe)
    behind = sum(p.numel() for p in given.model.network.fc.parameters())
    assert network == sum(p.numel() for p in given.model.network.parameters()) - behind
    assert head == 5 * 3 + 3
    assert freeze_all_but(given.model, [], probe) == (0, head)
    most = network + head
    assert freeze_all_but(given.model, ["*"], probe, most) == (network, head)
    with pytest.raises(VentralError, match=f"{most} parameters .* allows {most - 1}"):
        freeze_all_but(given.model, ["*"], probe, most - 1)
    with pytest.raises(VentralError, match=r"'secnd.0.weight' matches no.*'second.0.weight'"):
        freeze_all_but(given.model, ["secnd.0.weight"], probe)


def test_an_unknown_head_layer_is_refused():
    given = stage()
    probe = given.preprocessing(given.train.images[:1])
    with pytest.raises(VentralError, match=r"'secnd' is not a layer .*'second'"):
        HeadedNetwork(given.model.network, "secnd", 2, probe)


def test_the_cosine_schedule_falls_from_the_rate_to_zero():
    epochs, rate = 8, 0.3
    table = train_stage(stage(epochs=epochs, learning_rate=rate))
    expected = rate * (1 + np.cos(np.pi * np.arange(epochs) / epochs)) / 2
    np.testing.assert_allclose(table["learning_rate"].iloc[1:], expected, rtol=1e-6)


def test_the_step_schedule_falls_by_ten_after_each_third():
    settings = {**SETTINGS, "schedule": "step", "epochs": 7, "learning_rate": 1.0}
    settings["head"] = {"learning_rate": 0.5}
    optimiser, schedule = make_optimiser(stage().model, settings)
    rates = []
    for _ in range(7):
        rates.append([group["lr"] for group in optimiser.param_groups])
        optimiser.step()
        schedule.step()
    expected = np.array([1, 1, 1, 0.1, 0.1, 0.1, 0.01])
    np.testing.assert_allclose(rates, np.stack([expected, expected / 2], axis=1))


def test_the_head_can_learn_at_a_rate_of_its_own():
    """With a vanishing rate of the head and weight decay 0, only the network moves."""
    given = stage(optimiser="adamw", head={"learning_rate": 1e-12}, epochs=1)
    before = parameters(given.model)
    train_stage(given)
    moved = {
        name
        for name, value in parameters(given.model).items()
        if not torch.allclose(value.double(), before[name].double(), rtol=0, atol=1e-6)
    }
    assert "network.second.0.weight" in moved
    assert not {name for name in moved if name.startswith("head.")}


@pytest.mark.parametrize("size", [8, 9])
def test_fields_of_a_spatial_layer_keep_where_something_was(size):
    """Means over 2 × 2 fields, against reshaping; an odd side has fields that overlap."""
    network = nn.Sequential(nn.Identity())
    images = torch.rand(5, 3, size, size)
    model = HeadedNetwork(network, "0", 2, images[:1], pooling=2)
    near, far = slice(0, -(-size // 2)), slice(size // 2, None)
    fields = [images[:, :, y, x].mean(dim=(2, 3)) for y in (near, far) for x in (near, far)]
    expected = torch.stack(fields, dim=2).flatten(1)
    torch.testing.assert_close(model.features(images), expected)
    with pytest.raises(VentralError, match="pooling: 2 fields per side need a spatial layer"):
        HeadedNetwork(nn.Sequential(nn.Flatten()), "0", 2, images[:1], pooling=2)


@pytest.mark.parametrize("n", [1, 7, 8, 15, 64])
def test_an_epoch_shows_every_stimulus_once(n):
    batches = shuffled_batches(n, 7, seed=5)
    sizes = [len(batch) for batch in batches]
    assert sorted(np.concatenate(batches)) == list(range(n))
    assert max(sizes) <= 7 and max(sizes) - min(sizes) <= 1


def test_augmentation_flips_and_shifts_and_nothing_else():
    batch = torch.arange(40 * 3 * 16 * 16, dtype=torch.float32).reshape(40, 3, 16, 16)
    flipped = augment(batch, ["flip"], np.random.default_rng(0))
    kinds = [
        "same" if torch.equal(new, old) else "flipped" if torch.equal(new, old.flip(2)) else "?"
        for new, old in zip(flipped, batch, strict=True)
    ]
    assert set(kinds) == {"same", "flipped"}
    shifted = augment(batch, ["crop"], np.random.default_rng(0))
    # Two pixels at most: the middle of an image stays in it.
    for new, old in zip(shifted, batch, strict=True):
        assert any(
            torch.equal(new[:, 2 - y : 14 - y, 2 - x : 14 - x], old[:, 2:14, 2:14])
            for y in range(-2, 3)
            for x in range(-2, 3)
        )
    assert torch.equal(augment(batch, [], np.random.default_rng(0)), batch)
