"""The config as checked, typed objects: which models, layers, fits and tables a study has."""
