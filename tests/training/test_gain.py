"""What training gained, decided on the stimuli that chose nothing."""

import numpy as np
import pandas as pd
import pytest

from ventral.scores.measures import explained_variance
from ventral.scores.reporting import variant_names
from ventral.scores.resampling import Difference
from ventral.training.gain import gain_in_accuracy, gain_in_explained_variance, verdict
from ventral.training.tables import (
    CLASSIFICATION_COLUMNS,
    classification_in_words,
    table_of_training,
    training_in_words,
)

CLASSES = list(CLASSIFICATION_COLUMNS)

RESAMPLING = {"seed": 0, "n_bootstrap": 300}


def predictions(seed, gain=0.0, n=100, sites=20):
    """Return responses, and predictions before and after a training that adds so much signal."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=(n, sites))
    responses = signal + rng.normal(size=(n, sites))
    start = 0.5 * signal + 0.4 * rng.normal(size=(n, sites))
    best = (0.5 + gain) * signal + 0.4 * rng.normal(size=(n, sites))
    return responses, start, best


def test_the_gain_is_the_difference_on_test_stimuli():
    responses, start, best = predictions(0, gain=0.3)
    responses[3] = np.nan  # a withheld stimulus
    kept = np.arange(100) != 3
    before, after, gain = gain_in_explained_variance(start, best, responses, **RESAMPLING)
    expected = [explained_variance(responses[kept], p[kept]).mean() for p in (start, best)]
    assert [before, after] == pytest.approx(expected)
    assert gain.estimate == pytest.approx(expected[1] - expected[0])
    assert 0 < gain.low < gain.estimate < gain.high and gain.p < 0.001
    assert verdict(gain) == "yes"
    _, _, reverse = gain_in_explained_variance(best, start, responses, **RESAMPLING)
    assert verdict(reverse) == "no"


def test_a_training_that_cannot_help_is_seldom_said_to():
    """The best of eight equal epochs, by validation: its gain there is positive, and says yes."""
    flattering, said = 0, 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        signal = rng.normal(size=(160, 10))
        responses = signal + rng.normal(size=(160, 10))
        epochs = 0.5 * signal + 0.4 * rng.normal(size=(9, 160, 10))
        scores = [explained_variance(responses[:80], p[:80]).mean() for p in epochs]
        best = 1 + int(np.argmax(scores[1:]))
        flattering += scores[best] > scores[0] + 0.0005
        test = (epochs[0][80:], epochs[best][80:], responses[80:])
        said += verdict(gain_in_explained_variance(*test, **RESAMPLING)[2]) == "yes"
    assert flattering > 100
    assert said <= 11  # 2.5 % are expected: 3.75 of 150


def test_accuracy_is_compared_stimulus_by_stimulus():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 4, 200)
    logits = rng.normal(size=(200, 4))
    better = logits + 2.0 * (np.arange(4) == labels[:, None])
    before, after, gain = gain_in_accuracy(logits, better, labels, **RESAMPLING)
    right = [(values.argmax(axis=1) == labels).mean() for values in (logits, better)]
    assert [before, after] == pytest.approx(right)
    assert gain.estimate == pytest.approx(right[1] - right[0])
    assert gain.low < gain.estimate < gain.high
    assert verdict(gain) == "yes"
    _, _, none = gain_in_accuracy(logits, logits, labels, **RESAMPLING)
    assert none[:3] == (0, 0, 0) and verdict(none) == "undecided"


def test_nothing_is_decided_without_test_responses():
    responses, start, best = predictions(0)
    for given in (np.full_like(responses, np.nan), responses[:0]):
        rows = len(given)
        before, _, gain = gain_in_explained_variance(start[:rows], best[:rows], given, **RESAMPLING)
        assert np.isnan(before) and np.isnan(gain.estimate) and verdict(gain) == "undecided"
    _, _, gain = gain_in_accuracy(start[:0], best[:0], np.zeros(0, int), **RESAMPLING)
    assert verdict(gain) == "undecided"


def test_the_table_has_both_gains():
    models = {"m": {"task": "responses", "target": "category", "start": "base"}}
    epochs = pd.DataFrame(
        {
            "epoch": [0, 1, 2],
            "validation_score": [0.3, 0.34, 0.2],
            "is_best": [False, True, False],
            "retrained_parameters": 5,
            "head_parameters": 2,
        }
    )
    gain = 0.25, 0.24, Difference(-0.01, -0.05, 0.03, 0.6)
    row = table_of_training(models, {"m": epochs}, {"m": gain}).iloc[0]
    assert row["gain"] == pytest.approx(0.04)
    assert (row["test_gain"], row["test_gain_low"], row["test_gain_high"]) == (-0.01, -0.05, 0.03)
    assert row["beats_start"] == "undecided"


def test_tables_to_be_read_name_models_by_their_labels():
    models = {
        "a": {"task": "classification", "target": "object", "start": "random"},
        "a.x-1": {"task": "responses", "target": "category", "start": "a"},
    }
    described = {"label": "Net", "variant": "deep", "group": "Models"}
    names = variant_names(
        {
            "a": {**described, "settings": {}},
            "a.x-1": {**described, "settings": {"weight_decay": 0.5}},
        }
    )
    assert names == {"a": "Net, deep", "a.x-1": "Net, deep; weight_decay 0.5"}
    epochs = pd.DataFrame(
        {
            "epoch": [0, 1],
            "validation_score": [0.3, 0.4],
            "is_best": [False, True],
            "retrained_parameters": 12345,
            "head_parameters": 2,
        }
    )
    gain = 0.2, np.nan, Difference(np.nan, np.nan, np.nan, np.nan)
    table = table_of_training(models, dict.fromkeys(models, epochs), dict.fromkeys(models, gain))
    lines = training_in_words(table, models, names).splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:4]]
    assert rows[0][:5] == ["Net, deep", "object", "random", "12,345", "1 of 1"]
    assert rows[1][:3] == ["Net, deep; weight_decay 0.5", "responses", "Net, deep"]
    assert rows[1][5:9] == ["0.200", "–", "–", "–"]
    table = pd.DataFrame([["a", "object", "test", 0.5, 0.25, 8, 4, 12345]], columns=CLASSES)
    line = classification_in_words(table, names).splitlines()[2]
    assert [cell.strip() for cell in line.strip("|").split("|")] == [
        *("Net, deep", "object", "test", "0.500", "0.250", "8", "4")
    ]
