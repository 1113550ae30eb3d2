"""The most memory that each step takes, in bytes, from the arrays that it holds at once.

Each function follows the code of its step; the constants were measured (resident memory of the
whole process, Linux). A prediction must never be under what is used: a scheduler kills such a job.
"""

import math
from collections.abc import Mapping, Sequence

from ventral.features.slabs import SLAB_BYTES, product_width, slab_bounds
from ventral.jobs.resources.dataset_size import DatasetSize
from ventral.storage.layout import chunk_shapes

MB = 10**6
NUMBERS = 170 * MB
"""A process that has imported NumPy, SciPy, pandas and Zarr."""
READERS = 250 * MB
"""A process that has imported the readers of data sets, and scikit-learn with them."""
TORCH = 560 * MB
"""A process that has imported torch and torchvision as well."""
CUDA = 3000 * MB
"""What a process takes on the host once it uses a graphics card."""
UNKNOWN_NETWORK = 8000 * MB
FLOAT = 8
MOST_STIMULI_OF_MODELS = 500
"""On which models are compared with one another: `MOST_STIMULI` of that module, which is slow to
import."""
TRAIN_SHARE = 0.9
"""Of the stimuli, at most, that decide components and readouts."""


def layer_widths(description: Mapping, layers: Sequence[str]) -> dict[str, int] | None:
    """Return the number of features of each layer.

    Parameters
    ----------
    description : Mapping
        Of `ventral.jobs.preflight.description.describe_model`.
    layers : sequence of str
        Module paths.

    Returns
    -------
    dict or None
        {layer: features}; None where one is not known.

    """
    shapes = description["shapes"] or {}
    if any(layer not in shapes for layer in layers):
        return None
    return {layer: math.prod(shapes[layer]) for layer in layers}


def prepare_stimuli(size: DatasetSize) -> float:
    """Count a batch of images in float32, several times over, and the stimulus table."""
    return READERS + 64 * size.height * size.width * 3 * 4 * 6 + size.stimuli * 4000


def prepare_responses(size: DatasetSize, simulated: bool) -> float:
    """Count single trials in float64, several times over, and the images of simulated sites.

    Parameters
    ----------
    size : DatasetSize
        Of the data set.
    simulated : bool
        Whether the responses are drawn here rather than read.

    """
    images = 64 * size.height * size.width * 3 * 100 if simulated else 0
    return READERS + images + 6 * FLOAT * size.stimuli * size.sites * (size.repetitions + 2)


def read_responses(size: DatasetSize) -> float:
    """Count the averages over repetitions as every reader holds them: as stored and in float64."""
    return 3 * FLOAT * size.stimuli * size.sites


def estimate_ceilings(size: DatasetSize) -> float:
    """Count trials as stored and in float64, their random order and both halves."""
    return NUMBERS + read_responses(size) + 9 * FLOAT * size.stimuli * size.sites * size.repetitions


def extract_activations(
    description: Mapping | None,
    size: DatasetSize,
    widths: dict[str, int] | None,
    itemsize: int,
    batch_size: int,
    workers: int,
) -> float:
    """Count parameters, a batch in the network and recorded, and two buffers of rows of all layers.

    Parameters
    ----------
    description : Mapping or None
        Of `ventral.jobs.preflight.description.describe_model`.
    size : DatasetSize
        Of the data set.
    widths : Mapping or None
        {layer: features} of the tap set.
    itemsize : int
        Bytes of a value in the store.
    batch_size, workers : int
        Stimuli in the network at once, and processes that read them.

    """
    if description is None or widths is None:
        return TORCH + UNKNOWN_NETWORK
    images = _batch_of_images(size, batch_size)
    passing = 1.5 * batch_size * description["forward_bytes"]
    recorded = 2 * batch_size * sum(widths.values()) * itemsize
    rows = next(iter(chunk_shapes(size.stimuli, widths, itemsize).values()))[0]
    buffers = 2 * rows * sum(widths.values()) * itemsize
    encoded = 2 * rows * max(widths.values()) * itemsize
    of_workers = workers * (TORCH + 2 * images)
    return (
        TORCH
        + 3 * _parameter_bytes(description)
        + images
        + passing
        + recorded
        + buffers
        + encoded
        + of_workers
        + _cuda(description)
    )


