"""Every malformed or hostile input stops its step with the sentence that README.md here shows.

``make readme`` writes the table anew.
"""

import re
import tempfile
from pathlib import Path

import pytest

from hostile_inputs import CASES, run

README = Path(__file__).with_name("README.md")
HEAD = """# Malformed and hostile inputs

Each stops the step that meets it with one sentence, and leaves no output behind. The table is made
and held by `test_hostile_inputs.py`; `…` stands for the words of a library, or a sum. Servers that
misbehave are in `test_fetch.py`, wrong configs in `tests/workflow/test_config_check.py`.

| source | what is wrong | what the step says |
|---|---|---|
"""


def row(case, sentence):
    return f"| {case.source} | {case.what} | {sentence.replace('|', chr(92) + '|')} |"


@pytest.mark.parametrize("case", CASES, ids=[f"{case.source}: {case.what}" for case in CASES])
def test_it_is_refused_in_the_words_of_the_table(case, tmp_path, monkeypatch):
    monkeypatch.setenv("VENTRAL_MIRRORS", "")
    (tmp_path / "input").mkdir()
    assert row(case, run(case, tmp_path / "input")) in README.read_text().split("\n")


def test_the_table_has_these_cases_and_no_others():
    rows = re.findall(r"^\| (\w+) \| (.*?) \|", README.read_text(), flags=re.MULTILINE)[1:]
    assert rows == [(case.source, case.what) for case in CASES]
    assert len(rows) > 30


def write() -> None:
    rows = []
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            inside = Path(folder) / "input"
            inside.mkdir()
            rows.append(row(case, run(case, inside)))
    README.write_text(HEAD + "\n".join(rows) + "\n")


if __name__ == "__main__":
    write()
