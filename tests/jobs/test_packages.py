"""What jobs need and is not installed."""

import pytest

from helpers import ROOT
from ventral.jobs.packages import missing_packages


def test_packages_that_are_not_installed_are_named_once(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(
            "dependencies: [python=3.11, pip, {pip: [numpy==2.4.6, no-such-package==1.0]}]\n"
        )
    assert missing_packages(tmp_path.glob("*.yaml")) == ["no-such-package"]


def test_the_environments_of_the_workflow_can_be_read():
    environments = list((ROOT / "envs").glob("*.yaml"))
    assert len(environments) == 2
    assert missing_packages(environments) == []


@pytest.mark.parametrize("part", ["python=3.11", "pip"])
def test_what_conda_itself_installs_is_not_looked_for(tmp_path, part):
    (tmp_path / "one.yaml").write_text(f"dependencies: [{part}]\n")
    assert missing_packages([tmp_path / "one.yaml"]) == []