def train_model(
    description: Mapping | None, size: DatasetSize, batch_size: int, head_width: int
) -> float:
    """Count images of train and validation, a batch with its gradients, and the optimiser's state.

    Parameters
    ----------
    description : Mapping or None
        Of `ventral.jobs.preflight.description.describe_model`.
    size : DatasetSize
        Of the data set.
    batch_size : int
        Stimuli in the network at once.
    head_width : int
        Features that the head reads; those of all train stimuli are held once, in float64.

    """
    if description is None or description["training_bytes"] is None:
        return TORCH + UNKNOWN_NETWORK
    images = 2 * size.stimuli * size.height * size.width * 3
    # What is kept for gradients, and what a step backwards holds beside it: a sixth for ResNet-50.
    learning = 1.5 * batch_size * description["training_bytes"]
    # parameters, gradients, two moments, the best ones, and all that once more as it is saved
    state = 9 * _parameter_bytes(description)
    head = 4 * FLOAT * size.stimuli * min(head_width, 10_000)
    return (
        TORCH
        + READERS / 2
        + images
        + learning
        + state
        + head
        + read_responses(size)
        + _batch_of_images(size, batch_size)
        + _cuda(description)
    )


def apply_head(description: Mapping | None, size: DatasetSize, batch_size: int) -> float:
    """Count parameters, as they are and as they are read, and a batch in the network."""
    if description is None or description["forward_bytes"] is None:
        return TORCH + UNKNOWN_NETWORK
    return (
        TORCH
        + 4 * _parameter_bytes(description)
        + 1.5 * batch_size * description["forward_bytes"]
        + _batch_of_images(size, batch_size)
        + 3 * FLOAT * size.stimuli * size.sites
        + _cuda(description)
    )


def compute_gram(size: DatasetSize, widths: dict[str, int] | None, itemsize: int) -> float:
    """Count two slabs of columns, one of them being decoded, float64 blocks, and G.

    Layers follow one another, so the largest decides.

    Parameters
    ----------
    size : DatasetSize
        Of the data set.
    widths : Mapping or None
        {layer: features} of the tap set.
    itemsize : int
        Bytes of a value in the activation store.

    """
    n = size.stimuli
    matrices = 3 * FLOAT * n**2  # G, and the indices that mirror it
    if widths is None:
        return NUMBERS + matrices + 3 * 10**9
    columns = {layer: chunk for layer, (_, chunk) in chunk_shapes(n, widths, itemsize).items()}
    return (
        NUMBERS
        + matrices
        + max(_slabs(n, width, columns[layer], itemsize) for layer, width in widths.items())
    )


def compute_dissimilarities(
    size: DatasetSize, widths: dict[str, int] | None, itemsize: int
) -> float:
    """Count a slab of columns as it is read and in float64, and the products of stimuli."""
    n = size.stimuli
    columns = max(widths.values()) if widths else math.inf
    slab = min(n * columns * itemsize, 1.5 * SLAB_BYTES)
    return NUMBERS + slab * (1 + 2 * FLOAT / itemsize) + 8 * FLOAT * n**2


def compare_dissimilarities(size: DatasetSize) -> float:
    """Count the pairs of stimuli of some matrices, their ranks and their resamples."""
    return NUMBERS + 20 * FLOAT * size.stimuli**2


def _slabs(n: int, width: int, chunk: int, itemsize: int) -> float:
    """Count what is read of one layer at once, and the blocks that are multiplied."""
    start, end = next(iter(slab_bounds(n, width, chunk, itemsize)))
    slab = n * (end - start) * itemsize
    blocks = 3 * FLOAT * n * min(product_width(n), width)
    return min(2 * slab, n * width * itemsize) + 0.25 * slab + blocks


def fit_pca(size: DatasetSize) -> float:
    """Count G, its centred part, the workspace of an eigendecomposition, and all scores.

    Layers follow one another, so each counts for all.
    """
    n, train = size.stimuli, TRAIN_SHARE * size.stimuli
    scores = n * train
    of_folds = 3 * scores * size.folds if size.folds > 1 else 0  # all of them, stacked, encoded
    return NUMBERS + FLOAT * (n**2 + n * train + 4 * train**2 + 3 * scores + of_folds)


def fit_readout(size: DatasetSize, components: float, in_folds: bool = False) -> float:
    """Count the scores of a layer and their squares, and the responses.

    Parameters
    ----------
    size : DatasetSize
        Of the data set.
    components : float
        Principal components that the readout is given; more than there are means all.
    in_folds : bool
        Whether alpha is chosen on folds, which find components in a Gram matrix of their own.

    """
    components = min(components, TRAIN_SHARE * size.stimuli)
    train = TRAIN_SHARE * size.stimuli
    gram = FLOAT * (size.stimuli * train + 5 * train**2) if in_folds else 0
    fitted = gram + FLOAT * size.stimuli * (5 * components + 20 * size.sites)
    of_folds = FLOAT * size.stimuli * (components + 3 * size.sites) * (size.folds - 1)
    return NUMBERS + read_responses(size) + fitted + of_folds


