"""Settings of the documentation, which `make docs` builds into `site/`.

The source folder is the root of the repository: README.md and config/README.md are pages too, and a
link works both on the site and where a file is read as it is. Building and reading the site need no
network.
"""

import sys
from pathlib import Path

from pygments.lexers.special import TextLexer

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "src")]

project = "ventral"
author = "the authors of ventral"
project_copyright = "the authors of ventral, MIT licence"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "_extensions.mathml",
    "_extensions.pages",
]
root_doc = "docs/index"
include_patterns = ["docs/*.md", "*.md", "config/*.md", "tests/data/*.md", "benchmarks/*.md"]
# Folders in which nothing is looked for: they can be large.
exclude_patterns = ["results", "resources", "logs", "site", ".*", "**/node_modules"]

myst_heading_anchors = 4
myst_enable_extensions = ["dollarmath"]
html_math_renderer = "mathml"
html_theme = "furo"
html_title = "ventral"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_use_index = False
html_static_path: list[str] = []
html_theme_options = {"top_of_page_buttons": []}

default_role = "literal"
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
# README.md and what it links to are pages, and not in the navigation; all of docs/ is.
suppress_warnings = ["toc.not_included"]


def setup(app):
    """Show the text of README's graph, which GitHub draws."""
    app.add_lexer("mermaid", TextLexer)
