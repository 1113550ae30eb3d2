"""Macaque V4 of Cowley et al. (2023)."""
