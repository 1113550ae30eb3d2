"""The tables that say before a run how much there will be."""

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from ventral.jobs.resources.estimator import ITEMSIZE, ResourceEstimator
from ventral.storage.layout import count_files

THREADS = {"extract_activations": 8, "compute_gram": 4}


def size_tables(config: Mapping, needs: ResourceEstimator) -> dict[str, pd.DataFrame]:
    """Return the tables of a config.

    data sets: stimuli (assumed until they can be counted), sites, repetitions.
    layers: one row per data set, model and layer: its shape, bytes of activations and of the Gram
    matrix, memory (MB) and minutes of its job. stores: one row per tap set: bytes and files,
    memory (MB) and minutes of the extraction; minutes are those of a CPU, at most. What cannot be
    known is None.
    """
    return {
        "data sets": pd.DataFrame(_datasets(config, needs)),
        "layers": pd.DataFrame(_layers(config, needs)),
        "stores": pd.DataFrame(_stores(config, needs)),
    }


def _datasets(config: Mapping, needs: ResourceEstimator) -> Iterator[dict]:
    for name in config["datasets"]:
        size = needs.size(name)
        yield {
            "data set": name,
            "stimuli": size.stimuli,
            "counted": "yes" if size.known else "assumed",
            "sites": size.sites,
            "repetitions": size.repetitions,
        }


def _stores(config: Mapping, needs: ResourceEstimator) -> Iterator[dict]:
    for dataset, model, taps in _tap_sets(config):
        widths = needs.widths(model, taps)
        itemsize = ITEMSIZE[config["models"][model]["dtype"]]
        stimuli = needs.size(dataset).stimuli
        names = {"dataset": dataset, "model": model, "taps": taps}
        yield {
            "data set": dataset,
            "model": model,
            "tap set": taps,
            "bytes": widths and stimuli * sum(widths.values()) * itemsize,
            "files": widths and count_files(len(widths)),
            **_needed(needs, "extract_activations", names),
        }


def _layers(config: Mapping, needs: ResourceEstimator) -> Iterator[dict]:
    for dataset, model, taps in _tap_sets(config):
        shapes = (needs.describe(model) or {}).get("shapes") or {}
        stimuli = needs.size(dataset).stimuli
        itemsize = ITEMSIZE[config["models"][model]["dtype"]]
        for layer in config["models"][model]["taps"][taps]:
            shape = shapes.get(layer)
            yield {
                "data set": dataset,
                "model": model,
                "layer": layer,
                "shape": shape and " × ".join(map(str, shape)),
                "bytes": shape and stimuli * math.prod(shape) * itemsize,
                "Gram bytes": 8 * stimuli**2,
                **_needed(
                    needs, "compute_gram", {"dataset": dataset, "model": model, "layer": layer}
                ),
            }


def _needed(needs: ResourceEstimator, step: str, names: Mapping[str, str]) -> dict:
    return {
        "memory": needs.megabytes(step, names),
        "minutes": needs.minutes(step, names, THREADS[step]),
    }


def _tap_sets(config: Mapping) -> Iterator[tuple[str, str, str]]:
    for dataset, entry in config["datasets"].items():
        for model in entry.get("models", config["models"]):
            for taps in config["models"][model]["taps"]:
                yield dataset, model, taps


def human_bytes(count: float | None) -> str:
    """Return a number of bytes as people read it: ``3.2 GB``; ``?`` for None or NaN."""
    if count is None or math.isnan(count):
        return "?"
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
