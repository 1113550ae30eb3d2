"""Write docs/results.md: what each file under results/ holds."""

import fnmatch
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "results.md"
FACTS = yaml.safe_load(Path(__file__).with_name("results.yaml").read_text(encoding="utf-8"))
REPORTED = re.compile(r'report\(\s*"<results>/([^"]+)\.\w+",\s*caption="\.\./report/(\w+)\.rst"')
HEAD = """# What each table and figure says

`make` or `snakemake` ends with the folder of the results. Start with `tables/models.md`.

**Which number do I quote?** The mean explained variance of a model at its committed layer, with its
interval, from `results/{dataset}/tables/models.md`; say on how many sites and test stimuli it was
measured. To say that one model is better than another, quote the difference from
`tables/comparisons.md`. [Concepts](concepts.md) defines every score.

A table is a `.csv` with all columns; most have a `.md` beside it with the columns that fit a page.
A figure is a `.png` and a `.svg`. `{dataset}` is the name of a data set or pool of the config.
"""


def captions() -> dict[str, str]:
    """Return the caption of each table and figure, by its path in results/ without the ending."""
    found = {}
    for rules in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        for path, caption in REPORTED.findall(rules.read_text(encoding="utf-8")):
            text = (ROOT / "workflow" / "report" / f"{caption}.rst").read_text(encoding="utf-8")
            text = text.replace("{{ snakemake.wildcards.dataset }}", "{dataset}")
            found[path] = " ".join(text.split())
    return found


def described(path: str) -> bool:
    """Tell whether the page describes a file, `path` relative to results/ with ``{dataset}``."""
    stem = path.rpartition(".")[0]
    known = stem in FACTS["tables"] or stem in FACTS["figures"]
    return known or any(fnmatch.fnmatch(path, pattern) for pattern in FACTS["files"])


def column_described(name: str) -> bool:
    """Tell whether the page describes a column of a CSV file."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in FACTS["columns"])


def page() -> str:
    """Return the page."""
    caption = captions()
    lines = [HEAD, "## Tables"]
    for path, facts in FACTS["tables"].items():
        lines += ["", f"### {path.rpartition('/')[2]}", "", f"`results/{path}.csv`"]
        lines += ["", *([caption[path]] if path in caption else [])]
        lines += ["", f"- A row is: {_lower(facts['row'])}", f"- Quote: {_lower(facts['quote'])}"]
    lines += ["", "## Figures", "", "| Figure | What it shows |", "|---|---|"]
    lines += [f"| `results/{path}.png` | {caption[path]} |" for path in FACTS["figures"]]
    lines += ["", "## Other files", "", "| File | What it holds |", "|---|---|"]
    lines += [f"| `results/{path}` | {what} |" for path, what in FACTS["files"].items()]
    lines += ["", "## Columns", ""]
    lines += ["Columns of the `.csv` files. `*` stands for the name of a score.", ""]
    lines += ["| Column | Meaning |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in FACTS["columns"].items()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _lower(sentence: str) -> str:
    sentence = " ".join(sentence.split())
    return sentence[:1].lower() + sentence[1:]
