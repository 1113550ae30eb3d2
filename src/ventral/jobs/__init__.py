"""What runs around a step and changes no number: logs, digests of code, resources, checks."""
