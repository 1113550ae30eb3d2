"""Progress lines in a log."""

import logging
import sys

import pytest

from ventral.jobs import progress


@pytest.mark.parametrize(("seconds", "lines"), [(10, 0), (0, 5)])
def test_lines_in_a_log(caplog, monkeypatch, seconds, lines):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", seconds)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    with caplog.at_level(logging.INFO):
        assert list(progress.track(iter("abcde"), 5, "letters")) == list("abcde")
    assert len(caplog.messages) == lines
    assert all(line.startswith("letters: ") for line in caplog.messages)
    assert lines == 0 or caplog.messages[-1].startswith("letters: 5 of 5 in")


def test_bar_in_a_terminal(caplog, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with caplog.at_level(logging.INFO):
        assert list(progress.track(range(3), 3, "steps")) == [0, 1, 2]
    assert not caplog.messages
    assert "steps: 100%" in capsys.readouterr().err
