"""A whole study: its data sets, models and readouts, and which fits they make.

Rules, checks and predictions of resources ask the same object, so that a question such as "which
models does this data set have" has one answer.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ventral.data.folds import has_in_distribution_part
from ventral.data.sources.find import find_source
from ventral.study.entries import HEAD, Dataset, Model, Pool, Readout

Origins = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Where models and readouts come from: what `ventral.study.sweeps.expand_sweeps` returns."""


class TapSet(NamedTuple):
    """The layers of a model that one forward pass records, on one data set, by their names."""

    dataset: str
    model: str
    taps: str


class Fit(NamedTuple):
    """A readout of a tap set; for a network's own head, `HEAD` stands in the tap set's place."""

    model: str
    taps: str
    readout: str


@dataclass(frozen=True)
class Study:
    """What a config asks for, after it has been checked and its sweeps have been expanded.

    Parameters
    ----------
    datasets, models, readouts, pools : Mapping
        The entries by name, in the order of the config.
    config : Mapping
        The whole config, complete.
    notes : tuple of str
        What the config leaves unsaid, for the plan to say.

    """

    datasets: Mapping[str, Dataset]
    models: Mapping[str, Model]
    readouts: Mapping[str, Readout]
    config: Mapping[str, Any]
    pools: Mapping[str, Pool] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def from_config(
        cls,
        config: Mapping[str, Any],
        origins: Origins | None = None,
        folders: Iterable[str | Path] = (),
    ) -> "Study":
        """Read a complete config.

        Parameters
        ----------
        config : Mapping
            Complete, its sweeps expanded.
        origins : Mapping, optional
            Of which entry each model and readout is a variant. Without it each is its own entry.
        folders : iterable of path
            Folders of the user's own code, in which a source of theirs may lie.

        Returns
        -------
        Study

        """

        def origin(kind: str, name: str) -> tuple[str, Mapping[str, Any]]:
            if origins is None:
                return name, {}
            return origins[kind][name]["entry"], origins[kind][name]["settings"]

        folders = list(folders)
        every_model, every_readout = tuple(config["models"]), tuple(config["readouts"])
        datasets = {
            name: Dataset(
                name,
                models=tuple(entry.get("models", every_model)),
                readouts=frozenset(entry.get("readouts", every_readout)),
                source=find_source(entry["source"], folders),
                config=entry,
            )
            for name, entry in config["datasets"].items()
        }
        return cls(
            datasets=datasets,
            models={
                name: Model(
                    name,
                    *origin("models", name),
                    taps=entry["taps"],
                    readouts=tuple(entry.get("readouts", every_readout)),
                    config=entry,
                )
                for name, entry in config["models"].items()
            },
            readouts={
                name: Readout(name, *origin("readouts", name), config=entry)
                for name, entry in config["readouts"].items()
            },
            config=config,
            pools={
                name: _pool(name, [datasets[member] for member in members])
                for name, members in config["pools"].items()
            },
        )

    @property
    def scored(self) -> dict[str, Dataset | Pool]:
        """What has scores, their tables and figures: data sets with responses, and pools."""
        return {
            **{name: self.datasets[name] for name in self.datasets_with_responses},
            **self.pools,
        }

    def entry(self, name: str) -> Dataset | Pool:
        """Return a data set or a pool by its name."""
        return self.pools[name] if name in self.pools else self.datasets[name]

    @property
    def heads(self) -> list[str]:
        """The readouts that are a network's own output."""
        return [name for name, readout in self.readouts.items() if readout.is_head]

    @property
    def fitted_readouts(self) -> list[str]:
        """The readouts that are fitted to the features of a layer."""
        return [name for name, readout in self.readouts.items() if not readout.is_head]

    def readouts_of(self, dataset: str, model: str) -> list[str]:
        """Return the readouts that a model asks for and a data set allows."""
        entry = self.entry(dataset)
        if not entry.has_responses:
            return []
        allowed = entry.readouts
        return [name for name in self.models[model].readouts if name in allowed]

    def tap_sets(self) -> Iterator[TapSet]:
        """Give every tap set that is recorded."""
        for dataset in self.datasets.values():
            for model in dataset.models:
                for taps in self.models[model].taps:
                    yield TapSet(dataset.name, model, taps)

    def tap_sets_of(self, dataset: str) -> list[TapSet]:
        """Return the tap sets that are recorded on a data set."""
        return [taps for taps in self.tap_sets() if taps.dataset == dataset]

    def fits_of(self, dataset: str) -> list[Fit]:
        """Return every fit of a data set, or those that all data sets of a pool have."""
        return [
            Fit(model, taps, readout)
            for model in self.entry(dataset).models
            for taps in (*self.models[model].taps, HEAD)
            for readout in self.readouts_of(dataset, model)
            if self.is_fitted(model, taps, readout)
        ]

    def fits_that_choose_alpha(self, dataset: str) -> list[Fit]:
        """Return the fits of a data set or a pool whose readout chooses its alpha from a grid."""
        return [
            fit for fit in self.fits_of(dataset) if self.readouts[fit.readout].method == "ridge_cv"
        ]

    def is_fitted(self, model: str, taps: str, readout: str) -> bool:
        """Tell whether a readout belongs to a tap set.

        A head is a readout of no layer, and belongs to models that are trained on responses.
        """
        if self.readouts[readout].is_head:
            return taps == HEAD and self.models[model].task == "responses"
        return taps != HEAD

    def reads_components(self, dataset: str, model: str) -> bool:
        """Tell whether some readout of a model reads its leading principal components alone."""
        names = self.readouts_of(dataset, model)
        return any(self.readouts[name].features == "pcs" for name in names)

    def models_and_starts(self, dataset: str) -> list[Model]:
        """Return the models of a data set, followed by those that their trainings start from."""
        pending = list(self.datasets[dataset].models)
        for name in pending:
            start = self.models[name].start
            if start is not None and start in self.models and start not in pending:
                pending.append(start)
        return [self.models[name] for name in pending]

    def compared_models(self, dataset: str) -> list[str]:
        """Return the models of a data set whose layers are compared: all that have any."""
        return [name for name in self.datasets[dataset].models if self.models[name].taps]

    @property
    def datasets_with_similarity(self) -> list[str]:
        """The data sets of which similarities are computed."""
        if not self.config["similarity"]:
            return []
        return [name for name in self.datasets_with_responses if self.compared_models(name)]

    def trained_models(self, dataset: str) -> list[Model]:
        """Return the trained models of a data set, and those that their trainings start from."""
        return [model for model in self.models_and_starts(dataset) if model.task]

    def classifiers(self, dataset: str) -> list[Model]:
        """Return the models of a data set that are trained on classes of its stimuli."""
        return [model for model in self.trained_models(dataset) if model.task == "classification"]

    @property
    def datasets_with_responses(self) -> list[str]:
        """The data sets whose responses models predict."""
        return [name for name, dataset in self.datasets.items() if dataset.has_responses]

    @property
    def datasets_with_dissimilarities(self) -> list[str]:
        """The data sets of which dissimilarities alone are known."""
        return [name for name, dataset in self.datasets.items() if not dataset.has_responses]

    @property
    def datasets_with_training(self) -> list[str]:
        """The data sets on which a model is trained that is also scored there."""
        return [
            name
            for name, dataset in self.datasets.items()
            if any(self.models[model].task for model in dataset.models)
        ]

    @property
    def datasets_with_pairs(self) -> list[str]:
        """The data sets and pools of at least two models; variants of a sweep count as one."""
        return [
            name
            for name, dataset in self.scored.items()
            if len({self.models[model].entry for model in dataset.models}) > 1
        ]

    @property
    def datasets_with_chosen_alphas(self) -> list[str]:
        """The data sets and pools with a readout that chooses its alpha."""
        return [name for name in self.scored if self.fits_that_choose_alpha(name)]

    @property
    def datasets_with_sweeps(self) -> list[str]:
        """The data sets and pools with a fit of a swept model or a swept readout."""
        return [
            dataset
            for dataset in self.scored
            if any(
                self.models[fit.model].swept or self.readouts[fit.readout].swept
                for fit in self.fits_of(dataset)
            )
        ]

    @property
    def datasets_with_spectra(self) -> list[str]:
        """The data sets whose layers are described by their spectra, where the config asks."""
        if not self.config["spectra"]:
            return []
        return [name for name in self.datasets_with_responses if self.tap_sets_of(name)]

    @property
    def datasets_with_generalisation(self) -> list[str]:
        """The data sets that are tested on stimuli of the kind that trains and on others."""
        return [
            name
            for name in self.datasets_with_responses
            if has_in_distribution_part(self.datasets[name].config["split"])
            and self.tap_sets_of(name)
        ]

    @property
    def datasets_with_chance(self) -> list[str]:
        """The data sets whose scores are compared with chance, where the config asks."""
        asked = self.config["scores"]["n_permutations"] > 0
        return [name for name in self.datasets_with_responses if asked and self.fits_of(name)]

    @property
    def datasets_with_brain_scores(self) -> list[str]:
        """The data sets that are also scored as Brain-Score does."""
        return [
            name for name in self.datasets_with_responses if self.datasets[name].has_brain_scores
        ]

    @property
    def datasets_between_animals(self) -> list[str]:
        """The data sets in which each animal is predicted from the others."""
        return [name for name, data in self.datasets.items() if data.predicts_between_animals]

    @property
    def datasets_with_references(self) -> list[str]:
        """The data sets with published numbers."""
        return [name for name, dataset in self.datasets.items() if dataset.references]


def _pool(name: str, members: list[Dataset]) -> Pool:
    shared = set(members[0].models).intersection(*(member.models for member in members))
    return Pool(
        name,
        members=tuple(member.name for member in members),
        models=tuple(model for model in members[0].models if model in shared),
        readouts=frozenset.intersection(*(member.readouts for member in members)),
    )
