"""What was predicted beside what was used, from the benchmark files of a finished run."""

from pathlib import Path

import pandas as pd

from ventral.jobs.resources.estimator import ResourceEstimator

WILDCARDS = {
    "prepare_stimuli": ("dataset",),
    "prepare_responses": ("dataset",),
    "train_model": ("dataset", "model"),
    "apply_head": ("dataset", "model"),
    "extract_activations": ("dataset", "model", "taps"),
    "compute_gram": ("dataset", "model", "taps"),
    "fit_pca": ("dataset", "model", "taps"),
    "compute_similarity": ("dataset", "model"),
    "compute_spectra": ("dataset", "model", "taps"),
    "measure_distances": ("dataset", "model", "taps"),
    "fit_readout": ("dataset", "model", "taps", "readout"),
    "score_readout": ("dataset", "model", "taps", "readout"),
    "compare_with_chance": ("dataset", "model", "taps", "readout"),
    "score_pool": ("dataset", "model", "taps", "readout"),
    "predict_between_animals": ("dataset",),
    "compare_models": ("dataset",),
    "tabulate_generalisation": ("dataset",),
}
"""The wildcards in the path of a step's benchmark file."""


def compare_with_benchmarks(estimator: ResourceEstimator, folder: str | Path) -> pd.DataFrame:
    """Return one row per benchmark file: ``step``, ``job``, ``predicted``, ``used``, ``seconds``.

    Parameters
    ----------
    estimator : ResourceEstimator
        Of the study that ran.
    folder : str or Path
        Of the benchmark files.

    Returns
    -------
    pandas.DataFrame
        ``predicted`` and ``used`` are the most memory of the job's own process, in MB (10⁶ bytes).

    """
    rows = []
    for step, names in WILDCARDS.items():
        for path in sorted((Path(folder) / step).rglob("*.tsv")):
            parts = path.relative_to(Path(folder) / step).with_suffix("").parts
            wildcards = dict(zip(names, parts, strict=True))
            measured = pd.read_csv(path, sep="\t").iloc[0]
            rows.append(
                {
                    "step": step,
                    "job": "/".join(parts),
                    "predicted": estimator.memory(step, wildcards) / 1e6,
                    "used": float(measured["max_rss"]) * 2**20 / 1e6,
                    "seconds": float(measured["s"]),
                }
            )
    return pd.DataFrame(rows)
