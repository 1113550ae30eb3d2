"""Formulas as MathML, which browsers show by themselves, without a script from the network."""

from docutils import nodes
from docutils.utils.math import latex2mathml


def _visit(translator, node, block):
    tree = latex2mathml.tex2mathml(node.astext(), as_block=block)
    translator.body.append(f'<div class="math">{tree}</div>' if block else tree)
    raise nodes.SkipNode


def setup(app):
    """Register the renderer `mathml`."""
    app.add_html_math_renderer(
        "mathml",
        (lambda self, node: _visit(self, node, False), None),
        (lambda self, node: _visit(self, node, True), None),
    )
