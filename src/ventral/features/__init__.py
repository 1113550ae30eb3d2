"""Gram matrices and the principal components made from them."""
