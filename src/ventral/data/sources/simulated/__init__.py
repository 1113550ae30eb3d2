"""Simulated objects and sites."""
