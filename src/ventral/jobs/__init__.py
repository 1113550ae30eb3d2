"""What runs around a step and changes no number: log, progress, digest of code, resources, checks."""
