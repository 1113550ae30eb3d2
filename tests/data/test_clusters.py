"""Whole clusters of images that look alike are held out, beside a part in distribution."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from ventral.data.assign_split import assign_split
from ventral.data.clusters import CLUSTERS, cluster_images, clusters_for, small_images
from ventral.data.splits import partitions_of
from ventral.errors import VentralError

DEFAULTS = {"seed": 0, "test_fraction": 0.2, "folds": 4, "repeats": 3}
DEFAULTS |= {"fractions": {"train": 4, "validation": 1, "test": 1}}


def images(n=120, kinds=10, side=40, seed=0):
    """Return images of a few kinds, each a noisy copy of one."""
    rng = np.random.default_rng(seed)
    prototypes = rng.uniform(40, 215, (kinds, side, side, 3))
    noisy = prototypes[np.arange(n) % kinds] + rng.normal(0, 8, (n, side, side, 3))
    return noisy.clip(0, 255).astype(np.uint8)


def table(n):
    return pd.DataFrame({"stimulus_id": [f"s{i:03d}" for i in range(n)]})


def split_of(shown, **settings):
    settings = DEFAULTS | settings
    return assign_split(table(len(shown)), settings, clusters_for([shown], settings))


def test_small_images_are_the_means_of_blocks():
    shown = images(n=6, kinds=3, side=64)
    blocks = shown.reshape(6, 32, 2, 32, 2, 3).mean(axis=(2, 4)) / 255
    np.testing.assert_allclose(
        small_images([shown[:4], shown[4:]]), blocks.reshape(6, -1), atol=1e-6
    )
    as_floats = small_images([(shown / 255).astype(np.float32)])
    np.testing.assert_allclose(as_floats, blocks.reshape(6, -1), atol=1e-6)
    few = images(n=2, kinds=2, side=20)
    np.testing.assert_allclose(small_images([few]), few.reshape(2, -1) / 255, atol=1e-6)
    wide = small_images([np.zeros((1, 4, 100, 3), np.uint8)])
    assert wide.shape == (1, 1 * 32 * 3)


def test_clusters_are_those_of_scikit_learn_and_of_the_kinds():
    shown = images()
    found = cluster_images([shown[:50], shown[50:]], 10, seed=1)
    expected = KMeans(10, n_init=10, random_state=1).fit_predict(small_images([shown]))
    assert adjusted_rand_score(expected, found) == 1
    assert adjusted_rand_score(np.arange(120) % 10, found) == 1
    assert list(dict.fromkeys(found)) == [f"cluster_{i}" for i in range(10)]  # as first shown


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_whole_clusters_are_held_out_and_a_part_of_those_that_train(seed):
    split = split_of(images(), method="cluster", clusters=10, seed=seed)
    kinds = pd.Series(np.arange(120) % 10)
    parts = split["split"].groupby(kinds).agg(lambda parts: frozenset(parts))
    inside = {"train", "test_in_distribution"}
    assert all(found <= inside or len(found) == 1 for found in parts)
    sizes = split["split"].value_counts()
    assert sizes["test_in_distribution"] == round(120 / 7)
    assert set(sizes.index) == {"train", "validation", "test", "test_in_distribution"}
    assert all(12 <= sizes[part] <= 24 for part in ("validation", "test"))  # clusters of 12
    assert split["group"].nunique() == 10
    assert split.equals(split_of(images(), method="cluster", clusters=10, seed=seed))


def test_the_number_of_clusters_has_a_default_and_the_part_in_distribution_can_be_left_out():
    shown = images(kinds=20)
    fractions = {"train": 3, "validation": 0, "test": 1, "test_in_distribution": 0}
    split = split_of(shown, method="cluster", fractions=fractions)
    assert split["group"].nunique() == CLUSTERS
    assert set(split["split"]) == {"train", "test"}


@pytest.mark.parametrize("method", ["k_fold", "repeated"])
def test_folds_divide_no_cluster(method):
    split = split_of(images(), method=method, clusters=10)
    for partition in partitions_of(split).values():
        assert (partition["split"].groupby(split["group"]).nunique() == 1).all()
        assert set(partition["split"]) == {"train", "test"}


def test_groups_have_a_part_in_distribution_on_request():
    stimuli = table(90).assign(group=[f"scene{i % 15}" for i in range(90)])
    fractions = DEFAULTS["fractions"] | {"test_in_distribution": 1}
    settings = DEFAULTS | {"method": "random", "group": "group", "fractions": fractions}
    split = assign_split(stimuli, settings)["split"]
    of = {part: set(stimuli["group"][split == part]) for part in set(split)}
    assert not of["train"] & (of["test"] | of["validation"])
    assert of["test_in_distribution"] <= of["train"]
    assert (split == "test_in_distribution").sum() == round(90 / 7)
    without = assign_split(stimuli, settings | {"fractions": DEFAULTS["fractions"]})["split"]
    assert set(without) == {"train", "validation", "test"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "cluster", "clusters": 2}, "2 clusters are too few for 3 parts"),
        ({"method": "cluster", "clusters": 121}, "121 clusters are too many for 120 different"),
        ({"method": "random", "clusters": 4}, "clusters: method 'random' has none; give method cl"),
        ({"method": "k_fold", "clusters": 4, "group": "group"}, "'group' names other groups"),
        ({"method": "repeated", "clusters": 4, "by": "object"}, "cannot be stratified"),
        ({"method": "k_fold", "clusters": 3}, "4 folds need more than 3 groups"),
        ({"method": "cluster", "group": "group"}, "cannot keep groups together"),
    ],
)
def test_what_cannot_be_clustered_is_refused(settings, message):
    with pytest.raises(VentralError, match=f"split: .*{message}"):
        split_of(images(), **settings)


def test_too_many_clusters_for_equal_images_are_counted():
    equal = np.repeat(images(n=3, kinds=3), 20, axis=0)
    with pytest.raises(VentralError, match="4 clusters are too many for 3 different images"):
        split_of(equal, method="cluster", clusters=4)
    assert (
        split_of(equal, method="cluster", clusters=3, fractions=DEFAULTS["fractions"]) is not None
    )
    with pytest.raises(VentralError, match="there are no images to cluster"):
        cluster_images([], 2)


def test_a_part_in_distribution_that_takes_all_that_trains_is_refused():
    greedy = {"train": 1, "validation": 1, "test": 1, "test_in_distribution": 20}
    with pytest.raises(VentralError, match=r"too few to hold out .* as test_in_distribution"):
        split_of(images(), method="cluster", clusters=10, fractions=greedy)


@pytest.mark.parametrize("method", ["random", "stratified"])
def test_a_random_split_needs_no_other_part_in_distribution(method):
    asked = DEFAULTS["fractions"] | {"test_in_distribution": 1}
    stimuli = table(60).assign(object=["a", "b"] * 30)
    with pytest.raises(VentralError, match=f"is in distribution with method '{method}'; give sh"):
        assign_split(stimuli, DEFAULTS | {"method": method, "fractions": asked})