def score_readout(size: DatasetSize, n_bootstrap: int) -> float:
    """Count bootstrap draws over stimuli, and the measures of each resample and site."""
    resamples = FLOAT * n_bootstrap * (3 * size.stimuli + 30 * size.sites)
    return NUMBERS + read_responses(size) + resamples + 6 * FLOAT * size.stimuli * size.sites


def compare_with_chance(size: DatasetSize, n_permutations: int) -> float:
    """Count the scores of each permutation and site, and the responses that are permuted at once.

    The permuted responses take `ventral.scores.chance.BYTES_AT_ONCE`, or what one permutation does.
    """
    scores = 12 * FLOAT * n_permutations * size.sites
    one = FLOAT * size.stimuli * size.sites
    return READERS + read_responses(size) + scores + 8 * max(64 * MB, one) + 6 * one


def tabulate_brain_scores(size: DatasetSize) -> float:
    """Count what `estimate_ceilings` does, in a process that has imported scikit-learn."""
    return READERS - NUMBERS + estimate_ceilings(size)


def predict_between_animals(size: DatasetSize, n_bootstrap: int) -> float:
    """Count the predictions of all folds and what scores take; no sites are more than all."""
    fits = 4 * FLOAT * size.folds * size.stimuli * size.sites
    fitted = 6 * FLOAT * size.stimuli * size.sites
    return score_readout(size, n_bootstrap) + fits + fitted


def compare_models(size: DatasetSize, models: int, n_bootstrap: int) -> float:
    """Count the resamples of one score of all models of a readout, and those of one of a pair."""
    kept = FLOAT * n_bootstrap * size.sites * models
    return score_readout(size, n_bootstrap) + kept


def compute_similarity(size: DatasetSize) -> float:
    """Count G and its part of the train stimuli, or what all pairs of the compared stimuli have.

    How many are compared is not known: all are, at most.
    """
    pairs = FLOAT * size.stimuli**2
    responses = 8 * FLOAT * size.stimuli * size.sites
    return NUMBERS + read_responses(size) + pairs + 16 * pairs + responses


def tabulate_similarity(size: DatasetSize, layers: int) -> float:
    """Count trials and their halves, or the distances of all layers of all models.

    Parameters
    ----------
    size : DatasetSize
        Of the data set.
    layers : int
        Of all models together.

    """
    trials = 9 * FLOAT * size.stimuli * size.sites * size.repetitions
    pairs = FLOAT * min(size.stimuli, MOST_STIMULI_OF_MODELS) ** 2
    return (
        NUMBERS
        + read_responses(size)
        + trials
        + 10 * FLOAT * size.stimuli**2
        + 3 * layers * pairs
        + 8 * FLOAT * layers**2 * 20
    )


def measure_distances(size: DatasetSize) -> float:
    """Count G, all scores, and the distances of all stimuli from those that train.

    Beside them, of at most 3,000 stimuli, the distances and the kernel of the discrepancy.

    Parameters
    ----------
    size : DatasetSize
        Of the data set.

    """
    n, train = size.stimuli, TRAIN_SHARE * size.stimuli
    pairs = min(n, 3000) ** 2
    return NUMBERS + FLOAT * (n**2 + train**2 + 6 * n * train + 6 * pairs)


def tabulate_generalisation(size: DatasetSize, n_bootstrap: int) -> float:
    """Count the resamples of both parts of a fit, and those of their difference.

    Parameters
    ----------
    size : DatasetSize
        Of the data set.
    n_bootstrap : int
        Number of resamples.

    """
    kept = 8 * FLOAT * n_bootstrap * size.sites
    return score_readout(size, n_bootstrap) + kept


def compute_spectra(size: DatasetSize, n_bootstrap: int) -> float:
    """Count squared scores and their sums, and what a readout and its scores take.

    Parameters
    ----------
    size : DatasetSize
        Of the data set.
    n_bootstrap : int
        Number of resamples.

    """
    train = TRAIN_SHARE * size.stimuli
    shares = 4 * FLOAT * train**2
    scored = score_readout(size, n_bootstrap) - NUMBERS
    return fit_readout(size, math.inf) + shares + scored


def _batch_of_images(size: DatasetSize, batch_size: int) -> float:
    """Count a batch as stored, in float32 and resampled."""
    return batch_size * size.height * size.width * 3 * 4 * 3


def _parameter_bytes(description: Mapping) -> int:
    return 4 * description["parameters"]


def _cuda(description: Mapping) -> int:
    return CUDA if description["cuda"] else 0
