"""Every malformed or hostile input stops its step with the sentence that README.md here shows.

``make readme`` writes the table again.
"""

import re
import tempfile
from pathlib import Path

import pytest

from hostile_inputs import CASES, run

README = Path(__file__).with_name("README.md")
HEAD = """# Malformed and hostile inputs

Each of these inputs stops the step that reads it with one error message, and the step leaves no
output behind. `test_hostile_inputs.py` writes this table and verifies it; `…` replaces the words of
a library, or a checksum. Faulty servers are in `test_fetch.py`, invalid configs in
`tests/study/test_check_config.py`.

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
