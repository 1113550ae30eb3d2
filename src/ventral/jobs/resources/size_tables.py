"""The tables that say before a run how much there will be."""

import math
from collections.abc import Iterator

import pandas as pd

from ventral.jobs.resources.disk import count_records, count_results, tap_set_disk
from ventral.jobs.resources.estimator import ResourceEstimator

STEPS = {"extract_activations": 8, "compute_gram": 4, "fit_pca": 2}
STEPS_OF_DISSIMILARITIES = {"extract_activations": 8, "compute_dissimilarities": 4}
"""Steps whose memory and time are shown, with their threads."""


def size_tables(estimator: ResourceEstimator) -> dict[str, pd.DataFrame]:
    """Return the tables of a study; what cannot be known is None.

    Parameters
    ----------
    estimator : ResourceEstimator
        Of the study.

    Returns
    -------
    dict
        ``data sets``: stimuli, sites and repetitions, and whether they were counted. ``layers``:
        the shape and the bytes of the activations of each layer. ``tap sets``: bytes at most, of
        activations, Gram matrices, components, fits and scores; files; memory in MB and minutes
        at most of the jobs that take most. ``study``: all of it together.

    """
    tap_sets = pd.DataFrame(_tap_sets(estimator))
    return {
        "data sets": pd.DataFrame(_datasets(estimator)),
        "layers": pd.DataFrame(_layers(estimator)),
        "tap sets": tap_sets,
        "study": pd.DataFrame([_whole(estimator, tap_sets)]),
    }


def _datasets(estimator: ResourceEstimator) -> Iterator[dict]:
    for name in estimator.study.datasets:
        size = estimator.size(name)
        yield {
            "data set": name,
            "stimuli": size.stimuli,
            "stimuli are": "counted" if size.known else "assumed",
            "sites": size.sites,
            "repetitions": size.repetitions,
            "responses are": "counted" if size.responses_known else "assumed",
        }


def _layers(estimator: ResourceEstimator) -> Iterator[dict]:
    for dataset, model, taps in estimator.study.tap_sets():
        shapes = (estimator.describe(model) or {}).get("shapes") or {}
        stimuli, itemsize = estimator.size(dataset).stimuli, estimator.itemsize(model)
        for layer in estimator.study.models[model].taps[taps]:
            shape = shapes.get(layer)
            yield {
                "data set": dataset,
                "model": model,
                "layer": layer,
                "shape": shape and " × ".join(map(str, shape)),
                "bytes": shape and stimuli * math.prod(shape) * itemsize,
            }


def _tap_sets(estimator: ResourceEstimator) -> Iterator[dict]:
    for dataset, model, taps in estimator.study.tap_sets():
        widths, itemsize = estimator.widths(model, taps), estimator.itemsize(model)
        size = estimator.size(dataset)
        disk = tap_set_disk(estimator.study, dataset, model, taps, size, widths, itemsize)
        wildcards = {"dataset": dataset, "model": model, "taps": taps}
        has_responses = estimator.study.datasets[dataset].has_responses
        steps = STEPS if has_responses else STEPS_OF_DISSIMILARITIES
        yield {
            "data set": dataset,
            "model": model,
            "tap set": taps,
            "activation bytes": disk.activations,
            "Gram bytes": disk.gram,
            "PCA bytes": disk.pca,
            "fit bytes": disk.fits,
            "score bytes": disk.scores,
            "files": disk.files,
            "memory": max(estimator.megabytes(step, wildcards) for step in steps),
            "minutes": sum(
                estimator.minutes(step, wildcards, threads) for step, threads in steps.items()
            ),
        }


def _whole(estimator: ResourceEstimator, tap_sets: pd.DataFrame) -> dict:
    study = estimator.study
    byte_columns = [name for name in tap_sets.columns if str(name).endswith("bytes")]
    return {
        "models": len(study.models),
        "tap sets": len(tap_sets),
        "fits": sum(len(study.fits_of(name)) for name in study.datasets),
        "bytes": tap_sets[byte_columns].sum().sum(),
        "files of results": count_results(study, {n: estimator.size(n) for n in study.datasets}),
        "logs, benchmarks, records": count_records(study),
    }


def human_bytes(count: float | None) -> str:
    """Return a number of bytes as people read it.

    Parameters
    ----------
    count : float or None
        Bytes.

    Returns
    -------
    str
        Such as ``3.2 GB``; ``?`` for None and for NaN.

    """
    if count is None or math.isnan(count):
        return "?"
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
