"""Dissimilarity matrices as targets: published ones, or a lab's own."""
