"""Stores, their manifests and layout, tables on disk, and where a result came from."""
