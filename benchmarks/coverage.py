"""Coverage of the 95 % intervals of a population's scores, over populations of known truth.

``PYTHONPATH=src python benchmarks/coverage.py [POPULATIONS]`` (1000) draws that many populations
for each number of sites and stimuli, or of sessions, and counts how often the interval covers the
mean over all sites that there could be, on all stimuli that there could be. A percentile interval,
as the resamples give it without correction, stands beside.

Sites read a few latent variables of the stimuli, the same for all of them, and add noise of their
own; a model has the latent variables too, with wrong weights and a wrong scale. In sessions, how
well the model's weights are right is partly shared by the sites of a session.
"""

import argparse
from collections.abc import Iterator

import numpy as np
import pandas as pd

from ventral.scores.measures import explained_variance, pearson_r, r2
from ventral.scores.resampling import INTERVAL, interval_of, levels_of, resample

MEASURES = {"R²": r2, "explained variance": explained_variance, "Pearson r": pearson_r}
SITES, STIMULI = (24, 50, 168), (70, 106, 200)
SESSIONS, SITES_OF_SESSION, STIMULI_OF_SESSIONS = (2, 3, 5, 10), 24, 106
LATENT, N_RESAMPLES = 12, 500
MANY = 1_000_000
"""Sites from which the truth is computed."""


class Population:
    """Sites of a population, and a model of them.

    Parameters
    ----------
    rng : numpy.random.Generator
    sessions : int
        Number of sessions.
    sites : int
        Number of sites in each.
    shared : float
        Fraction of the range of the model's quality that the sites of a session share.

    """

    def __init__(self, rng: np.random.Generator, sessions: int, sites: int, shared: float):
        n = sessions * sites
        self.session = np.repeat(np.arange(sessions), sites)
        place = shared * rng.random(sessions)[self.session] + (1 - shared) * rng.random(n)
        quality = 0.2 + 0.7 * place
        weights, wrong = rng.standard_normal((2, LATENT, n)) / np.sqrt(LATENT)
        scale = rng.uniform(0.7, 1.0, n)
        self.weights = weights
        self.read = scale * (quality * weights + 0.3 * np.sqrt(1 - quality**2) * wrong)
        self.noise = rng.uniform(0.4, 1.2, n)

    def record(self, rng: np.random.Generator, stimuli: int) -> tuple[np.ndarray, np.ndarray]:
        """Return responses and predictions, (stimuli, sites)."""
        latent = rng.standard_normal((stimuli, LATENT))
        noise = self.noise * rng.standard_normal((stimuli, len(self.session)))
        return latent @ self.weights + noise, latent @ self.read

    def truth(self) -> list[float]:
        """Return the mean over sites of each measure on endlessly many stimuli."""
        whole = (self.weights**2).sum(axis=0) + self.noise**2
        error = ((self.weights - self.read) ** 2).sum(axis=0) + self.noise**2
        predicted = (self.read**2).sum(axis=0)
        r = (self.weights * self.read).sum(axis=0) / np.sqrt(whole * predicted)
        return [(1 - error / whole).mean(), (1 - error / whole).mean(), r.mean()]


def cells() -> Iterator[tuple[int, int, int]]:
    """Give (sessions, sites of each, stimuli)."""
    for sites in SITES:
        for stimuli in STIMULI:
            yield 1, sites, stimuli
    for sessions in SESSIONS:
        yield sessions, SITES_OF_SESSION, STIMULI_OF_SESSIONS


def rows_of(sessions: int, sites: int, stimuli: int, populations: int) -> list[dict]:
    """Return a row for each measure."""
    shared = 0.0 if sessions == 1 else 0.5
    truth = Population(np.random.default_rng(1), MANY, 1, shared).truth()
    covered, plain, ignoring, width, error = np.zeros((5, len(MEASURES)))
    for number in range(populations):
        rng = np.random.default_rng([sessions, sites, stimuli, number])
        population = Population(rng, sessions, sites, shared)
        y, p = population.record(rng, stimuli)
        sample = [(np.arange(stimuli), y, p)]
        levels = levels_of(pd.DataFrame({"session": population.session}))
        drawn = resample(sample, number, N_RESAMPLES, levels)
        means, stretch = drawn.means(), drawn.stretch()
        flat, flat_stretch = means, stretch
        if levels:  # beside: as if all sites were independent
            drawn = resample(sample, number, N_RESAMPLES)
            flat, flat_stretch = drawn.means(), drawn.stretch()
        for k, measure in enumerate(MEASURES.values()):
            estimate = measure(y, p).mean()
            low, high = interval_of(means[:, k], stretch[k], estimate)
            covered[k] += low < truth[k] < high
            width[k] += high - low
            error[k] += estimate - truth[k]
            low, high = np.percentile(flat[:, k], INTERVAL)
            plain[k] += low < truth[k] < high
            low, high = interval_of(flat[:, k], flat_stretch[k], estimate)
            ignoring[k] += low < truth[k] < high
    return [
        {
            "sessions": sessions,
            "sites": sessions * sites,
            "stimuli": stimuli,
            "measure": name,
            "truth": truth[k],
            "bias": error[k] / populations,
            "percentile": plain[k] / populations,
            "without sessions": ignoring[k] / populations if levels else np.nan,
            "coverage": covered[k] / populations,
            "width": width[k] / populations,
        }
        for k, name in enumerate(MEASURES)
    ]


def main(populations: int) -> None:
    """Print a row per number of sessions, sites and stimuli, and measure."""
    table = pd.DataFrame([row for cell in cells() for row in rows_of(*cell, populations)])
    print(f"{populations} populations a row, {N_RESAMPLES} resamples of each\n")
    print(table.to_markdown(index=False, floatfmt=".3f", missingval="").replace("nan", "   "))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("populations", type=int, nargs="?", default=1000)
    main(parser.parse_args().populations)
