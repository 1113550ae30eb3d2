"""Windows of time, and the weights of bins in them."""

import numpy as np
import pandas as pd
import pytest

from ventral.data.time_windows import (
    Window,
    average_bins,
    bin_weights,
    sites_in_time,
    windows_of,
)
from ventral.errors import VentralError


def test_windows_of_a_config():
    assert windows_of({}) == []
    assert windows_of({"time": {"window": [70, 170]}}) == [Window(70, 170)]
    several = windows_of({"time": {"windows": [[-50, 0], [70, 120.5]]}})
    assert list(map(str, several)) == ["-50–0 ms", "70–120.5 ms"]


@pytest.mark.parametrize(
    ("time", "words"),
    [
        ({"window": [0.07, 0.17]}, "in milliseconds, not in seconds"),
        ({"window": [170, 70]}, "must end after it starts"),
        ({"window": [0, float("inf")]}, "must end after it starts"),
        ({"windows": [[0, 10], [0, 10.0]]}, "given twice"),
        ({}, "needs either window"),
        ({"window": [0, 9], "windows": [[0, 9]]}, "needs either window"),
    ],
)
def test_windows_that_are_refused(time, words):
    with pytest.raises(VentralError, match=words):
        windows_of({"time": time})


def test_a_mean_over_bins_is_that_over_time():
    """Bins of unequal length count by their length, like samples of a millisecond."""
    edges = np.array([0, 10, 40, 50, 100])
    of_bins = np.random.default_rng(0).normal(size=(6, 4))
    of_samples = np.repeat(of_bins, np.diff(edges), axis=1)
    windows = [Window(0, 100), Window(10, 50), Window(40, 50)]
    weights = bin_weights(edges[:-1], edges[1:], windows, "file")
    means = average_bins(of_bins, weights)
    for mean, window in zip(means, windows, strict=True):
        own = of_samples[:, int(window.start) : int(window.stop)].mean(axis=1)
        np.testing.assert_allclose(mean, own, rtol=1e-12)


def test_a_bin_that_is_cut_does_not_count_and_the_log_says_what_does(caplog):
    starts = np.arange(0, 200, 25.0)
    with caplog.at_level("INFO"):
        weights = bin_weights(starts, starts + 25, [Window(70, 170)], "file")
    assert list(np.flatnonzero(weights[0])) == [3, 4, 5]
    assert "70–170 ms is the mean of 3 time bins, which go from 75 to 150 ms" in caplog.text


def test_edges_that_are_sums_of_fractions_are_in_the_window():
    starts = np.cumsum([0.1] * 2000) - 0.1
    weights = bin_weights(starts, starts + 0.1, [Window(70, 170)], "file")
    assert (weights[0] > 0).sum() == 1000


def test_one_missing_bin_makes_the_mean_missing_only_where_it_counts():
    values = np.ones((2, 3))
    values[0, 0] = np.nan
    starts = np.array([0, 10, 20])
    weights = bin_weights(starts, starts + 10, [Window(0, 20), Window(10, 30)], "file")
    means = average_bins(values, weights)
    assert np.isnan(means[0, 0]) and (means[1] == 1).all() and means[0, 1] == 1


def test_names_of_sites_in_time():
    sites = pd.DataFrame({"site_id": ["a", "b"], "region": ["V4", "IT"], "animal": "x"})
    assert sites_in_time(sites, [Window(0, 9)]) is sites
    both = sites_in_time(sites, [Window(0, 9), Window(9, 20)])
    assert list(both["site_id"]) == ["a@0-9ms", "b@0-9ms", "a@9-20ms", "b@9-20ms"]
    assert list(both["region"]) == ["V4 0–9 ms", "IT 0–9 ms", "V4 9–20 ms", "IT 9–20 ms"]
    assert list(both["animal"]) == ["x"] * 4
