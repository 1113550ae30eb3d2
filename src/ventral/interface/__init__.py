"""What ``import ventral`` offers: arrays in, a result out; no config and no files needed.

`ventral.ridge_cv`, `ventral.pls`, `ventral.pca`, `ventral.noise_ceiling`, `ventral.score` and
`ventral.open_store` are defined here, on the same numerics as the steps of the workflow.
"""
