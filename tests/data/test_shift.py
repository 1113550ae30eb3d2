"""Splits whose test stimuli are of another kind than those that train."""

import numpy as np
import pandas as pd
import pytest

from ventral.data.assign_split import assign_split, random_split
from ventral.errors import VentralError

STIMULI = pd.DataFrame(
    {
        "stimulus_id": [f"s{i:02}" for i in range(60)],
        "colour": ["colour", "grey", "sketch"] * 20,
    }
)
SETTINGS = {
    "method": "shift",
    "by": "colour",
    "train": ["colour"],
    "test": ["grey"],
    "seed": 3,
    "fractions": {"train": 4, "validation": 1, "test": 1},
}


def test_test_stimuli_are_of_another_kind():
    split = assign_split(STIMULI, SETTINGS)
    by_kind = split["split"].groupby(STIMULI["colour"]).value_counts().to_dict()
    assert by_kind == {
        ("colour", "train"): 14,
        ("colour", "test_in_distribution"): 3,
        ("colour", "validation"): 3,
        ("grey", "test"): 20,
        ("sketch", "unused"): 20,
    }
    assert assign_split(STIMULI, SETTINGS).equals(split)
    other = assign_split(STIMULI, SETTINGS | {"seed": 4})
    assert not other.equals(split)
    np.testing.assert_array_equal(other["split"] == "test", split["split"] == "test")


def test_without_a_part_in_distribution_the_others_share_its_stimuli():
    none = SETTINGS["fractions"] | {"test_in_distribution": 0}
    split = assign_split(STIMULI, SETTINGS | {"fractions": none})["split"]
    expected = random_split(20, {"train": 4, "validation": 1, "test": 0}, SETTINGS["seed"])
    np.testing.assert_array_equal(split[STIMULI["colour"] == "colour"], expected)
    assert (split == "test_in_distribution").sum() == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"by": "color"}, "by: 'color' is not a column of the stimulus table; it has .*colour"),
        ({"test": ["gray"]}, "test: no stimulus has 'gray' as its colour; did you mean 'grey'"),
        ({"train": ["grey"]}, "'grey' is under train and under test"),
        ({"group": "colour"}, "method 'shift' cannot keep groups together"),
    ],
)
def test_what_cannot_be_shifted_is_refused(changes, message):
    with pytest.raises(VentralError, match=message):
        assign_split(STIMULI, SETTINGS | changes)


@pytest.mark.parametrize("key", ["by", "train", "test"])
def test_a_missing_key_is_named(key):
    settings = {name: value for name, value in SETTINGS.items() if name != key}
    with pytest.raises(VentralError, match=f"split: {key} is missing; shift trains"):
        assign_split(STIMULI, settings)
