"""What each step is given of the config: its ``params``, and nothing that does not change it.

A job runs again when the text of its params differs, so everything here is made of plain
dicts, lists, strings and numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ventral.errors import VentralError
from ventral.similarity import MOST_RESAMPLES
from ventral.study.files import files_of, tracked_content, tracked_sums, tracked_weights
from ventral.study.layer_patterns import is_pattern
from ventral.study.study import Study


@dataclass(frozen=True)
class StepSettings:
    """The settings of the steps of a study, by the names in their paths.

    Parameters
    ----------
    study : Study
        Its entries and its config.

    """

    study: Study

    def stimuli(self, dataset: str) -> dict[str, Any]:
        """Return what decides the stimuli of a data set."""
        entry = self.study.datasets[dataset].config
        return {"source": entry["source"], **_without_files(entry["stimuli"])}

    def responses(self, dataset: str) -> dict[str, Any]:
        """Return what decides the responses of a data set; simulated ones follow the stimuli."""
        own = _without_files(self.study.datasets[dataset].config["responses"])
        sites = self._sites(own.pop("sites", {}))
        return {**self.stimuli(dataset), **own, **sites}

    def stimulus_files(self, dataset: str) -> dict[str, dict[str, str]]:
        """Return what is tracked of each file that the stimuli are read from."""
        files = files_of(self.study.datasets[dataset], "stimuli")
        return {key: tracked_sums(file) for key, file in files.items()}

    def response_files(self, dataset: str) -> dict[str, dict[str, str]]:
        """Return what is tracked of each file that the responses are read from."""
        files = files_of(self.study.datasets[dataset], "stimuli", "responses")
        return {key: tracked_sums(file) for key, file in files.items()}

    def stimulus_content(self, dataset: str) -> dict[str, str]:
        """Return the digest of each file of the user's that the stimuli are read from."""
        return tracked_content(self.study.datasets[dataset], "stimuli")

    def response_content(self, dataset: str) -> dict[str, str]:
        """Return the digest of each file of the user's that the responses are read from."""
        return tracked_content(self.study.datasets[dataset], "stimuli", "responses")

    def split(self, dataset: str) -> dict[str, Any]:
        """Return what decides the split of a data set."""
        return self.study.datasets[dataset].config["split"]

    def network(self, model: str) -> dict[str, Any]:
        """Return what builds a network, and nothing else of the model's entry.

        For a model that is trained here, the file that its training starts from is left out: its
        effect is in the checkpoint.
        """
        found = self.study.models[model]
        trained = found.task is not None and isinstance(found.weights, Mapping)
        return self._network(model, None if trained else tracked_weights(found))

    def untrained_network(self, model: str) -> dict[str, Any]:
        """Return what builds a network as it is before any training."""
        return self._network(model, tracked_weights(self.study.models[model]))

    def training(self, model: str) -> dict[str, Any]:
        """Return a trained model's network and its stage, with the layer that its head reads."""
        training = self.study.models[model].config["training"]
        head = {**training["head"], "layer": self.study.models[model].head_layer}
        network = self._network(model, tracked_weights(self.study.models[model]))
        return {**network, "training": {**training, "head": head}}

    def extraction(self, model: str, taps: str) -> dict[str, Any]:
        """Return what decides the bytes of an extraction."""
        entry = self.study.models[model].config
        own = {key: entry[key] for key in ("dtype", "stochastic")}
        layers, pool = entry["taps"][taps], self.study.models[model].pool(taps)
        patterns = list(filter(is_pattern, layers))
        if patterns:
            raise VentralError(
                f"models: {model}: taps: {taps}: which layers {patterns[0]!r} stands for is not"
                " known: the model has not been fetched yet, or torch is not installed here. Fetch"
                " first (the target fetch), or write the names of the layers"
            )
        if pool != "none":
            own["pool"] = pool
        return {**self.network(model), **own, "layers": layers}

    def components(self, dataset: str, model: str) -> dict[str, Any]:
        """Return how many components lead; none where all readouts are raw."""
        pca = self.study.config["pca"]
        if self.study.reads_components(dataset, model):
            return pca
        return {**pca, "n_components": None}

    def readout(self, readout: str) -> dict[str, Any]:
        """Return a readout's entry without the label that tables show."""
        entry = self.study.readouts[readout].config
        return {key: value for key, value in entry.items() if key != "label"}

    def grids(self, dataset: str) -> dict[str, dict[str, Any]]:
        """Return what decides the grid of alphas of each readout that has one."""
        keys = ("features", "alphas", "n_components")
        names = dict.fromkeys(fit.readout for fit in self.study.fits_that_choose_alpha(dataset))
        return {
            name: {key: value for key, value in self.readout(name).items() if key in keys}
            for name in names
        }

    def scores(self) -> dict[str, Any]:
        """Return the settings of scores and their intervals."""
        scores = self.study.config["scores"]
        own = {key: scores[key] for key in ("ceiling_floor", "n_bootstrap")}
        return {**own, "seed": self.study.config["seed"]}

    @property
    def chance(self) -> dict[str, int]:
        """How often responses are permuted, and the seed."""
        scores = self.study.config["scores"]
        return {"seed": self.study.config["seed"], "n_permutations": scores["n_permutations"]}

    def members(self, dataset: str) -> list[str]:
        """Return the data sets of a pool; a data set is its own pool."""
        pool = self.study.pools.get(dataset)
        return list(pool.members) if pool else [dataset]

    @property
    def resampling(self) -> dict[str, int]:
        """How often stimuli and sites are resampled, and the seed."""
        scores = self.study.config["scores"]
        return {"seed": self.study.config["seed"], "n_bootstrap": scores["n_bootstrap"]}

    @property
    def similarity(self) -> dict[str, Any]:
        """How sites are scaled for similarities, how often they are resampled, and the seed."""
        n_bootstrap = min(self.resampling["n_bootstrap"], MOST_RESAMPLES)
        scale = self.study.config["similarity_scale"]
        return {**self.resampling, "n_bootstrap": n_bootstrap, "scale": scale}

    @property
    def commit_by(self) -> str:
        """What chooses the committed layer."""
        return self.study.config["scores"]["commit_by"]

    def references(self, dataset: str) -> list[dict]:
        """Return the published numbers of a data set."""
        return self.study.datasets[dataset].references

    def _sites(self, sites: Mapping[str, Any]) -> dict[str, Any]:
        """Return which sites are left out, and the seed only where it has a part in it."""
        chosen: dict[str, Any] = {}
        if sites.get("exclude"):
            chosen["exclude"] = sorted(set(sites["exclude"]))
        if "min_reliability" in sites:
            chosen["min_reliability"] = sites["min_reliability"]
            chosen["seed"] = self.study.config["seed"]
        return {"sites": chosen} if chosen else {}

    def _network(self, model: str, weights: str | dict[str, Any] | None) -> dict[str, Any]:
        entry = self.study.models[model].config
        keys = ("architecture", "arguments", "seed", "preprocessing")
        revision = {"revision": entry["revision"]} if "revision" in entry else {}
        return {**{key: entry[key] for key in keys}, **revision, "weights": weights}


def _without_files(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key != "files"}
