"""The time that each step takes, in seconds, generously: a scheduler ends a job that is late.

The speeds are those of one slow core and a slow network disk, so a prediction is an upper bound of
several times and not an estimate.
"""

import math
from collections.abc import Mapping

from ventral.jobs.resources.dataset_size import DatasetSize
from ventral.jobs.resources.memory import MOST_STIMULI_OF_MODELS, TRAIN_SHARE

START = 60
"""Imports from a slow network disk."""
UNKNOWN = 4 * 3600
FLOATS_PER_SECOND = 3e9
"""Of a network or a matrix product, on one core."""
FACTORISED_PER_SECOND = 1e9
BYTES_PER_SECOND = 30e6
IMAGE_VALUES_PER_SECOND = 3e5
"""Of images that are simulated, or read and resized."""


def prepare_stimuli(size: DatasetSize) -> float:
    """Time the reading, resizing and writing of images."""
    return START + size.stimuli * size.height * size.width * 3 / IMAGE_VALUES_PER_SECOND


def prepare_responses(size: DatasetSize) -> float:
    """Time the reading of trials; the simulated ones are drawn from images."""
    trials = size.stimuli * size.sites * (size.repetitions + 1)
    return prepare_stimuli(size) + 8 * trials / BYTES_PER_SECOND + size.stimuli / 20


def estimate_ceilings(size: DatasetSize) -> float:
    """Time ten random split halves, each a sort of the trials."""
    return START + 10 * size.stimuli * size.sites * max(size.repetitions, 1) / 3e6


def extract_activations(
    description: Mapping | None, size: DatasetSize, written: float, threads: int
) -> float:
    """Time one pass over the stimuli.

    Parameters
    ----------
    description : Mapping or None
        Of `ventral.jobs.preflight.description.describe_model`.
    size : DatasetSize
        Of the data set.
    written : float
        Bytes of the store.
    threads : int
        Threads of the job.

    """
    if description is None or description["flops"] is None:
        return UNKNOWN
    computed = size.stimuli * description["flops"] / FLOATS_PER_SECOND / threads
    images = size.stimuli * size.height * size.width / 5e6
    return START + computed + images + written / BYTES_PER_SECOND


def train_model(description: Mapping | None, size: DatasetSize, epochs: int, threads: int) -> float:
    """Time three passes' worth for each stimulus and epoch, and one to validate."""
    if description is None or description["flops"] is None:
        return UNKNOWN
    passes = 4 * (epochs + 2) * size.stimuli
    images = (epochs + 2) * size.stimuli * size.height * size.width / 5e6
    return START + passes * description["flops"] / FLOATS_PER_SECOND / threads + images


def compute_gram(
    size: DatasetSize, widths: Mapping[str, int] | None, itemsize: int, threads: int
) -> float:
    """Time one pass over the store, and n²p products for each layer of p features.

    Parameters
    ----------
    size : DatasetSize
        Of the data set.
    widths : Mapping or None
        {layer: features} of the tap set.
    itemsize : int
        Bytes of a value in the activation store.
    threads : int
        Threads of the job.

    """
    if widths is None:
        return UNKNOWN
    features = sum(widths.values())
    products = size.stimuli**2 * features / FLOATS_PER_SECOND / threads
    written = len(widths) * _gram_bytes(size)
    return START + products + (size.stimuli * features * itemsize + written) / BYTES_PER_SECOND


def fit_pca(size: DatasetSize, layers: int, threads: int) -> float:
    """Time an eigendecomposition of each layer and fold, and the writing of all scores."""
    one = 10 * (TRAIN_SHARE * size.stimuli) ** 3 / FACTORISED_PER_SECOND / threads
    written = 8 * TRAIN_SHARE * size.stimuli**2 / BYTES_PER_SECOND
    read = _gram_bytes(size) / BYTES_PER_SECOND
    return START + layers * (read + size.folds * (one + written))


def fit_readout(
    size: DatasetSize, layers: int, components: float, alphas: int, in_folds: bool = False
) -> float:
    """Time the errors of every alpha, for each layer and fold.

    Parameters
    ----------
    size : DatasetSize
        Of the data set.
    layers : int
        Layers of the tap set.
    components : float
        Principal components that the readout is given; more than there are means all.
    alphas : int
        Penalties that are tried.
    in_folds : bool
        Whether alpha is chosen on ten folds, each with components of its own.

    """
    components = min(components, size.stimuli)
    errors = 4 * alphas * size.stimuli * components * size.sites / FLOATS_PER_SECOND
    read = 8 * size.stimuli * components / BYTES_PER_SECOND
    found = 10 * 10 * (TRAIN_SHARE * size.stimuli) ** 3 / FACTORISED_PER_SECOND if in_folds else 0
    return START + layers * size.folds * (read + errors + found)


