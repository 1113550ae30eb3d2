"""What is wrong with the text of a config is said with its file and line."""

import subprocess
import sys
from pathlib import Path

import pytest

from ventral.errors import VentralError
from ventral.study.config_files import check_config_files

SOURCE = Path(__file__).parents[2] / "src"
RIGHT = [
    "a: {b: 1, c: [1, 2]}\nd: &x {b: 1}\ne: {<<: *x, b: 2}\nf: *x\n",
    '{"a": {"b": 1}, "b": 1}',
    "one: 1\n'1': 2\n",
    "a: &a [*a]\n",
    "",
]
WRONG = [
    (
        "seed: 1\nmodels:\n  net:\n    seed: 1\n    taps: {}\n    seed: 2\n",
        "line 6: the key 'models: net: seed' is given twice, first in line 4; remove one",
    ),
    ("a: {b: 1, b: 2}\n", "line 1: the key 'a: b' is given twice, first in line 1"),
    ("a:\n  - {b: 1}\n  - b: 1\n    'b': 2\n", "line 4: the key 'a: 1: b' is given twice"),
    ('{"a": {"b": 1,\n "b": 2}}', "the key 'b' is given twice"),
    ("a: {b: 1\nc: 2\n", "line 2, column 2: not valid YAML: while parsing a flow mapping"),
    ("a:\n\tb: 1\n", r"line 2, column 1: not valid YAML: .*'\\t' .*; indent with spaces"),
    ("a: *b\n", "line 1, column 4: not valid YAML: .*undefined alias 'b'"),
    ("a: 1\n---\nb: 1\n", "line 2, column 1: not valid YAML: expected a single document"),
    ("a: \x07\n", "not valid YAML: .*special characters"),
]


@pytest.mark.parametrize("text", RIGHT)
def test_a_readable_config(tmp_path, text):
    path = tmp_path / "right.yaml"
    path.write_text(text)
    check_config_files([path])


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_config_that_cannot_be_read_is_refused_with_its_line(tmp_path, text, message):
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(VentralError, match=f"{path}[,:] .*{message}"):
        check_config_files([path])


def test_other_bytes_than_text_are_named(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_bytes(b"a: \xff")
    with pytest.raises(VentralError, match=r"wrong.yaml: cannot be read as UTF-8 text"):
        check_config_files([path])
    with pytest.raises(VentralError, match=r"none.yaml: .*No such file"):
        check_config_files([tmp_path / "none.yaml"])


def test_files_are_checked_by_hand_all_at_once(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text("a: 1\na: 2\n")
    command = [sys.executable, "-m", "ventral.study.config_files", "one.yaml", "two.yaml"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "one.yaml, line 2" in done.stderr and "two.yaml, line 2" in done.stderr
