"""The measures against rsatoolbox, SciPy, sums over all quadruples, and exact identities."""

import itertools

import numpy as np
import pytest
import rsatoolbox
from scipy.linalg import block_diag
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist
from scipy.stats import ortho_group, spearmanr

from ventral.similarity.alignment import measure_alignment, pair_means
from ventral.similarity.distances import (
    angles_of_distances,
    distances_of_gram,
    distances_of_responses,
)
from ventral.similarity.measure import MEASURES, Geometry, measure
from ventral.similarity.procrustes import factor, procrustes_distance
from ventral.similarity.ranks import correlate, places, rank


def centred(x):
    return x - x.mean(axis=0)


def gram(x):
    return centred(x) @ centred(x).T


def both(x, y):
    return dict(
        zip(MEASURES, measure(Geometry.of_gram(x @ x.T), Geometry.of_responses(y)), strict=True)
    )


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 200))
    return x, x[:, :12] @ rng.normal(size=(12, 9)) + rng.normal(size=(30, 9)) + 5


def rdms(*patterns):
    return [
        rsatoolbox.rdm.RDMs(pdist(values, "sqeuclidean")[None] / values.shape[1])
        for values in patterns
    ]


@pytest.mark.parametrize(
    ("name", "method"),
    [("cka", "cosine_cov"), ("rsa_whitened", "corr_cov"), ("rsa_spearman", "spearman")],
)
def test_as_rsatoolbox(pair, name, method):
    expected = rsatoolbox.rdm.compare(*rdms(*pair), method=method)[0, 0]
    assert both(*pair)[name] == pytest.approx(expected, abs=1e-9)


def test_rsa_of_cosines_as_scipy_and_rsatoolbox(pair):
    distances = [pdist(centred(values), "cosine") for values in pair]
    expected = spearmanr(*distances).statistic
    assert both(*pair)["rsa_cosine"] == pytest.approx(expected, abs=1e-9)
    theirs = rsatoolbox.rdm.compare(*(rsatoolbox.rdm.RDMs(d[None]) for d in distances), "spearman")
    assert both(*pair)["rsa_cosine"] == pytest.approx(theirs.item(), abs=1e-9)


def test_a_pattern_that_is_the_mean_has_no_direction():
    x = np.vstack([np.eye(4), np.full(4, 0.25)])
    angles = angles_of_distances(distances_of_responses(x))
    np.testing.assert_allclose(angles[4], [1, 1, 1, 1, 0])
    np.testing.assert_allclose(angles[0, 1:4], 4 / 3)
    assert not angles_of_distances(np.zeros((3, 3)))[0, 0]


def test_cka_as_it_is_defined(pair):
    k, other = (gram(values) for values in pair)
    expected = (k * other).sum() / np.sqrt((k * k).sum() * (other * other).sum())
    assert both(*pair)["cka"] == pytest.approx(expected, abs=1e-12)


def unbiased_hsic(k, other):
    """HSIC₁ of Song et al. 2012, as in their equation 5."""
    n = len(k)
    k, other = (m - np.diag(np.diag(m)) for m in (k, other))
    one = np.ones(n)
    return (
        np.trace(k @ other)
        + (one @ k @ one) * (one @ other @ one) / ((n - 1) * (n - 2))
        - 2 / (n - 2) * (one @ k @ other @ one)
    ) / (n * (n - 3))


def test_debiased_cka_as_it_is_defined(pair):
    k, other = (values @ values.T for values in pair)
    expected = unbiased_hsic(k, other) / np.sqrt(unbiased_hsic(k, k) * unbiased_hsic(other, other))
    assert both(*pair)["cka_debiased"] == pytest.approx(expected, abs=1e-10)


