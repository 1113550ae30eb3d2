"""Sites that are left out of the responses, by name and by reliability."""

import logging

import numpy as np
import pandas as pd
import pytest

from ventral.data.choose_sites import choose_sites
from ventral.data.responses import Responses, read_repetitions, write_responses
from ventral.errors import VentralError
from ventral.scores.ceilings import estimate_ceilings

NAMES = ["chan_01", "chan_02", "chan_1", "chan_[x]", "noise"]


def some(repetitions=6, n=40):
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(n, len(NAMES), 1))
    noise = rng.normal(size=(n, len(NAMES), repetitions)) * np.array([0.5, 1, 2, 1, 30])[:, None]
    trials = signal + noise
    trials[:5] = np.nan  # stimuli without responses
    sites = pd.DataFrame({"site_id": NAMES, "region": "IT", "animal": "A", "depth": range(5)})
    average = trials.mean(axis=2)
    ids = np.array([f"i{i}" for i in range(n)], object)
    return Responses(ids, sites, average, trials, truth={"rate": average + 1})


@pytest.mark.parametrize(
    ("exclude", "kept"),
    [
        ([], NAMES),
        (["chan_1"], ["chan_01", "chan_02", "chan_[x]", "noise"]),
        (["chan_0?", "noise"], ["chan_1", "chan_[x]"]),
        (["chan_[x]"], ["chan_01", "chan_02", "chan_1", "noise"]),
        (["chan_*"], ["noise"]),
    ],
)
def test_sites_are_left_out_by_name(exclude, kept, caplog):
    caplog.set_level(logging.INFO)
    whole = some()
    left = choose_sites(whole, {"exclude": exclude})
    assert list(left.sites["site_id"]) == kept
    columns = [NAMES.index(name) for name in kept]
    assert list(left.sites["depth"]) == columns
    np.testing.assert_array_equal(left.average, whole.average[:, columns])
    np.testing.assert_array_equal(left.repetitions, whole.repetitions[:, columns])
    np.testing.assert_array_equal(left.truth["rate"], whole.truth["rate"][:, columns])
    out = [name for name in NAMES if name not in kept]
    said = f"{len(out)} of 5 sites are left out by exclude: {', '.join(out)}"
    assert (said in caplog.text) == bool(out)


@pytest.mark.parametrize("least", [-1.0, 0.3, 0.6, 0.95])
def test_sites_of_low_reliability_are_those_with_a_low_ceiling(least, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    whole = some()
    write_responses(tmp_path / "responses.zarr", whole)
    _, trials = read_repetitions(tmp_path / "responses.zarr")
    ceilings = estimate_ceilings(whole.sites, trials, seed=3)["ceiling"].to_numpy()
    expected = [name for name, value in zip(NAMES, ceilings, strict=True) if value >= least]
    left = choose_sites(whole, {"min_reliability": least, "seed": 3})
    assert list(left.sites["site_id"]) == expected
    if len(expected) < 5:
        assert f"by min_reliability ({least:g}): " in caplog.text
        assert f"noise ({ceilings[4]:.3f})" in caplog.text


def test_a_site_whose_reliability_is_not_known_is_left_out(caplog):
    caplog.set_level(logging.INFO)
    whole = some()
    whole.repetitions[:, 1, 1:] = np.nan  # one trial each
    left = choose_sites(whole, {"min_reliability": -1.0, "seed": 0})
    assert "chan_02" not in set(left.sites["site_id"])
    assert "chan_02 (unknown)" in caplog.text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"exclude": ["chan_3"]}, "exclude: 'chan_3' fits no site; did you mean 'chan_"),
        ({"exclude": ["*"]}, "exclude leaves none of the 5 sites: chan_01, "),
        ({"min_reliability": 1.0, "seed": 0}, r"min_reliability \(1\) leaves none of the 5 sites"),
    ],
)
def test_what_leaves_no_site_is_refused(settings, message):
    with pytest.raises(VentralError, match=f"responses: sites: {message}"):
        choose_sites(some(), settings)


def test_without_trials_no_reliability_is_known():
    whole = some()
    averaged = Responses(whole.stimulus_id, whole.sites, whole.average)
    with pytest.raises(VentralError, match="min_reliability: the data set has no single trials"):
        choose_sites(averaged, {"min_reliability": 0.1, "seed": 0})


def test_missing_responses_are_said(caplog):
    whole = some()
    whole.average[7:9, 2] = np.nan
    whole.average[:, 4] = np.nan
    assert choose_sites(whole, {}) is whole
    assert "2 of 5 sites lack responses to some stimuli (37 of 175 responses" in caplog.text
    assert "1 sites have no responses at all and are counted as undefined: noise." in caplog.text
    caplog.clear()
    choose_sites(some(), {})
    assert not caplog.text  # stimuli without any are not missing at a site
