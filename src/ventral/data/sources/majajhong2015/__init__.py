"""The public part of Majaj, Hong et al. (2015)."""
