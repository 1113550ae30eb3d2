"""Scores of predictions, ceilings of sites, summaries and tables."""

BRAIN_SCORES = ("r2_over_ceiling", "r_over_ceiling_squared")
"""Measures of published numbers that are of Brain-Score's protocol: only its own table has them."""
