"""Which lines of the default profile a run does not follow."""

import pytest
import yaml

from helpers import ROOT
from ventral.jobs.profile import RERUN_SETTINGS, missing_settings

PROFILE = ROOT / "workflow" / "profiles" / "default" / "profile.yaml"
FOLLOWED = {key: yaml.safe_load(PROFILE.read_text())[key] for key in RERUN_SETTINGS}


def test_a_run_that_follows_the_profile_lacks_nothing():
    assert missing_settings(PROFILE, FOLLOWED) == []
    reordered = FOLLOWED | {"rerun-triggers": FOLLOWED["rerun-triggers"][::-1]}
    assert missing_settings(PROFILE, reordered) == []
    assert missing_settings(PROFILE, FOLLOWED | {"max-checksum-file-size": 10**15}) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rerun-triggers", ["mtime", "params", "input", "software-env", "code"]),
        ("rerun-triggers", ["mtime"]),
        ("max-checksum-file-size", 1_000_000),
        ("rerun-incomplete", False),
    ],
)
def test_the_line_that_is_missing_can_be_copied_as_it_is(key, value):
    (line,) = missing_settings(PROFILE, FOLLOWED | {key: value})
    assert yaml.safe_load(line) == {key: FOLLOWED[key]}
