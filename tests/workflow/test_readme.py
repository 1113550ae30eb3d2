"""README.md and docs/what_runs_again.md show the workflow as it is.

``make readme`` updates these parts of them.
"""

import re
import subprocess
import sys

import yaml
from test_rerun_contract import CONTRACT

from toy_project import ROOT

README = ROOT / "README.md"
FULL_CONFIG = [
    "config/config.yaml",
    "config/cowley_v4.yaml",
    "tests/configs/every_rule.yaml",
]
RERUNS = ROOT / "docs" / "what_runs_again.md"
PARTS = {
    "contract": re.compile(r"\| change \| runs again \|\n(?:\|.*\n)+"),
    "graph": re.compile(r"flowchart TB\n(?:    .*\n)+"),
}


def contract() -> str:
    lines = ["| change | runs again |", "|---|---|"]
    lines += [f"| {change} | {again} |" for change, again, *_ in CONTRACT]
    return "\n".join(lines) + "\n"


def graph() -> str:
    """Return the rulegraph as Snakemake draws it, with names for numbers and without colours."""
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "mermaid-js"]
    drawn = subprocess.run(
        [*command, "--configfile", *FULL_CONFIG],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", drawn))
    arrows = re.findall(r"(id\d+) --> (id\d+)", drawn)
    pairs = sorted((names[start], names[end]) for start, end in arrows if names[end] != "all")
    return "flowchart TB\n" + "".join(f"    {start} --> {end}\n" for start, end in pairs)


def test_the_page_of_reruns_shows_the_contract():
    assert PARTS["contract"].search(RERUNS.read_text())[0] == contract()


def test_the_readme_shows_the_graph():
    assert PARTS["graph"].search(README.read_text())[0] == graph()


def test_the_readme_shows_the_lines_that_a_site_changes():
    profile = (ROOT / "workflow/profiles/slurm/profile.yaml").read_text()
    site = profile.partition("# --- Your site")[2].partition("# ----")[0].partition("\n")[2]
    with_options = re.sub(r"(?m)^  # - ", "  - ", site)  # those that are only proposed
    assert yaml.safe_load(with_options).keys() >= {"jobs", "cores", "resources", "set-resources"}
    shown = re.search(r"(?s)```yaml\n(jobs: .*?)```", README.read_text())[1]
    assert yaml.safe_load(shown) == yaml.safe_load(with_options)


def write() -> None:
    for page, name, make in ((RERUNS, "contract", contract), (README, "graph", graph)):
        text = page.read_text()
        before, _, after = text.partition(PARTS[name].search(text)[0])
        page.write_text(before + make() + after)


if __name__ == "__main__":
    write()
