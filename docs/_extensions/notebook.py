"""The notebook as a page: its text and code, without what it prints.

The source is docs/reading_results.md, a page that holds one line; the cells take its place.
"""

import json
from pathlib import Path

NOTEBOOK = Path(__file__).parents[1] / "read_results.ipynb"
PAGE = "docs/reading_results"


def as_markdown() -> str:
    """Return the cells of the notebook as one Markdown text."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells]
    return "\n\n".join(
        text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```"
        for cell, text in zip(cells, texts, strict=True)
    )


def _read(app, name, source):
    if name == PAGE:
        source[0] = f"{as_markdown()}\n\n{source[0]}"


def setup(app):
    """Put the cells into the page when Sphinx reads it."""
    app.connect("source-read", _read)
