"""Similarity of two representations of the same stimuli, from their Gram matrices."""

MOST_RESAMPLES = 100
"""Resamples of a kind: intervals rest on a standard deviation, which needs few."""