def test_procrustes_as_scipy(pair):
    x, y = pair
    wide = np.pad(y, ((0, 0), (0, x.shape[1] - y.shape[1])))
    disparity = procrustes(x, wide)[2]  # 1 − ν², where it may scale as well
    expected = np.sqrt(2 - 2 * np.sqrt(1 - disparity))
    assert both(x, y)["procrustes_distance"] == pytest.approx(expected, abs=1e-9)


def test_procrustes_of_more_sites_than_stimuli():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(9, 4)), rng.normal(size=(9, 40))
    expected = procrustes(np.pad(x, ((0, 0), (0, 36))), y)[2]
    found = procrustes_distance(x, y)
    assert 1 - (1 - found**2 / 2) ** 2 == pytest.approx(expected, abs=1e-9)


def test_the_same_shape_turned_shifted_and_scaled_is_the_same():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(25, 40))
    turned = 3 * x @ ortho_group.rvs(40, random_state=2) + 7
    assert both(x, turned) == pytest.approx(
        dict.fromkeys(MEASURES, 1) | {"procrustes_distance": 0}, abs=1e-6
    )


def test_debiased_cka_of_independent_data_is_near_zero_where_cka_is_not():
    rng = np.random.default_rng(2)
    draws = [both(rng.normal(size=(20, 500)), rng.normal(size=(20, 30))) for _ in range(200)]
    debiased = np.array([draw["cka_debiased"] for draw in draws])
    assert abs(debiased.mean()) < 4 * debiased.std() / np.sqrt(len(draws))
    assert np.mean([draw["cka"] for draw in draws]) > 0.5


def test_means_are_over_quadruples_of_different_stimuli():
    """Counts against the list of all quadruples of a resample without copies of a stimulus."""
    rng = np.random.default_rng(4)
    d, e = (distances_of_responses(rng.normal(size=(6, 3))) for _ in range(2))
    counts = np.array([2, 0, 1, 3, 1, 1])
    drawn = np.repeat(np.arange(6), counts)
    terms = np.array(
        [
            (d[i, j] * e[i, j], d[i, j] * e[i, q], d[i, j] * e[q, r])
            for i, j, q, r in itertools.permutations(drawn, 4)
            if len({i, j, q, r}) == 4
        ]
    )
    assert pair_means(d, e, counts) == pytest.approx(terms.mean(axis=0), rel=1e-12)


def test_a_resample_of_the_same_counts_is_the_sample(pair):
    geometries = Geometry.of_gram(pair[0] @ pair[0].T), Geometry.of_responses(pair[1])
    once = measure(*geometries, np.ones(30, int))
    np.testing.assert_allclose(once, measure(*geometries), atol=1e-12)
    some = np.arange(30) % 3 > 0
    part = [values[some] for values in pair]
    of_part = measure(Geometry.of_gram(part[0] @ part[0].T), Geometry.of_responses(part[1]))
    of_counts = measure(*geometries, some.astype(int))
    unlike = MEASURES.index("rsa_cosine")  # its patterns are less the mean of the whole sample
    np.testing.assert_allclose(
        np.delete(of_counts, unlike), np.delete(of_part, unlike), rtol=0, atol=1e-9
    )
    pairs = (pdist(centred(values)[some], "cosine") for values in pair)
    assert of_counts[unlike] == pytest.approx(spearmanr(*pairs).statistic, abs=1e-9)


