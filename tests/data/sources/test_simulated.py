"""The simulated data set: the same bytes every time, and a truth that the samples agree with."""

import numpy as np
import pytest

from ventral.data.sources.simulated import reader as simulated
from ventral.data.sources.simulated.images import Renderer, draw_background, draw_scenes
from ventral.data.sources.simulated.neurons import spike_counts, true_reliability, v4_drive
from ventral.errors import VentralError

SETTINGS = {
    "source": "simulated",
    "seed": 0,
    "image_size": 32,
    "images_per_object": 8,
    "n_it_sites": 5,
    "n_v4_sites": 4,
    "repetitions": 12,
}


def responses_of(**changes):
    settings = SETTINGS | changes
    return simulated.read_responses(settings, {}, draw_scenes(settings["seed"], 8))


@pytest.fixture(scope="module")
def stimuli():
    return simulated.read_stimuli(SETTINGS, {})


@pytest.fixture(scope="module")
def responses(stimuli):
    return simulated.read_responses(SETTINGS, {}, stimuli.table)


def test_same_seed_same_bytes(stimuli, responses):
    again = simulated.read_stimuli(SETTINGS, {})
    other = simulated.read_stimuli(SETTINGS | {"seed": 1}, {})
    assert again.table.equals(stimuli.table)
    for row in (0, 70, 511):
        assert np.array_equal(again.read_image(row), stimuli.read_image(row))
        assert not np.array_equal(other.read_image(row), stimuli.read_image(row))
    assert np.array_equal(responses_of().repetitions, responses.repetitions)
    assert not np.array_equal(responses_of(seed=1).average, responses.average)


def test_more_images_keep_the_old_ones(stimuli, responses):
    settings = SETTINGS | {"images_per_object": 9}
    more = simulated.read_stimuli(settings, {})
    n = len(stimuli)
    drawn = stimuli.table.drop(columns="split")
    assert more.table.drop(columns="split").iloc[:n].equals(drawn)
    assert np.array_equal(more.read_image(n - 1), stimuli.read_image(n - 1))
    answers = simulated.read_responses(settings, {}, more.table)
    assert np.array_equal(answers.repetitions[:n], responses.repetitions)


def test_more_sites_keep_the_old_ones(responses):
    more = responses_of(n_it_sites=7, n_v4_sites=6)
    kept = more.sites["site_id"].isin(responses.sites["site_id"]).to_numpy()
    assert list(more.sites["site_id"][kept]) == list(responses.sites["site_id"])
    assert np.array_equal(more.repetitions[:, kept], responses.repetitions)


def test_rows_follow_the_table(stimuli, responses):
    order = np.random.default_rng(0).permutation(len(stimuli))[:300]
    shuffled = simulated.read_responses(SETTINGS, {}, stimuli.table.iloc[order])
    assert np.array_equal(shuffled.repetitions, responses.repetitions[order])


def test_unknown_stimulus_is_refused(stimuli):
    table = stimuli.table.copy()
    table.loc[3, "stimulus_id"] = "teapot0-000"
    with pytest.raises(VentralError, match="teapot0-000"):
        simulated.read_responses(SETTINGS, {}, table)


def test_labels_are_balanced(stimuli):
    table = stimuli.table
    assert set(table["object"].value_counts()) == {8}
    assert table["object"].nunique() == 64
    assert set(table["category"].value_counts()) == {64}
    assert table.groupby("object")["category"].nunique().max() == 1
    per_part = table.groupby(["split", "object"]).size().unstack(fill_value=0)
    assert (per_part > 0).all(axis=None)
    assert np.ptp(per_part.to_numpy(), axis=1).max() <= 1


def test_background_amplitude_falls_as_one_over_f():
    size = 64
    backgrounds = [draw_background(np.random.default_rng(seed), size) for seed in range(40)]
    power = np.mean([np.abs(np.fft.fft2(b - b.mean())) ** 2 for b in backgrounds], axis=0)
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None, :]) * size
    band = (frequency >= 3) & (frequency <= 24)
    slope = np.polyfit(np.log(frequency[band]), np.log(np.sqrt(power[band])), 1)[0]
    assert -1.15 < slope < -0.85


