"""Small additions to Sphinx for this documentation."""
