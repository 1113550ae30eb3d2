"""A sample of the campaign that interrupts jobs over finished results of another config."""

import subprocess
import sys

import pytest

from toy_project import ROOT

pytestmark = pytest.mark.slow


def test_interrupted_jobs_leave_nothing_of_another_config():
    """The campaign compares every CSV with that of a clean run; here until 40 jobs have failed."""
    campaign = ROOT / "tests" / "campaigns" / "kill_over_finished.py"
    done = subprocess.run(
        [sys.executable, str(campaign), "40", "0", "4"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:]
