"""Scores of predictions, ceilings of sites, summaries and tables."""
