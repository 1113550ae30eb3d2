"""What tables and figures show of models and readouts: labels, groups, layers, colours.

After a change of these, tables and figures are made again, and no score. Of a sweep, tables and
figures show one variant under the name of the entry.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ventral.figures.looks import assign_looks
from ventral.study.entries import HEAD, Model, Readout
from ventral.study.files import shown_weights
from ventral.study.study import Fit, Study

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
        """Return what tables of a data set show, in the order in which the config lists models.

        ``cross_site``: whether a published cross-site correlation is compared, which alone is a
        reason to show ours.
        """
        found = self.study.entry(dataset)
        measures = {reference["measure"] for reference in found.references}
        return {
            **self._described(found.models),
            "cross_site": "cross_site_correlation" in measures,
        }

    def figures(self, dataset: str) -> dict[str, Any]:
        """Return what figures of a data set show: models with their looks, and the readout."""
        return self._drawn(self.study.entry(dataset).models)

    def table_of_all(self) -> dict[str, Any]:
        """Return what the table over all data sets shows."""
        return self._described(self._used)

    def figure_of_all(self) -> dict[str, Any]:
        """Return what the figure over all data sets shows."""
        return self._drawn(self._used)

    def fits(self, dataset: str) -> list[list[str]]:
        """Return data set, model and readout of each fit of a data set, as its tables name them."""
        return [[dataset, fit.model, fit.readout] for fit in self.study.fits_of(dataset)]

    def compared_fits(self, dataset: str) -> list[list[str]]:
        """Return data set, model and readout of each fit behind the scores of a data set or pool.

        Of a pool these are the fits of its data sets.
        """
        return self._of_members(dataset, self.study.fits_of(dataset))

    def fits_that_choose_alpha(self, dataset: str) -> list[list[str]]:
        """Return data set, model and readout of each fit whose alpha is chosen, as above."""
        return self._of_members(dataset, self.study.fits_that_choose_alpha(dataset))

    def tap_sets(self, dataset: str) -> list[list[str]]:
        """Return data set and model of each tap set of a data set, as its tables name them."""
        return [[dataset, taps.model] for taps in self.study.tap_sets_of(dataset)]

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

    def _of_members(self, dataset: str, fits: Iterable[Fit]) -> list[list[str]]:
        pool, fits = self.study.pools.get(dataset), list(fits)
        members = pool.members if pool else [dataset]
        return [[member, fit.model, fit.readout] for member in members for fit in fits]

    def page(self) -> dict[str, Any]:
        """Return what the results page shows of all data sets and pools."""
        names = (*self.study.datasets, *self.study.pools)
        return {**self.figure_of_all(), "variants": {name: self.variants(name) for name in names}}

    def variants(self, dataset: str) -> dict[str, dict[str, Any]]:
        """Return the labels of the models of a data set or pool, with the values of sweeps.

        Also of the models that are trained because others start from them.
        """
        if dataset in self.study.pools:
            models = [self.study.models[name] for name in self.study.entry(dataset).models]
        else:
            models = self.study.models_and_starts(dataset)
        return {
            model.name: {
                "label": model.config.get("label", model.entry),
                "variant": model.config.get("variant"),
                "group": model.config["group"],
                "settings": dict(model.swept),
            }
            for model in models
        }

    def trained_variants(self, dataset: str) -> dict[str, dict[str, Any]]:
        """Return the labels of the trained models of a data set: another model changes nothing."""
        trained = {model.name for model in self.study.trained_models(dataset)}
        return {name: given for name, given in self.variants(dataset).items() if name in trained}

    @property
    def _used(self) -> list[str]:
        """Return the models of any data set, in the order of the config."""
        used = {name for dataset in self.study.datasets.values() for name in dataset.models}
        return [name for name in self.study.models if name in used]

    def _drawn(self, models: Iterable[str]) -> dict[str, Any]:
        looks = assign_looks(self._described(self._used)["models"])
        described = self._described(models)
        for name, description in described["models"].items():
            if name in looks:
                description["look"] = looks[name]
        return {**described, "readout": self.study.config["figures"].get("readout")}

    def _described(self, models: Iterable[str]) -> dict[str, dict[str, dict[str, Any]]]:
        described: dict[str, dict[str, dict[str, Any]]] = {"models": {}, "readouts": {}}
        for model in map(self.study.models.__getitem__, models):
            described["models"][model.entry] = {
                "label": model.entry,
                **{key: model.config[key] for key in SHOWN if key in model.config},
                "weights": "trained here" if model.task else shown_weights(model),
                "layers": self._layers(model),
            }
        for readout in self.study.readouts.values():
            described["readouts"][readout.entry] = {
                "label": readout.config.get("label", readout.entry),
                "method": readout.method,
                "features": readout.features,
            }
        return described

    def _layers(self, model: Model) -> list[str]:
        """Return a model's layers and its head, whose name a recorded layer may have too."""
        return list(dict.fromkeys([*model.layers, HEAD])) if self.study.heads else model.layers


def _origin(entry: Model | Readout) -> dict[str, Any]:
    return {"entry": entry.entry, "settings": dict(entry.swept)}
