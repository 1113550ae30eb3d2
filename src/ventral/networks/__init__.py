"""Neural networks, built from an entry of the config with their weights and preprocessing."""
