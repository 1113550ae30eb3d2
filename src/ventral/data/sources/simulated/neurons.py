"""Sites of the simulated data set: what they are tuned to, and their spike counts.

V4-like sites respond to the image alone: local oriented energy, divisively normalised. IT-like
sites respond to the latent variables alone: which object it is, where and how large. Every site has
its own random generators, so its responses do not depend on which other sites are drawn.
"""

import numpy as np
import pandas as pd
from scipy import fft

from ventral.data.sources.simulated.images import FIELD, LUMINANCE
from ventral.data.sources.simulated.shapes import N_OBJECTS

REGIONS = ("IT", "V4")
EMBEDDING_STREAM, TUNING_STREAM, RATE_STREAM, COUNT_STREAM = 4, 5, 6, 7
N_DIMENSIONS = 16
CATEGORY_SHARE = 0.75  # of the variance of the embedding
RELIABILITIES = (0.4, 0.95)
REFERENCE_REPETITIONS = 12
FREQUENCIES = (0.5, 1.0, 2.0)  # cycles per degree
ORIENTATIONS = np.pi * np.arange(8) / 8
BANDWIDTH = 0.35  # standard deviation of a Gabor's spectrum, as a share of its frequency
SEMISATURATION = 0.003  # squared luminance, about the energy of the background alone


def site_generator(seed: int, stream: int, region: str, site: int) -> np.random.Generator:
    """Return the random numbers of one purpose (`stream`) at one site."""
    return np.random.default_rng([seed, stream, REGIONS.index(region), site])


