"""Similarity of two representations of the same stimuli, from their Gram matrices."""
