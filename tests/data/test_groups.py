"""Groups of stimuli stay together, and a readout that has seen a view of each scene shows it."""

import numpy as np
import pandas as pd
import pytest

from ventral.data.assign_split import assign_split
from ventral.data.responses import Responses
from ventral.data.splits import groups_of, partitions_of, rows_of
from ventral.errors import VentralError
from ventral.features.gram import gram_of_array
from ventral.features.pca import fit_pca
from ventral.readouts.fit import fit_readout
from ventral.readouts.regression import DEFAULT_GRID, alpha_grid, fit_ridge_cv
from ventral.scores.measures import explained_variance

DEFAULTS = {"seed": 0, "test_fraction": 0.2, "folds": 5, "repeats": 6}
DEFAULTS |= {"fractions": {"train": 4, "validation": 1, "test": 1}}


def table(groups) -> pd.DataFrame:
    names = [f"s{i:03d}" for i in range(len(groups))]
    labels = ["face" if int(group[1:]) % 2 else "car" for group in groups]
    return pd.DataFrame({"stimulus_id": names, "group": groups, "category": labels})


EQUAL = [f"g{i // 6}" for i in range(180)]
UNEQUAL = [f"g{int(np.sqrt(i))}" for i in range(180)]


@pytest.mark.parametrize("groups", [EQUAL, UNEQUAL], ids=["equal", "unequal"])
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    "settings",
    [
        {"method": "random"},
        {"method": "random", "fractions": {"train": 1, "validation": 0, "test": 1}},
        {"method": "k_fold"},
        {"method": "k_fold", "by": "category"},
        {"method": "repeated"},
    ],
)
def test_no_group_is_divided(groups, settings, seed):
    stimuli = table(groups)
    split = assign_split(stimuli, DEFAULTS | settings | {"group": "group", "seed": seed})
    for partition in partitions_of(split).values():
        assert (partition.groupby(stimuli["group"])["split"].nunique() == 1).all()
        assert {"train", "test"} <= set(partition["split"])
    again = assign_split(stimuli, DEFAULTS | settings | {"group": "group", "seed": seed})
    pd.testing.assert_frame_equal(split, again)
    other = assign_split(stimuli, DEFAULTS | settings | {"group": "group", "seed": seed + 7})
    assert not split.equals(other)


@pytest.mark.parametrize("groups", [EQUAL, UNEQUAL], ids=["equal", "unequal"])
def test_parts_have_nearly_their_sizes(groups):
    split = assign_split(table(groups), DEFAULTS | {"method": "random", "group": "group"})
    sizes = split["split"].value_counts()
    largest = pd.Series(groups).value_counts().max()
    for part in ("validation", "test"):
        assert abs(sizes[part] - 30) <= largest / 2


def test_every_group_is_tested_once_in_k_folds():
    split = assign_split(table(EQUAL), DEFAULTS | {"method": "k_fold", "group": "group"})
    tested = sum((fold["split"] == "test").to_numpy() for fold in partitions_of(split).values())
    assert (tested == 1).all()
    assert list(groups_of(split)) == EQUAL
    assert groups_of(assign_split(table(EQUAL), DEFAULTS | {"method": "k_fold"})) is None


def test_as_few_groups_as_parts_are_enough():
    split = assign_split(
        table(["g0", "g1", "g2"] * 10), DEFAULTS | {"method": "random", "group": "group"}
    )
    assert set(split["split"]) == {"train", "validation", "test"}


@pytest.mark.parametrize(
    ("settings", "groups", "message"),
    [
        (
            {"method": "random", "group": "scene"},
            EQUAL,
            "group: 'scene' is not a column of .*group",
        ),
        ({"method": "random"}, ["g0", "g1"] * 30, "2 groups are too few for 3 parts"),
        ({"method": "k_fold"}, ["g0", "g1"] * 30, "5 folds need more than 2 groups"),
        ({"method": "given"}, EQUAL, "method 'given' cannot keep groups together"),
        ({"method": "stratified"}, EQUAL, "method 'stratified' cannot keep groups together"),
        (
            {"method": "repeated", "by": "category"},
            EQUAL,
            "'repeated' with 'by' cannot keep groups",
        ),
    ],
)
def test_what_cannot_be_grouped_is_refused(settings, groups, message):
    with pytest.raises(VentralError, match=message):
        assign_split(table(groups), DEFAULTS | {"group": "group"} | settings)


def test_a_stimulus_without_a_group_is_named():
    stimuli = table(EQUAL)
    stimuli.loc[4, "group"] = " "
    with pytest.raises(VentralError, match="stimulus 's004' has no group"):
        assign_split(stimuli, DEFAULTS | {"method": "random", "group": "group"})


def test_views_of_one_scene_predict_one_another_and_no_new_scene():
    """Sites that know each scene alone: what a random split calls prediction is memory."""
    rng = np.random.default_rng(0)
    scenes = np.repeat(np.arange(40), 8)
    features = rng.normal(size=(40, 200))[scenes] + 0.4 * rng.normal(size=(320, 200))
    responses = rng.normal(size=(40, 10))[scenes] + 0.5 * rng.normal(size=(320, 10))
    stimuli = table([f"g{scene}" for scene in scenes])

    def score(**settings) -> float:
        split = assign_split(stimuli, DEFAULTS | {"method": "random"} | settings)
        train, test = rows_of(split, "train"), rows_of(split, "test")
        components = fit_pca(gram_of_array(features), train, None)
        alphas = alpha_grid(DEFAULT_GRID, components.eigenvalues, len(train))
        fitted = components.scores[train]
        readout = fit_ridge_cv(fitted, components.eigenvalues, responses[train], alphas)
        predicted = readout.predict(components.scores[test])
        return explained_variance(responses[test], predicted).mean()

    assert score() > 0.5
    assert score(group="group") < 0


def test_alpha_can_be_chosen_by_leaving_out_groups():
    """Where groups share what is not of the features, leave-one-out takes it for signal."""
    rng = np.random.default_rng(1)
    scenes = np.repeat(np.arange(20), 8)
    features = rng.normal(size=(20, 200))[scenes] + 0.4 * rng.normal(size=(160, 200))
    responses = rng.normal(size=(20, 6))[scenes] + 0.5 * rng.normal(size=(160, 6))
    components = fit_pca(gram_of_array(features), np.arange(160), None)
    sites = pd.DataFrame({"site_id": list("abcdef"), "region": "IT", "animal": ""})
    recorded = Responses(np.array([f"s{i}" for i in range(160)], object), sites, responses)
    alphas = {}
    for way in ("leave_one_out", "groups"):
        settings = {"method": "ridge_cv", "alpha_for": "site", "choose_alpha": way}
        given = components.scores, components.eigenvalues, recorded, np.arange(160)
        alphas[way] = fit_readout(settings, *given, groups=scenes)[0].alpha
    assert np.median(alphas["groups"] / alphas["leave_one_out"]) > 30
