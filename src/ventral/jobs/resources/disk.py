"""What a study leaves on the disk: bytes, at most, and files.

A cluster's quota counts both. A store is one file and its manifest, but for those that are written
while a network runs or that are made once for each data set.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ventral.jobs.resources.dataset_size import DatasetSize
from ventral.jobs.resources.memory import TRAIN_SHARE
from ventral.storage.layout import count_files
from ventral.study.entries import HEAD
from ventral.study.study import Study

FLOAT = 8
PARTS = 3
"""Of a split without folds: train, validation, test."""
REGIONS = 2
ROW_BYTES = 150
"""Of a table of scores."""
DRAWN_MEASURES = 3

STORE = 3
"""Files of a store that is one file: itself, its manifest and the record of its lineage."""
SCORES = 4
"""Files of the scores of a fit: sites, population, draws of the bootstrap, the record."""
CHANCE = 3
"""Files of the comparison of a fit with chance: two tables and the record."""
DISSIMILARITIES = 4
"""Files of a tap set that is compared with dissimilarities: two tables, two records."""
DISTANCES = 2
"""Files of the distances of held-out stimuli in a tap set: the table and the record."""
SPECTRA = 3
"""Files of the spectra of a tap set: two tables and the record."""
STEPS_OF_TAP_SET, STEPS_OF_FIT = 3, 2
"""Jobs, each with a log if it has something to say and with a benchmark."""
TRAINING = 3
"""Files of a trained model: the checkpoint, its table and the record."""
HEAD_STORE = 16
"""Files of the outputs of a trained head, about."""
SIMILARITY = 3
"""Files of a model's similarity: the table, the distances and the record."""
DATASET = 90
"""Files of a data set's own stores, tables and figures, about, without those of its images."""
IMAGES_OF_FILE = 64


@dataclass(frozen=True)
class Disk:
    """Bytes and files of a tap set, of one model on one data set.

    Parameters
    ----------
    activations, gram, pca, fits, scores : float or None
        Bytes at most; None where the widths of the layers are not known.
    files : int
        Under the folder of results.

    """

    activations: float | None
    gram: float
    pca: float
    fits: float
    scores: float
    files: int

    @property
    def total(self) -> float | None:
        """All bytes, or None where they are not known."""
        if self.activations is None:
            return None
        return self.activations + self.gram + self.pca + self.fits + self.scores


def tap_set_disk(
    study: Study,
    dataset: str,
    model: str,
    taps: str,
    size: DatasetSize,
    widths: Mapping[str, int] | None,
    itemsize: int,
) -> Disk:
    """Return what a tap set leaves on the disk, its fits and their scores included.

    Parameters
    ----------
    study : Study
    dataset, model, taps : str
        Names that make up the tap set.
    size : DatasetSize
        Of the data set.
    widths : Mapping or None
        {layer: features}, None where they are not known.
    itemsize : int
        Bytes of a value in the activation store.

    Returns
    -------
    Disk

    """
    layers = len(study.models[model].taps[taps])
    n, train = size.stimuli, TRAIN_SHARE * size.stimuli
    readouts = [
        study.readouts[name]
        for name in study.readouts_of(dataset, model)
        if study.is_fitted(model, taps, name)
    ]
    fits = 0.0
    for readout in readouts:
        most = readout.config.get("n_components", study.config["pca"]["n_components"])
        weights = train if readout.features == "raw" else min(most, train)
        fits += FLOAT * layers * size.folds * size.sites * (n + weights)
    draws = REGIONS * study.config["scores"]["n_bootstrap"] * DRAWN_MEASURES * FLOAT
    parts = max(PARTS, size.folds + 1)
    kept = study.config["keep_activations"]
    # Where the store is removed, its manifest and its record stay and a receipt comes.
    of_activations = count_files(layers) + 2 if kept else 3
    written = n * sum(widths.values()) * itemsize if widths else None
    if not study.datasets[dataset].has_responses:
        pairs = layers * FLOAT * n**2 / 2
        return Disk(written if kept else 0, pairs, 0, 0, 0, of_activations + DISSIMILARITIES)
    described = SPECTRA if study.config["spectra"] else 0
    described += DISTANCES if dataset in study.datasets_with_generalisation else 0
    of_fit = STORE + SCORES + (CHANCE if study.config["scores"]["n_permutations"] else 0)
    return Disk(
        activations=written if kept else 0,
        gram=layers * FLOAT * n**2,
        pca=layers * size.folds * FLOAT * n * train,
        fits=fits,
        scores=len(readouts) * layers * parts * (size.sites * ROW_BYTES + draws),
        files=of_activations + 2 * STORE + described + len(readouts) * of_fit,
    )


def count_results(study: Study, sizes: Mapping[str, DatasetSize]) -> int:
    """Return about how many files a study leaves under its folder of results.

    Parameters
    ----------
    study : Study
    sizes : Mapping
        {data set: its size}.

    Returns
    -------
    int

    """
    files = 0
    for dataset, model, taps in study.tap_sets():
        disk = tap_set_disk(study, dataset, model, taps, sizes[dataset], None, 1)
        files += disk.files
    for name in study.datasets:
        files += DATASET + -(-sizes[name].stimuli // IMAGES_OF_FILE)
        files += len(study.trained_models(name)) * (TRAINING + HEAD_STORE)
        heads = [fit for fit in study.fits_of(name) if fit.taps == HEAD]
        files += len(heads) * (STORE + SCORES)
        if name in study.datasets_with_similarity:
            files += len(study.compared_models(name)) * SIMILARITY
    return files


def count_records(study: Study) -> int:
    """Return how many logs, benchmarks and records of outputs there may be beside the results.

    Parameters
    ----------
    study : Study

    Returns
    -------
    int

    """
    records = 0
    for dataset in study.datasets:
        fits = len(study.fits_of(dataset))
        records += fits * (2 * STEPS_OF_FIT + STORE + SCORES)
        records += fits * (CHANCE + 2) if dataset in study.datasets_with_chance else 0
    for taps in study.tap_sets():
        records += DISTANCES + 2 if taps.dataset in study.datasets_with_generalisation else 0
        records += 2 * STEPS_OF_TAP_SET + 3 * STORE
        records += SPECTRA + 2 if study.config["spectra"] else 0
    return records
