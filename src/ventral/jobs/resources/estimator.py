"""What each job of a study needs, by the wildcards in its paths."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ventral.jobs.preflight.description import describe_model, recorded_shapes
from ventral.jobs.resources import memory, runtime
from ventral.jobs.resources.dataset_size import DatasetSize, dataset_size
from ventral.similarity import MOST_RESAMPLES
from ventral.study.study import Study

BESIDE = 450 * memory.MB
"""Beside a job's own process: the workflow's, two on a cluster, where the limit is for all."""

ITEMSIZE = {"auto": 4, "float16": 2, "float32": 4}
ALPHAS = 97
"""Values of a grid of penalties, where the config gives no number."""
HEAD_FEATURES = 2048
"""Of a layer whose width is not known."""


class ResourceEstimator:
    """Memory and time of the jobs of a study.

    A job takes the layers of its tap set in turn: its memory is that of the largest one, its time
    the sum. Each method takes the step of a job and the wildcards of its paths: ``dataset``, and as
    the step needs ``model``, ``taps``, ``readout``.

    Parameters
    ----------
    study : Study
    results : str or Path
        Folder of results, whose manifests tell how large the data sets are.
    source_folder : str or Path
        Holds this package.
    folders : sequence of Path
        Where the user's own code is looked for.
    models_folder : Path, optional
        Of what was fetched for named models.
    ask : bool
        Whether to ask for what is not in the cache of architectures, which imports torch.

    """

    def __init__(
        self,
        study: Study,
        results: str | Path,
        source_folder: str | Path,
        folders: Sequence[Path] = (),
        models_folder: Path | None = None,
        ask: bool = True,
    ):
        self.study = study
        self.results = Path(results)
        self.source_folder = source_folder
        self.folders = folders
        self.models_folder = models_folder
        self.ask = ask
        # A plan asks about each model and data set a dozen times for each of its jobs.
        self._descriptions: dict[str, Mapping[str, Any] | None] = {}
        self._sizes: dict[tuple, DatasetSize] = {}

    def megabytes(self, step: str, wildcards: Mapping[str, str]) -> int:
        """Return the memory to ask a scheduler for, in hundreds of MB."""
        return 100 * math.ceil((self.memory(step, wildcards) + BESIDE) / 100 / memory.MB)

    def minutes(self, step: str, wildcards: Mapping[str, str], threads: int) -> int:
        """Return the time to ask a scheduler for, in minutes."""
        return math.ceil(self.seconds(step, wildcards, threads) / 60)

    def memory(self, step: str, wildcards: Mapping[str, str]) -> float:
        """Return the most memory that a job's own process takes, in bytes."""
        size = self.size(wildcards["dataset"])
        if step in ("prepare_stimuli", "estimate_ceilings"):
            return getattr(memory, step)(size)
        if step == "prepare_responses":
            source = self.study.datasets[wildcards["dataset"]].source
            return memory.prepare_responses(size, simulated=source.simulated)
        if step in ("score_readout", "score_pool"):
            return memory.score_readout(size, self.study.config["scores"]["n_bootstrap"])
        if step == "compare_with_chance":
            return memory.compare_with_chance(size, self.study.config["scores"]["n_permutations"])
        if step == "tabulate_brain_scores":
            return memory.tabulate_brain_scores(size)
        if step == "predict_between_animals":
            return memory.predict_between_animals(size, self.study.config["scores"]["n_bootstrap"])
        if step == "compare_models":
            return memory.compare_models(size, *self._compared(wildcards["dataset"]))
        if step == "fit_pca":
            return memory.fit_pca(size)
        if step == "compute_similarity":
            return memory.compute_similarity(size)
        if step == "tabulate_similarity":
            return memory.tabulate_similarity(size, self._layers_compared(wildcards["dataset"]))
        if step == "compare_dissimilarities":
            return memory.compare_dissimilarities(size)
        if step == "compute_spectra":
            return memory.compute_spectra(size, self.study.config["scores"]["n_bootstrap"])
        if step == "measure_distances":
            return memory.measure_distances(size)
        if step == "tabulate_generalisation":
            resamples = self.study.config["scores"]["n_bootstrap"]
            return memory.tabulate_generalisation(size, resamples)
        if step == "fit_readout":
            readout = wildcards["readout"]
            in_folds = self._chooses_in_folds(readout)
            return memory.fit_readout(size, self._components_read(readout), in_folds)
        model = self.study.models[wildcards["model"]]
        description, batch_size = self.describe(model.name), self._batch_size
        if step == "apply_head":
            return memory.apply_head(description, size, batch_size)
        if step == "train_model":
            batch_size = model.config["training"]["batch_size"]
            return memory.train_model(description, size, batch_size, self._head_width(model.name))
        widths, itemsize = self.widths(model.name, wildcards["taps"]), self.itemsize(model.name)
        if step in ("compute_gram", "compute_dissimilarities"):
            return getattr(memory, step)(size, widths, itemsize)
        workers = self.study.config["compute"]["workers"]
        return memory.extract_activations(description, size, widths, itemsize, batch_size, workers)

    def seconds(self, step: str, wildcards: Mapping[str, str], threads: int) -> float:
        """Return the time that a job takes on the CPU, in seconds, at most."""
        size = self.size(wildcards["dataset"])
        if step in ("prepare_stimuli", "prepare_responses", "estimate_ceilings"):
            return getattr(runtime, step)(size)
        if step == "tabulate_brain_scores":
            return runtime.estimate_ceilings(size)
        if step == "predict_between_animals":
            resamples = self.study.config["scores"]["n_bootstrap"]
            return runtime.predict_between_animals(size, resamples)
        if step == "compare_models":
            compared = self._compared(wildcards["dataset"])
            return runtime.compare_models(size, *compared, len(self.study.readouts))
        if step == "tabulate_generalisation":
            resamples = self.study.config["scores"]["n_bootstrap"]
            fits = self._fitted_layers(wildcards["dataset"])
            return runtime.tabulate_generalisation(size, fits, resamples)
        if step == "tabulate_similarity":
            return runtime.tabulate_similarity(size, self._layers_compared(wildcards["dataset"]))
        model = self.study.models[wildcards["model"]]
        description = self.describe(model.name)
        if step == "train_model":
            epochs = model.config["training"]["epochs"]
            return runtime.train_model(description, size, epochs, threads)
        if step == "apply_head":
            return runtime.extract_activations(description, size, 0, threads)
        if step == "compute_similarity":
            resamples = min(self.study.config["scores"]["n_bootstrap"], MOST_RESAMPLES)
            return runtime.compute_similarity(size, len(model.layers), resamples)
        layers = len(
            model.taps.get(wildcards["taps"], [wildcards["taps"]])
        )  # a head counts as a layer
        if step in ("score_readout", "score_pool"):
            return runtime.score_readout(size, layers, self.study.config["scores"]["n_bootstrap"])
        if step == "compare_with_chance":
            permutations = self.study.config["scores"]["n_permutations"]
            return runtime.compare_with_chance(size, layers, permutations)
        if step == "compare_dissimilarities":
            resamples = self.study.config["scores"]["n_bootstrap"]
            return runtime.compare_dissimilarities(size, layers, resamples)
        if step == "fit_pca":
            return runtime.fit_pca(size, layers, threads)
        if step == "compute_spectra":
            resamples = self.study.config["scores"]["n_bootstrap"]
            return runtime.compute_spectra(size, layers, ALPHAS, resamples)
        if step == "measure_distances":
            resamples = self.study.config["scores"]["n_bootstrap"]
            return runtime.measure_distances(size, layers, resamples)
        if step == "fit_readout":
            readout = wildcards["readout"]
            count = self.study.readouts[readout].config.get("alphas", {}).get("count", ALPHAS)
            components, in_folds = self._components_read(readout), self._chooses_in_folds(readout)
            return runtime.fit_readout(size, layers, components, count, in_folds)
        widths, itemsize = self.widths(model.name, wildcards["taps"]), self.itemsize(model.name)
        if step in ("compute_gram", "compute_dissimilarities"):
            return runtime.compute_gram(size, widths, itemsize, threads)
        written = size.stimuli * sum((widths or {}).values()) * itemsize
        return runtime.extract_activations(description, size, written, threads)

    def _compared(self, dataset: str) -> tuple[int, int]:
        """Return how many models are compared, and the number of resamples."""
        models = {self.study.models[name].entry for name in self.study.scored[dataset].models}
        return len(models), self.study.config["scores"]["n_bootstrap"]

    def size(self, dataset: str) -> DatasetSize:
        """Return the size of a data set; of a pool the sum of its data sets."""
        if dataset in self.study.pools:
            sizes = [self.size(member) for member in self.study.pools[dataset].members]
            stimuli, sites = sum(each.stimuli for each in sizes), sum(each.sites for each in sizes)
            return replace(sizes[0], stimuli=stimuli, sites=sites)
        folder = self.results / dataset
        # During a run the stores appear, and tell more than the settings.
        manifests = [folder / "stimuli.json", folder / "responses.json"]
        key = (dataset, *map(_version, manifests))
        if key not in self._sizes:
            self._sizes[key] = dataset_size(folder, self.study.datasets[dataset])
        return self._sizes[key]

    def describe(self, model: str) -> Mapping[str, Any] | None:
        """Return what is known of a model's architecture."""
        if model not in self._descriptions:
            entry = self.study.models[model].config
            self._descriptions[model] = describe_model(
                entry, self.source_folder, self.folders, self.ask, self.models_folder
            )
        return self._descriptions[model]

    def widths(self, model: str, taps: str) -> dict[str, int] | None:
        """Return {layer: features} of a tap set, or None where it is not known."""
        description = self.describe(model)
        found = self.study.models[model]
        if not description:
            return None
        if description.get("shapes") and found.pool(taps) != "none":
            shapes = recorded_shapes(found.config, taps, description)
            return {layer: math.prod(shape) for layer, shape in shapes.items()}
        return memory.layer_widths(description, found.taps[taps])

    def itemsize(self, model: str) -> int:
        """Return the bytes of a value in the activation stores of a model."""
        return ITEMSIZE[self.study.models[model].config["dtype"]]

    def _layers_compared(self, dataset: str) -> int:
        names = self.study.compared_models(dataset)
        return sum(len(self.study.models[name].layers) for name in names)

    def _fitted_layers(self, dataset: str) -> int:
        """Return how many layers the fits of a data set have; a head counts as one."""
        models = self.study.models
        return sum(
            len(models[fit.model].taps.get(fit.taps, [fit.taps]))
            for fit in self.study.fits_of(dataset)
        )

    @property
    def _batch_size(self) -> int:
        return self.study.config["compute"]["batch_size"]

    def _head_width(self, name: str) -> int:
        model = self.study.models[name]
        shapes = (self.describe(name) or {}).get("shapes") or {}
        channels = shapes.get(model.head_layer, [HEAD_FEATURES])[0]
        return channels if model.config["training"]["head"]["pooling"] == "average" else int(1e9)

    def _chooses_in_folds(self, readout: str) -> bool:
        """Tell whether a readout chooses its alpha on folds."""
        return self.study.readouts[readout].config.get("choose_alpha") in ("k_fold", "groups")

    def _components_read(self, readout: str) -> float:
        """Return how many components a readout is given, at most; raw features are all of them."""
        is_raw = self.study.readouts[readout].features == "raw"
        return math.inf if is_raw else self.study.config["pca"]["n_components"]


def _version(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
