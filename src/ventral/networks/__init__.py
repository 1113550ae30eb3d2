"""Neural networks: built from a config entry, with their weights and preprocessing."""
