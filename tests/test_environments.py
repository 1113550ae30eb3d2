"""One set of pins, and one environment per kind of job."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]


def pins(lines):
    return dict(
        line.strip().split("==") for line in lines if re.fullmatch(r"[\w.-]+==[\w.]+", line.strip())
    )


REQUIREMENTS = pins((ROOT / "requirements.txt").read_text().splitlines())


def test_every_requirement_is_pinned_exactly():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if line.strip() and not line.startswith("#")]
    assert len(wanted) == len(REQUIREMENTS)


@pytest.mark.parametrize("name", ["torch", "analysis"])
def test_conda_environments_have_the_same_pins(name):
    environment = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text())
    packages = pins(environment["dependencies"][-1]["pip"])
    assert packages
    assert packages.items() <= REQUIREMENTS.items()


def test_every_rule_has_its_script_and_every_script_its_rule():
    rules = re.findall(
        r"^rule (\w+):",
        "\n".join(
            path.read_text()
            for path in [ROOT / "Snakefile", *(ROOT / "workflow/rules").glob("*.smk")]
        ),
        flags=re.MULTILINE,
    )
    rules = [rule for rule in rules if rule not in ("all", "fetch")]  # they name targets alone
    scripts = [path.stem for path in (ROOT / "workflow/scripts").glob("*.py")]
    assert sorted(rules) == sorted(scripts)


def test_the_library_has_no_word_of_snakemake():
    told = re.compile("snakemake", re.IGNORECASE)
    files = list((ROOT / "src").rglob("*.py"))
    assert len(files) > 20
    for path in files:
        assert not told.search(path.read_text()), path
