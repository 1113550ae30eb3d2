"""What a plan says of the size of a split is what the split has."""

import pandas as pd
import pytest

from ventral.data.assign_split import assign_split
from ventral.data.folds import largest_train_part
from ventral.data.splits import partitions_of

FRACTIONS = {"train": 4, "validation": 1, "test": 1}


@pytest.mark.parametrize("n", [37, 100])
@pytest.mark.parametrize(
    "settings",
    [
        {"method": "random", "fractions": FRACTIONS},
        {"method": "random", "fractions": {"train": 1, "validation": 0.3, "test": 0}},
        {"method": "stratified", "fractions": FRACTIONS},
        {"method": "k_fold", "folds": 3},
        {"method": "k_fold", "folds": 7, "by": "object"},
        {"method": "repeated", "repeats": 4, "test_fraction": 0.13},
        {"method": "repeated", "repeats": 4, "test_fraction": 0.5, "by": "object"},
    ],
)
def test_no_fold_trains_on_more_than_is_said(n, settings):
    settings = {"seed": 0, "test_fraction": 0.1, **settings}
    names = [f"s{i}" for i in range(n)]
    stimuli = pd.DataFrame({"stimulus_id": names, "object": [name[-1] > "4" for name in names]})
    partitions = partitions_of(assign_split(stimuli, settings)).values()
    smallest = min((partition["split"] == "train").sum() for partition in partitions)
    most = largest_train_part(n, settings)
    assert smallest <= most <= smallest + 1
    if len(partitions) == 1:
        assert smallest == most
