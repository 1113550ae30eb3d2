"""Which jobs a split adds that tests in and out of distribution, and what it may not ask."""

import pytest

from helpers import ROOT
from ventral.errors import VentralError
from ventral.study.check_config import check_config
from ventral.study.steps import jobs_of

ADDED = {"measure_distances", "tabulate_generalisation", "draw_generalisation"}
SHIFT = {"method": "shift", "by": "object", "train": ["a"], "test": ["b"]}
NO_PART = {"fractions": {"test_in_distribution": 0}}
ON_REQUEST = {"fractions": {"test_in_distribution": 0.5}}


def study(split, readout=None):
    return check_config(
        {
            "datasets": {"d": {"source": "simulated", "split": split}},
            "models": {"pixels": {"architecture": "pixels", "taps": {"main": ["pixels"]}}},
            "readouts": {"raw": readout or {"method": "ridge_cv", "features": "raw"}},
        },
        ROOT / "workflow" / "schemas",
    )


@pytest.mark.parametrize(
    ("split", "has_part"),
    [
        ({}, False),
        ({"method": "random"}, False),
        ({"method": "random", "group": "object"}, False),
        ({"method": "random", "group": "object", **ON_REQUEST}, True),
        ({"method": "k_fold", "clusters": 6}, False),
        (SHIFT, True),
        (SHIFT | NO_PART, False),
        ({"method": "cluster"}, True),
        ({"method": "cluster", "clusters": 9, **ON_REQUEST}, True),
        ({"method": "cluster", **NO_PART}, False),
    ],
)
def test_a_part_in_distribution_has_a_table_and_a_figure(split, has_part):
    found = study(split)
    jobs = [step for step, _ in jobs_of(found)]
    assert ADDED & set(jobs) == (ADDED if has_part else set())
    assert found.datasets_with_generalisation == (["d"] if has_part else [])


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"method": "random", "clusters": 5}, "clusters: method 'random' has none"),
        ({"method": "k_fold", "clusters": 5, "group": "object"}, "clusters: 'group' names other"),
        ({"method": "repeated", "clusters": 5, "by": "object"}, "cannot be stratified"),
        ({"method": "cluster", "clusters": 1}, "clusters"),
        ({"method": "k_fold", **ON_REQUEST}, "all that tests is in distribution with method"),
        (ON_REQUEST, "all that tests is in distribution with method 'given'"),
    ],
)
def test_what_a_split_cannot_follow_is_refused_in_the_plan(split, message):
    with pytest.raises(VentralError, match=f"datasets: d: split: .*{message}"):
        study(split)


def test_clusters_are_groups_to_choose_alpha_by():
    by_groups = {"method": "ridge_cv", "features": "raw", "choose_alpha": "groups"}
    assert study({"method": "cluster"}, by_groups).readouts
    with pytest.raises(VentralError, match="the split has none"):
        study({"method": "random"}, by_groups)