def score_readout(size: DatasetSize, layers: int, n_bootstrap: int) -> float:
    """Time five products of the bootstrap counts, for each layer and fold."""
    one = 10 * n_bootstrap * size.stimuli * size.sites / FACTORISED_PER_SECOND
    return START + layers * size.folds * one


def compare_with_chance(size: DatasetSize, layers: int, n_permutations: int) -> float:
    """Time some ten passes over the permuted responses, for each layer and fold."""
    one = 10 * n_permutations * size.stimuli * size.sites / FACTORISED_PER_SECOND
    return START + layers * size.folds * one


def compare_models(size: DatasetSize, models: int, n_bootstrap: int, readouts: int) -> float:
    """Time the resamples of each model, and some ten passes over them for each pair."""
    resampled = models * (score_readout(size, 1, n_bootstrap) - START)
    pairs = models**2 / 2 * 10 * n_bootstrap * size.sites / FLOATS_PER_SECOND
    return START + readouts * (resampled + pairs)


def predict_between_animals(size: DatasetSize, n_bootstrap: int) -> float:
    """Time two scorings of all sites, and a choice of alpha in each fold on as many sources."""
    fitted = size.folds * fit_readout(size, 1, size.sites, 97)
    return fitted + 2 * score_readout(size, 1, n_bootstrap)


def compute_similarity(size: DatasetSize, layers: int, n_bootstrap: int) -> float:
    """Time three kinds of resamples, on all pairs of stimuli, and the components of each fold.

    Parameters
    ----------
    size : DatasetSize
        Of the data set.
    layers : int
        Of all tap sets of the model.
    n_bootstrap : int
        Resamples of a kind.

    """
    n = size.stimuli
    once = n**2 * (4 * size.sites + 300) / FACTORISED_PER_SECOND
    factorised = (1 + size.folds) * 10 * n**3 / FACTORISED_PER_SECOND
    read = _gram_bytes(size) / BYTES_PER_SECOND
    return START + layers * (read + factorised + 3 * n_bootstrap * once)


def tabulate_similarity(size: DatasetSize, layers: int) -> float:
    """Time the ceilings, and the comparison of all layers on twenty parts of the stimuli.

    Parameters
    ----------
    size : DatasetSize
        Of the data set.
    layers : int
        Of all models together.

    """
    pairs = min(size.stimuli, MOST_STIMULI_OF_MODELS) ** 2
    compared = 20 * pairs * (layers * 40 + layers**2) / FACTORISED_PER_SECOND
    ceilings = 40 * size.stimuli**2 * (4 * size.sites + 300) / FACTORISED_PER_SECOND
    return estimate_ceilings(size) + compared + ceilings


def measure_distances(size: DatasetSize, layers: int, n_bootstrap: int) -> float:
    """Time the reading of Gram matrices and scores, and the resampling of held-out stimuli.

    Parameters
    ----------
    size : DatasetSize
        Of the data set.
    layers : int
        Layers of the tap set.
    n_bootstrap : int
        Number of resamples.

    """
    read = 3 * _gram_bytes(size) / BYTES_PER_SECOND
    resampled = 10 * n_bootstrap * size.stimuli / FLOATS_PER_SECOND
    return START + layers * (read + resampled)


def tabulate_generalisation(size: DatasetSize, fits: int, n_bootstrap: int) -> float:
    """Time the resamples of both parts of each layer of all fits.

    Parameters
    ----------
    size : DatasetSize
        Of the data set.
    fits : int
        Layers and readouts of all models.
    n_bootstrap : int
        Number of resamples.

    """
    return START + 2 * fits * (score_readout(size, 1, n_bootstrap) - START)


def compute_spectra(size: DatasetSize, layers: int, alphas: int, n_bootstrap: int) -> float:
    """Time one choice of alphas, and a resampling at each number of components, for each layer.

    Parameters
    ----------
    size : DatasetSize
        Of the data set.
    layers : int
        Layers of the tap set.
    alphas : int
        Penalties that are tried.
    n_bootstrap : int
        Number of resamples.

    """
    steps = 3 * math.ceil(math.log10(size.stimuli)) + 1
    curves = 3 * steps * (score_readout(size, layers, n_bootstrap) - START)
    return fit_readout(size, layers, math.inf, alphas) + 2 * curves


def compare_dissimilarities(size: DatasetSize, layers: int, n_bootstrap: int) -> float:
    """Time the ranks of the pairs of stimuli of each resample, for each layer and ten regions."""
    return START + 10 * layers * n_bootstrap * size.stimuli**2 / 1e6


def _gram_bytes(size: DatasetSize) -> float:
    return 8 * size.stimuli**2
