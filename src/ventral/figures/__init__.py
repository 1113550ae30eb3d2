"""The figures: a module for each, which draws tables and knows nothing of files.

The function ``draw`` of a figure of a data set is given, in this order and as far as it needs them:

scores, summary : DataFrame
    ``scores.csv`` and ``summary.csv`` of the data set, at the committed settings of sweeps
    (`ventral.scores.reporting.at_committed_settings`). All figures of scores are given both.
models, readouts : dict
    Descriptions in the order of the config, see `ventral.scores.reporting`.
split : str
    The split whose scores are shown.
readout : str, optional
    The readout shown; by default the last ridge_cv of `readouts`.

It returns a `matplotlib.figure.Figure`, with only a message where there is nothing to show.
"""
