"""Regressions from features to responses."""
