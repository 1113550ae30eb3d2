"""Figures drawn from the tables of scores."""
