"""What each job of a config needs, by the names in its paths."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from ventral.jobs.preflight.description import describe_model
from ventral.jobs.resources import memory, runtime
from ventral.jobs.resources.dataset_size import DatasetSize, dataset_size

BESIDE = 450 * memory.MB
"""Beside a job's own process: the workflow's, two on a cluster, where the limit is for all."""

ITEMSIZE = {"float16": 2, "float32": 4}


class ResourceEstimator:
    """Memory and time of the jobs of a config.

    config: checked, defaults filled in. results: the folder of results, whose manifests tell how
    large the data sets are. source_folder: holds this package. folders: where the user's own code
    is looked for. ask: False knows of networks only what is in the cache, and takes no time.

    What is asked of a job takes its step and the names in its paths: ``dataset``, and as the step
    needs ``model``, ``taps``, ``layer``, ``readout``.
    """

    def __init__(
        self,
        config: Mapping,
        results: str | Path,
        source_folder: str | Path,
        folders: Sequence[Path] = (),
        ask: bool = True,
    ):
        self.config = config
        self.results = Path(results)
        self.source_folder = source_folder
        self.folders = folders
        self.ask = ask
        self._described: dict[str, Mapping | None] = {}

    def megabytes(self, step: str, names: Mapping[str, str]) -> int:
        """Return the memory to ask a scheduler for, in hundreds of MB."""
        return 100 * math.ceil((self.memory(step, names) + BESIDE) / 100 / memory.MB)

    def minutes(self, step: str, names: Mapping[str, str], threads: int) -> int:
        """Return the time to ask a scheduler for, in minutes."""
        return math.ceil(self.seconds(step, names, threads) / 60)

    def memory(self, step: str, names: Mapping[str, str]) -> float:
        """Return the most memory that a job's own process takes, in bytes."""
        size = self.size(names["dataset"])
        if step in ("prepare_stimuli", "estimate_ceilings"):
            return getattr(memory, step)(size)
        if step == "prepare_responses":
            source = self.config["datasets"][names["dataset"]]["source"]
            return memory.prepare_responses(size, simulated=source == "simulated")
        if step == "score_readout":
            return memory.score_readout(size, self.config["scores"]["n_bootstrap"])
        if step == "fit_pca":
            return memory.fit_pca(size, self.config["pca"]["n_components"])
        if step == "fit_readout":
            return memory.fit_readout(size, *self._features(names))
        entry = self.config["models"][names["model"]]
        description, itemsize = self.describe(names["model"]), ITEMSIZE[entry["dtype"]]
        if step == "compute_gram":
            width, others = self._width(names), self._widths(names)
            return memory.compute_gram(size, width, others, itemsize)
        batch_size = self.config["compute"]["batch_size"]
        if step == "apply_head":
            return memory.apply_head(description, size, batch_size)
        if step == "train_model":
            batch_size = entry["training"]["batch_size"]
            return memory.train_model(description, size, batch_size, self._head_width(names))
        return memory.extract_activations(
            description,
            size,
            entry["taps"][names["taps"]],
            itemsize,
            batch_size,
            self.config["compute"]["workers"],
        )

    def seconds(self, step: str, names: Mapping[str, str], threads: int) -> float:
        """Return the time that a job takes on the CPU, in seconds, at most."""
        size = self.size(names["dataset"])
        if step in ("prepare_stimuli", "prepare_responses", "estimate_ceilings"):
            return getattr(runtime, step)(size)
        if step == "score_readout":
            return runtime.score_readout(size, self.config["scores"]["n_bootstrap"])
        if step == "fit_pca":
            return runtime.fit_pca(size, threads)
        if step == "fit_readout":
            raw, n_components = self._features(names)
            grid = self.config["readouts"][names["readout"]].get("alphas", {})
            return runtime.fit_readout(size, raw, grid.get("count", 26), n_components)
        entry = self.config["models"][names["model"]]
        description, itemsize = self.describe(names["model"]), ITEMSIZE[entry["dtype"]]
        if step == "compute_gram":
            return runtime.compute_gram(size, self._width(names), itemsize, threads)
        if step == "train_model":
            return runtime.train_model(description, size, entry["training"]["epochs"], threads)
        if step == "apply_head":
            return runtime.extract_activations(description, size, 0, threads)
        widths = self.widths(names["model"], names["taps"])
        written = size.stimuli * sum((widths or {}).values()) * itemsize
        return runtime.extract_activations(description, size, written, threads)

    def size(self, dataset: str) -> DatasetSize:
        """Return the size of a data set."""
        return dataset_size(self.results / dataset, self.config["datasets"][dataset])

    def describe(self, model: str) -> Mapping | None:
        """Return what is known of a model's architecture."""
        if model not in self._described:  # a plan asks several times for each job
            entry = self.config["models"][model]
            self._described[model] = describe_model(
                entry, self.source_folder, self.folders, self.ask
            )
        return self._described[model]

    def widths(self, model: str, taps: str) -> dict[str, int] | None:
        """Return {layer: features} of a tap set, or None where it is not known."""
        description = self.describe(model)
        layers = self.config["models"][model]["taps"][taps]
        return memory.layer_widths(description, layers) if description else None

    def _widths(self, names: Mapping[str, str]) -> dict[str, int]:
        """Return {layer: features} of the tap set of a layer, as far as it is known."""
        taps = self.config["models"][names["model"]]["taps"]
        own = next(name for name, layers in taps.items() if names["layer"] in layers)
        return self.widths(names["model"], own) or {}

    def _width(self, names: Mapping[str, str]) -> int | None:
        return self._widths(names).get(names["layer"])

    def _head_width(self, names: Mapping[str, str]) -> int:
        description = self.describe(names["model"])
        head = self.config["models"][names["model"]]["training"]["head"]
        shape = ((description or {}).get("shapes") or {}).get(head.get("layer"), [2048])
        return shape[0] if head["pooling"] == "average" else int(1e9)

    def _features(self, names: Mapping[str, str]) -> tuple[bool, int]:
        """Tell whether a readout reads raw features, and how many components there are."""
        raw = self.config["readouts"][names["readout"]].get("features") == "raw"
        return raw, self.config["pca"]["n_components"]
