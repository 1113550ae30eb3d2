"""Bias and spread of the ceiling and of the noise correction, over populations of known truth.

``PYTHONPATH=src python benchmarks/ceiling_bias.py [POPULATIONS]`` (200) draws that many populations
of IT-like sites with Poisson trials, as the simulated data set does, and compares each estimate
with the truth of the very site and stimuli. Bias is the mean error over sites and populations, with
its standard error over populations; spread is the standard deviation of a site's error, and of a
population's median error.
"""

import argparse

import numpy as np
import pandas as pd

from ventral.data.responses import variance_of_average
from ventral.data.sources.simulated.images import draw_scenes
from ventral.data.sources.simulated.neurons import (
    embed_objects,
    firing_rates,
    it_drive,
    spike_counts,
)
from ventral.data.sources.simulated.shapes import N_OBJECTS
from ventral.scores.ceilings import split_half_reliability
from ventral.scores.measures import (
    explained_and_explainable,
    explained_variance,
    noise_corrected,
)

N_SITES, IMAGES_PER_OBJECT, REPETITIONS = 24, 10, 12
N_STIMULI = 64 * IMAGES_PER_OBJECT
N_TEST = N_STIMULI // 6
FLOOR = 0.1


def draw_population(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rates, (stimuli, sites), and the trials, (stimuli, sites, repetitions)."""
    scenes = draw_scenes(seed, IMAGES_PER_OBJECT)
    objects = np.arange(len(scenes)) % 64
    places = embed_objects(seed, objects // N_OBJECTS, objects % N_OBJECTS)
    drive = it_drive(seed, N_SITES, places, scenes)
    rates = firing_rates(seed, "IT", drive, drive)
    return rates, spike_counts(seed, "IT", rates, REPETITIONS)


def truth_of(rates: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Return the reliability of the averages, (sites,); a Poisson average of r varies by rate/r."""
    count = (~np.isnan(trials)).sum(axis=2)
    signal = rates.var(axis=0, ddof=1)
    return signal / (signal + (rates / count).mean(axis=0))


def errors_of(seed: int) -> list[dict]:
    """Return the errors of one population, a row per site and condition."""
    rates, whole = draw_population(seed)
    rng = np.random.default_rng([seed, 99])
    test = np.sort(rng.permutation(N_STIMULI)[:N_TEST])
    unequal = whole.copy()
    lacking = rng.random((N_STIMULI, 1, REPETITIONS)) < 0.4
    lacking[:, :, :2] = False  # each stimulus twice at least
    unequal[np.broadcast_to(lacking, whole.shape)] = np.nan
    conditions = {f"{r} repetitions": whole[:, :, :r] for r in (2, 4, 6, 12)}
    conditions["2 to 12 repetitions"] = unequal
    spread = rates.std(axis=0)
    predictions = 0.7 * rates + 0.6 * spread * rng.standard_normal(rates.shape)
    rows = []
    for condition, trials in conditions.items():
        for stimuli, chosen in ((f"all {N_STIMULI}", slice(None)), (f"test {N_TEST}", test)):
            true = truth_of(rates[chosen], trials[chosen])
            found = split_half_reliability(trials[chosen], seed)
            average = np.nanmean(trials[chosen], axis=2)
            parts = explained_and_explainable(
                average, predictions[chosen], variance_of_average(trials[chosen])
            )
            corrected = noise_corrected(*parts, FLOOR)
            explained = explained_variance(rates[chosen], predictions[chosen])
            raw = explained_variance(average, predictions[chosen])
            for site in range(N_SITES):
                rows.append(
                    {
                        "condition": condition,
                        "stimuli": stimuli,
                        "population": seed,
                        "truth": true[site],
                        "ceiling": found[site] - true[site],
                        "explained variance": raw[site] - explained[site],
                        "corrected": corrected[site] - explained[site],
                    }
                )
    return rows


def main(populations: int) -> None:
    """Print a row per condition, stimuli and estimate."""
    errors = pd.DataFrame([row for seed in range(populations) for row in errors_of(seed)])
    table = []
    for (condition, stimuli), rows in errors.groupby(["condition", "stimuli"], sort=False):
        for estimate in ("ceiling", "explained variance", "corrected"):
            means = rows.groupby("population")[estimate].mean()
            medians = rows.groupby("population")[estimate].median()
            table.append(
                {
                    "condition": condition,
                    "stimuli": stimuli,
                    "true reliability": rows["truth"].mean(),
                    "estimate": estimate,
                    "bias": means.mean(),
                    "standard error": means.std() / np.sqrt(populations),
                    "spread of a site": rows[estimate].std(),
                    "spread of the median": medians.std(),
                    "undefined": int(rows[estimate].isna().sum()),
                }
            )
    print(f"{populations} populations of {N_SITES} sites")
    print(pd.DataFrame(table).to_markdown(index=False, floatfmt=".4f"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("populations", type=int, nargs="?", default=200)
    main(parser.parse_args().populations)
