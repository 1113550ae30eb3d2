"""What tables and figures show of models and readouts: labels, groups, layers, numbers of PCs.

After a change of these, tables and figures are made again, and no score. Of a sweep, tables and
figures show one variant under the name of the entry.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ventral.study.entries import HEAD, Model, Readout
from ventral.study.files import tracked_weights
from ventral.study.study import Study

SHOWN = ("label", "variant", "group", "architecture")
"""Keys of a model's entry that are shown as they are."""


@dataclass(frozen=True)
class Display:
    """What is shown of a study.

    Parameters
    ----------
    study : Study
        Its entries and its config.

    """

    study: Study

    def tables(self, dataset: str) -> dict[str, Any]:
        """Return what tables of a data set show, in the order in which the config lists models."""
        return self._described(self.study.datasets[dataset].models)

    def figures(self, dataset: str) -> dict[str, Any]:
        """Return what figures of a data set show: `tables`, and the readout that they draw."""
        return {**self.tables(dataset), "readout": self._drawn_readout}

    def all_datasets(self) -> dict[str, Any]:
        """Return what the table and the figure over all data sets show."""
        used = {name for dataset in self.study.datasets.values() for name in dataset.models}
        shown = self._described(name for name in self.study.models if name in used)
        return {**shown, "readout": self._drawn_readout}

    def fits(self, dataset: str) -> list[list[str]]:
        """Return data set, model and readout of each fit of a data set, as its tables name them."""
        return [[dataset, fit.model, fit.readout] for fit in self.study.fits_of(dataset)]

    def origins(self, dataset: str) -> dict[str, dict[str, dict[str, Any]]]:
        """Return of which entries the models and readouts of a data set's fits are variants."""
        fits = self.study.fits_of(dataset)
        models = {fit.model: _origin(self.study.models[fit.model]) for fit in fits}
        readouts = {fit.readout: _origin(self.study.readouts[fit.readout]) for fit in fits}
        return {"models": models, "readouts": readouts}

    def trained_models(self, dataset: str) -> dict[str, dict[str, str]]:
        """Return task, target and start of each trained model of a data set."""
        described = {}
        for model in self.study.trained_models(dataset):
            given = "file" if isinstance(model.weights, Mapping) else model.weights or "random"
            described[model.name] = {
                "task": model.config["training"]["task"],
                "target": model.config["training"]["target"],
                "start": model.start or given,
            }
        return described

    @property
    def _drawn_readout(self) -> str | None:
        return self.study.config["figures"].get("readout")

    def _described(self, models: Iterable[str]) -> dict[str, dict[str, dict[str, Any]]]:
        described: dict[str, dict[str, dict[str, Any]]] = {"models": {}, "readouts": {}}
        for model in map(self.study.models.__getitem__, models):
            described["models"][model.entry] = {
                "label": model.entry,
                **{key: model.config[key] for key in SHOWN if key in model.config},
                "weights": "trained here" if model.task else tracked_weights(model),
                "layers": self._layers(model),
            }
        for readout in self.study.readouts.values():
            described["readouts"][readout.entry] = {
                "label": readout.config.get("label", readout.entry),
                "method": readout.method,
                "features": readout.features,
                "n_components": self._components_read(readout),
            }
        return described

    def _layers(self, model: Model) -> list[str]:
        """Return a model's layers and its head, whose name a recorded layer may have too."""
        return list(dict.fromkeys([*model.layers, HEAD])) if self.study.heads else model.layers

    def _components_read(self, readout: Readout) -> int:
        """Return how many PCs a readout is given; the n_components of pls are latent ones."""
        most = self.study.config["pca"]["n_components"]
        if readout.method == "pls":
            return most
        return readout.config.get("n_components", most)


def _origin(entry: Model | Readout) -> dict[str, Any]:
    return {"entry": entry.entry, "settings": dict(entry.swept)}
