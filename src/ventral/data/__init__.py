"""Stimulus sets, responses, splits, and the data sets they come from."""