def embed_objects(seed: int, categories: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return the place of each object in the space that IT sites are tuned over, (n, dimensions).

    Parameters
    ----------
    seed : int
        Of the data set.
    categories, numbers : (n,) int arrays
        Index of the category, and number of the object within it.

    Returns
    -------
    (n, N_DIMENSIONS) array
        The category's centroid plus the object's own offset, of unit variance in each dimension.

    """
    table = np.stack(
        [
            np.sqrt(CATEGORY_SHARE) * _normal(seed, [category])
            + np.sqrt(1 - CATEGORY_SHARE) * _normal(seed, [category, number])
            for category in range(categories.max() + 1)
            for number in range(N_OBJECTS)
        ]
    )
    return table[categories * N_OBJECTS + numbers]


def _normal(seed: int, path: list[int]) -> np.ndarray:
    return np.random.default_rng([seed, EMBEDDING_STREAM, *path]).standard_normal(N_DIMENSIONS)


def it_drive(seed: int, n_sites: int, places: np.ndarray, scenes: pd.DataFrame) -> np.ndarray:
    """Return the drive of IT-like sites, (n, sites), from 0 to about 1.

    Parameters
    ----------
    seed : int
        Of the data set.
    n_sites : int
        Number of sites.
    places : (n, N_DIMENSIONS) array
        Of `embed_objects`.
    scenes : DataFrame
        Columns ``ty``, ``tz``, ``s`` of `draw_scenes`, n rows.

    Returns
    -------
    (n, n_sites) array
        A logistic function of the object's place, times a Gaussian over position, times a Gaussian
        over log size. Tolerance to the two goes from narrow to broad over sites.

    """
    drive = np.empty((len(scenes), n_sites))
    for site in range(n_sites):
        rng = site_generator(seed, TUNING_STREAM, "IT", site)
        axis = rng.standard_normal(N_DIMENSIONS)
        slope, threshold = rng.uniform(2, 4), rng.uniform(0, 0.7)
        right, up = rng.uniform(-1.5, 1.5, 2)
        octaves = np.log2(scenes["s"].to_numpy() / 2) - rng.uniform(-0.5, 0.5)
        tolerance = rng.uniform()
        width, size_width = 1.5 * 4**tolerance, 0.6 * 4**tolerance
        selective = 1 / (1 + np.exp(-slope * (places @ axis / np.linalg.norm(axis) - threshold)))
        distance = (scenes["ty"] - right) ** 2 + (scenes["tz"] - up) ** 2
        pose = distance.to_numpy() / width**2 + (octaves / size_width) ** 2
        drive[:, site] = selective * np.exp(-pose / 2)
    return drive


def v4_drive(seed: int, n_sites: int, images: np.ndarray) -> np.ndarray:
    """Return the drive of V4-like sites, (n, sites), from 0 to 1.

    Parameters
    ----------
    seed : int
        Of the data set.
    n_sites : int
        Number of sites.
    images : (n, size, size, 3) uint8 array
        As `Renderer.image` gives them.

    Returns
    -------
    (n, n_sites) array
        Energy E of Gabor quadrature pairs [1]_ in a Gaussian window, weighted around the site's
        orientation and spatial frequency, over the energy at all orientations [2]_:
        Σ w E / (SEMISATURATION + Σ w̄ E), where w̄ is the weight's mean over orientations.

    References
    ----------
    .. [1] Adelson and Bergen (1985), J. Opt. Soc. Am. A 2, 284.
    .. [2] Heeger (1992), Visual Neuroscience 9, 181.

    """
    windows, tuning, untuned = _v4_fields(seed, n_sites, images.shape[1])
    energy = oriented_energy(images)
    pooled = np.einsum("nfij,sij->nsf", energy, windows, optimize=True)
    preferred = (pooled * tuning).sum(axis=2)
    return preferred / (SEMISATURATION + (pooled * untuned).sum(axis=2))


def _v4_fields(seed: int, n_sites: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    along = ((np.arange(size) + 0.5) / size - 0.5) * FIELD
    octave = np.log2(FREQUENCIES)
    windows, tuning, untuned = [], [], []
    for site in range(n_sites):
        rng = site_generator(seed, TUNING_STREAM, "V4", site)
        right, up = rng.uniform(-2, 2, 2)
        width = rng.uniform(0.8, 1.6)
        angle, preferred = rng.uniform(0, np.pi), rng.uniform(-1, 1)
        window = np.exp(
            -((along[None, :] - right) ** 2 + (along[:, None] + up) ** 2) / (2 * width**2)
        )
        over_angle = np.exp(2.5 * (np.cos(2 * (ORIENTATIONS - angle)) - 1))
        over_octave = np.exp(-((octave - preferred) ** 2) / (2 * 0.6**2))
        weights = over_octave[:, None] * over_angle
        windows.append(window / window.sum())
        tuning.append(weights.ravel())
        untuned.append((over_octave[:, None] * np.ones_like(ORIENTATIONS)).ravel())
    return np.stack(windows), np.stack(tuning), np.stack(untuned)


def oriented_energy(images: np.ndarray) -> np.ndarray:
    """Return the energy of Gabor quadrature pairs in luminance.

    Parameters
    ----------
    images : (n, size, size, 3) uint8 array
        As `Renderer.image` gives them.

    Returns
    -------
    (n, filters, size, size) array
        Filters by frequency, then orientation (the direction of the carrier, counterclockwise from
        the right). Edges wrap around.

    """
    size = images.shape[1]
    spectrum = fft.fft2(images @ LUMINANCE / 255)
    across = fft.fftfreq(size, FIELD / size)[None, :]
    up = -fft.fftfreq(size, FIELD / size)[:, None]
    energy = np.empty((len(images), len(FREQUENCIES) * len(ORIENTATIONS), size, size))
    for index, (frequency, angle) in enumerate(
        (frequency, angle) for frequency in FREQUENCIES for angle in ORIENTATIONS
    ):
        # one bump on one side of the spectrum: the even filter is its real part, the odd one
        # its imaginary part
        away = (across - frequency * np.cos(angle)) ** 2 + (up - frequency * np.sin(angle)) ** 2
        bump = np.exp(-away / (2 * (BANDWIDTH * frequency) ** 2))
        bump[0, 0] = 0
        energy[:, index] = np.abs(fft.ifft2(spectrum * bump)) ** 2
    return energy


def firing_rates(seed: int, region: str, drive: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the expected spike counts, (n, sites), of sites with a spread of reliabilities.

    Parameters
    ----------
    seed : int
        Of the data set.
    region : str
        Of `REGIONS`.
    drive : (n, sites) array
        Over all stimuli.
    reference : (m, sites) array
        The drive over a reference set that does not depend on how many stimuli are drawn.

    Returns
    -------
    (n, sites) array
        gain · (baseline + drive). The gain is such that over the reference set, with
        `REFERENCE_REPETITIONS` repetitions, the reliability ρ is one drawn from `RELIABILITIES`:
        gain = ρ/(1 − ρ) · mean(baseline + drive) / (repetitions · Var(drive)).

    """
    rates = np.empty_like(drive)
    for site in range(drive.shape[1]):
        rng = site_generator(seed, RATE_STREAM, region, site)
        reliability = rng.uniform(*RELIABILITIES)
        mean, variance = reference[:, site].mean(), reference[:, site].var()
        baseline = rng.uniform(0.5, 1.5) * mean
        gain = reliability / (1 - reliability) * (baseline + mean)
        gain /= REFERENCE_REPETITIONS * variance
        rates[:, site] = gain * (baseline + drive[:, site])
    return rates


def spike_counts(seed: int, region: str, rates: np.ndarray, repetitions: int) -> np.ndarray:
    """Draw Poisson counts, (n, sites, repetitions), float64."""
    counts = np.empty((*rates.shape, repetitions))
    for site in range(rates.shape[1]):
        rng = site_generator(seed, COUNT_STREAM, region, site)
        counts[:, site] = rng.poisson(rates[:, site, None], (len(rates), repetitions))
    return counts


def true_reliability(rates: np.ndarray, repetitions: int) -> np.ndarray:
    """Return the expected reliability of the trial average at each site, (sites,).

    Parameters
    ----------
    rates : (n, sites) array
        Expected counts.
    repetitions : int
        Trials that are averaged.

    Returns
    -------
    (sites,) array
        Var(rate) / (Var(rate) + mean(rate)/repetitions), variance and mean over stimuli: the
        variance of a Poisson count is its rate, that of the average of r counts rate/r. It is the
        squared correlation of the trial average with the rate, so no model's r² can exceed it.

    """
    signal = rates.var(axis=0)
    return signal / (signal + rates.mean(axis=0) / repetitions)
