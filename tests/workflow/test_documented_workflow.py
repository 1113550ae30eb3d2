"""The documentation shows the workflow as it is.

``make readme`` updates these parts of it.
"""

import re
import subprocess
import sys

import networkx
import yaml
from test_rerun_contract import CONTRACT

from toy_project import ROOT

FULL_CONFIG = [
    "config/config.yaml",
    "config/cowley_v4.yaml",
    "tests/configs/every_rule.yaml",
]
PARTS = {
    "docs/what_runs_again.md": re.compile(r"\| change \| runs again \|\n(?:\|.*\n)+"),
    "docs/how_it_works.md": re.compile(r"flowchart TB\n(?:    .*\n)+"),
}
"""The part of each page that is written here."""


def contract() -> str:
    lines = ["| change | runs again |", "|---|---|"]
    lines += [f"| {change} | {again} |" for change, again, *_ in CONTRACT]
    return "\n".join(lines) + "\n"


def graph() -> str:
    """Return the graph of rules, without the arrows that follow from others."""
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
    pairs = [(names[start], names[end]) for start, end in arrows if names[end] != "all"]
    stages = [pair for pair in pairs if pair[0] == pair[1]]  # a training that starts from another
    reduced = networkx.transitive_reduction(
        networkx.DiGraph(pair for pair in pairs if pair not in stages)
    )
    drawn_pairs = sorted([*reduced.edges, *stages])
    return "flowchart TB\n" + "".join(f"    {start} --> {end}\n" for start, end in drawn_pairs)


def text_of(page: str) -> str:
    return (ROOT / page).read_text()


def test_the_documentation_shows_the_contract():
    page = "docs/what_runs_again.md"
    assert PARTS[page].search(text_of(page))[0] == contract()


def test_the_documentation_shows_the_graph():
    page = "docs/how_it_works.md"
    assert PARTS[page].search(text_of(page))[0] == graph()


def test_the_documentation_shows_the_lines_that_a_site_changes():
    profile = (ROOT / "workflow/profiles/slurm/profile.yaml").read_text()
    site = profile.partition("# --- Your site")[2].partition("# ----")[0].partition("\n")[2]
    with_options = re.sub(r"(?m)^  # - ", "  - ", site)  # those that are only proposed
    assert yaml.safe_load(with_options).keys() >= {"jobs", "cores", "resources", "set-resources"}
    shown = re.search(r"(?s)```yaml\n(jobs: .*?)```", text_of("docs/cluster.md"))[1]
    assert yaml.safe_load(shown) == yaml.safe_load(with_options)


def write() -> None:
    for page, made in (("docs/what_runs_again.md", contract()), ("docs/how_it_works.md", graph())):
        before, _, after = text_of(page).partition(PARTS[page].search(text_of(page))[0])
        (ROOT / page).write_text(before + made + after)


if __name__ == "__main__":
    write()
