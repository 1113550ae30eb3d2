"""Two pages that are completed when Sphinx reads them: the notebook's, and the front page.

docs/reading_results.md gets the cells of the notebook, without what they print. In the navigation
of docs/index.md the line ``*`` stands for the pages of docs/ that it does not name.
"""

import json
from pathlib import Path

DOCS = Path(__file__).parents[1]
NOTEBOOK = DOCS / "read_results.ipynb"


def cells_as_markdown() -> str:
    """Return the cells of the notebook as one Markdown text."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells]
    return "\n\n".join(
        text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```"
        for cell, text in zip(cells, texts, strict=True)
    )


def with_other_pages(index: str) -> str:
    """Return the front page with the pages that it does not name in the place of ``*``."""
    named = {"index", *index.split()}
    others = sorted(page.stem for page in DOCS.glob("*.md") if page.stem not in named)
    return index.replace("\n*\n", "\n" + "".join(f"{page}\n" for page in others))


def _read(app, name, source):
    if name == "docs/reading_results":
        source[0] = f"{cells_as_markdown()}\n\n{source[0]}"
    elif name == "docs/index":
        source[0] = with_other_pages(source[0])


def _lead_to_the_front_page(app, failure):
    """Write an index.html at the top of the site, where a web server looks for it."""
    if not failure:
        text = '<meta http-equiv="refresh" content="0; url=docs/index.html">'
        Path(app.outdir, "index.html").write_text(f"<!doctype html>{text}\n", encoding="utf-8")


def setup(app):
    """Complete the pages when Sphinx reads them, and the site when it is built."""
    app.connect("source-read", _read)
    app.connect("build-finished", _lead_to_the_front_page)