def test_object_stands_where_the_table_says():
    scene = next(draw_scenes(0, 1).query("category == 'gear'").itertuples())
    scene = scene._replace(ty=2.0, tz=-1.0, s=1.5)
    flat = np.full((32, 32), 0.5)
    changed = (Renderer(0, 32).compose(scene, flat) != 128).any(axis=2)
    row, column = np.argwhere(changed).mean(axis=0) + 0.5
    assert column * 8 / 32 - 4 == pytest.approx(2.0, abs=0.15)
    assert 4 - row * 8 / 32 == pytest.approx(-1.0, abs=0.15)


def test_it_sees_latents_and_v4_sees_pixels(responses, monkeypatch):
    # the same objects in the same poses over other backgrounds
    def elsewhere(self, scene):
        return self.compose(scene, draw_background(np.random.default_rng(99), self.size))

    monkeypatch.setattr(Renderer, "image", elsewhere)
    moved = responses_of()
    it = responses.sites["region"].to_numpy() == "IT"
    assert np.array_equal(moved.truth["rate"][:, it], responses.truth["rate"][:, it])
    difference = moved.truth["rate"][:, ~it] - responses.truth["rate"][:, ~it]
    assert (difference.std(axis=0) > 0.1 * responses.truth["rate"][:, ~it].std(axis=0)).all()


def test_v4_follows_the_orientation_of_a_grating():
    along = (np.arange(64) + 0.5) / 64 * 8
    sites = 12
    drives = []
    for angle in np.pi * np.arange(16) / 16:
        phase = 2 * np.pi * (np.cos(angle) * along[None, :] - np.sin(angle) * along[:, None])
        grating = np.round(127.5 + 100 * np.cos(phase)).astype(np.uint8)
        drives.append(v4_drive(0, sites, np.repeat(grating[None, :, :, None], 3, axis=3))[0])
    drives = np.array(drives)
    for site in range(sites):
        tuning_stream = 5
        rng = np.random.default_rng([0, tuning_stream, 1, site])
        rng.uniform(size=3)  # the receptive field
        preferred = rng.uniform(0, np.pi)
        doubled = np.angle(drives[:, site] @ np.exp(2j * np.pi * np.arange(16) / 16)) / 2
        assert abs(np.exp(2j * doubled) - np.exp(2j * preferred)) < 0.3


def test_counts_are_poisson():
    rates = np.array([[0.4, 30.0], [3.0, 7.0]])
    counts = spike_counts(0, "IT", rates, 20000)
    assert np.allclose(counts.mean(axis=2), rates, rtol=0.04)
    assert np.allclose(counts.var(axis=2), rates, rtol=0.06)
    assert np.array_equal(counts, counts.round())


def test_true_reliability_is_what_repeated_experiments_find(responses):
    rate = responses.truth["rate"]
    averages = np.stack(
        [
            np.random.default_rng(draw).poisson(rate[:, :, None], (*rate.shape, 12)).mean(axis=2)
            for draw in range(30)
        ]
    )
    found = [
        np.mean(
            [np.corrcoef(averages[i, :, site], averages[i + 1, :, site])[0, 1] for i in range(29)]
        )
        for site in range(rate.shape[1])
    ]
    truth = responses.sites["true_reliability"].to_numpy()
    assert np.allclose(found, truth, atol=0.03)
    own = [np.corrcoef(responses.average[:, s], rate[:, s])[0, 1] ** 2 for s in range(len(found))]
    assert np.allclose(own, truth, atol=0.08)
    assert np.allclose(true_reliability(rate, 12), truth)


def test_reliabilities_are_spread_and_grow_with_repetitions(responses):
    many = responses_of(n_it_sites=48, n_v4_sites=0).sites["true_reliability"]
    assert 0.3 < many.min() < 0.55
    assert 0.85 < many.max() < 0.98
    more = responses_of(repetitions=24).sites["true_reliability"]
    assert (more > responses.sites["true_reliability"]).all()