def test_copies_of_a_stimulus_are_no_pairs():
    """Of independent representations, resampled, the debiased similarity stays near zero."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(200):
        geometries = [Geometry.of_responses(rng.normal(size=(15, 50))) for _ in range(2)]
        found.append(measure(*geometries, rng.multinomial(15, np.full(15, 1 / 15))))
    for k, name in enumerate(MEASURES):
        if name in ("cka_debiased", "rsa_spearman", "rsa_cosine", "rsa_whitened"):
            values = np.array(found)[:, k]
            assert abs(values.mean()) < 4 * values.std() / np.sqrt(len(values)), name


def test_weighted_spearman_is_that_of_repeated_pairs():
    rng = np.random.default_rng(6)
    x, y = rng.integers(0, 6, size=(2, 20)).astype(float)
    counts = rng.integers(1, 4, 20)
    expected = spearmanr(np.repeat(x, counts), np.repeat(y, counts)).statistic
    weights = counts.astype(float)
    ranks = (rank(places(v), weights) for v in (x, y))
    assert correlate(*ranks, weights) == pytest.approx(expected, abs=1e-12)


def test_resampled_procrustes_is_that_of_repeated_rows(pair):
    counts = np.random.default_rng(7).multinomial(30, np.full(30, 1 / 30))
    rows = np.repeat(np.arange(30), counts)
    x, y = factor(gram(pair[0])), pair[1]
    expected = procrustes_distance(pair[0][rows], y[rows])
    assert procrustes_distance(x, y, counts) == pytest.approx(expected, abs=1e-9)


def test_sites_drawn_twice_count_twice(pair):
    counts = np.array([2, 0, 1, 0, 3, 1, 1, 1, 0])
    drawn = Geometry.of_responses(np.repeat(pair[1], counts, axis=1))
    layer = Geometry.of_gram(gram(pair[0]))
    np.testing.assert_allclose(
        measure(layer, Geometry.of_responses(pair[1], counts)), measure(layer, drawn), atol=1e-9
    )


def test_any_centring_of_the_gram_gives_the_same(pair):
    x, y = pair
    shifted = (x - x[3]) @ (x - x[3]).T
    np.testing.assert_allclose(
        measure(Geometry.of_gram(shifted), Geometry.of_responses(y)),
        measure(Geometry.of_gram(gram(x)), Geometry.of_responses(y)),
        atol=1e-9,
    )


def test_distances_far_from_the_origin(pair):
    """Nearly equal distances of very many features lose no digits that matter."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=(40, 50_000))
    y = rng.normal(size=(40, 5))
    k, other = gram(x), gram(y)
    expected = unbiased_hsic(k, other) / np.sqrt(unbiased_hsic(k, k) * unbiased_hsic(other, other))
    found = measure_alignment(distances_of_gram(x @ x.T), distances_of_responses(y))
    assert found.cka_debiased == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("constant", ["features", "sites"])
def test_a_constant_representation_has_no_similarity(pair, constant):
    x, y = pair
    x, y = (np.ones((30, 4)), y) if constant == "features" else (x, np.full((30, 3), 2.0))
    assert np.isnan(list(both(x, y).values())).all()


def test_three_stimuli_are_too_few_and_one_site_is_enough(pair):
    x, y = pair
    assert np.isnan(list(both(x[:3], y[:3]).values())).all()
    one = both(x, y[:, :1])
    assert np.isfinite(list(one.values())).all()
    expected = spearmanr(pdist(x, "sqeuclidean"), pdist(y[:, :1], "sqeuclidean")).statistic
    assert one["rsa_spearman"] == pytest.approx(expected, abs=1e-9)


def test_features_of_rank_one(pair):
    line = pair[0][:, :1] @ np.ones((1, 60))
    assert both(line, pair[0][:, :1])["procrustes_distance"] == pytest.approx(0, abs=1e-6)


def test_ties_of_counts_are_ties():
    """Squared distances of small whole numbers are equal, also through a Gram matrix."""
    rng = np.random.default_rng(9)
    x, y = rng.poisson(1, size=(2, 25, 6)).astype(float)
    expected = spearmanr(pdist(x, "sqeuclidean"), pdist(y, "sqeuclidean")).statistic
    assert both(x, y)["rsa_spearman"] == pytest.approx(expected, abs=1e-9)


def test_two_categories_are_the_same_shape_however_wide():

    blocks = block_diag(np.ones((4, 1)), np.ones((4, 1)))
    found = both(blocks, np.repeat(blocks, 5, axis=1))
    assert found["cka"] == pytest.approx(1) and found["procrustes_distance"] < 1e-6
