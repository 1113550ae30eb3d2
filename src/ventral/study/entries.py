"""The data sets, models and readouts of a config, as objects: one for each variant of a sweep."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ventral.data.folds import FOLD_METHODS
from ventral.data.sources.find import Source

HEAD = "head"
"""Stands in the place of a tap set, and of a layer, for the outputs of a network's own head."""


@dataclass(frozen=True)
class Dataset:
    """A data set of a study.

    Parameters
    ----------
    name : str
        Its key in the config.
    models : tuple of str
        The models that are scored on it, in the order in which the config lists them.
    readouts : frozenset of str
        The readouts that it allows.
    source : Source
        The source that reads it.
    config : Mapping
        Its entry in the config, complete.

    """

    name: str
    models: tuple[str, ...]
    readouts: frozenset[str]
    source: Source
    config: Mapping[str, Any]

    @property
    def references(self) -> list[dict]:
        """Published numbers, with which ours are compared."""
        return self.config["reference"]

    @property
    def has_brain_scores(self) -> bool:
        """Whether it is also scored as Brain-Score does."""
        return bool(self.config["brain_score"])

    @property
    def has_responses(self) -> bool:
        """Whether it has responses, and not dissimilarities alone."""
        return self.source.target == "responses"

    @property
    def predicts_between_animals(self) -> bool:
        """Whether its animals predict one another: what it says, or where it may have several."""
        may = self.source.has_several_animals(self.config)
        return self.has_responses and self.config.get("between_animals", may)

    @property
    def has_folds(self) -> bool:
        """Whether its split has folds, and not one train, one validation and one test part."""
        return self.config["split"]["method"] in FOLD_METHODS


@dataclass(frozen=True)
class Pool:
    """Several data sets that are also reported as one.

    Parameters
    ----------
    name : str
        Its name in paths and tables.
    members : tuple of str
        Its data sets.
    models : tuple of str
        The models that all of them have, in the order of the config.
    readouts : frozenset of str
        The readouts that all of them allow.

    """

    name: str
    members: tuple[str, ...]
    models: tuple[str, ...]
    readouts: frozenset[str]

    @property
    def references(self) -> list[dict]:
        """Published numbers: there are none of a pool."""
        return []

    @property
    def has_responses(self) -> bool:
        """Whether its data sets have responses: only such are pooled."""
        return True


@dataclass(frozen=True)
class Model:
    """A model of a study, or one variant of a sweep over its training.

    Parameters
    ----------
    name : str
        Its name in paths.
    entry : str
        The entry of the config of which it is a variant; its own name where it is not swept.
    swept : Mapping
        The settings of the sweep that this variant has.
    taps : Mapping
        {tap set: layers that one forward pass records}.
    readouts : tuple of str
        The readouts that it asks for.
    config : Mapping
        Its entry in the config, complete, with the settings of the variant.

    """

    name: str
    entry: str
    swept: Mapping[str, Any]
    taps: Mapping[str, Sequence[str]]
    readouts: tuple[str, ...]
    config: Mapping[str, Any]

    @property
    def architecture(self) -> str:
        """A torchvision name, ``module:function``, a named model, or ``pixels``."""
        return self.config["architecture"]

    @property
    def weights(self) -> str | Mapping[str, Any] | None:
        """The weights before any training: an enum, ``pretrained``, a file, or None (random)."""
        return self.config["weights"]

    @property
    def start(self) -> str | None:
        """The model whose checkpoint this one's training starts from."""
        return self.config.get("start")

    @property
    def training(self) -> Mapping[str, Any] | None:
        """The settings of its training."""
        return self.config.get("training")

    @property
    def task(self) -> str | None:
        """What it is trained on: ``classification``, ``responses``, or None."""
        return self.training["task"] if self.training else None

    @property
    def layers(self) -> list[str]:
        """All recorded layers, in the order of the config."""
        return [layer for layers in self.taps.values() for layer in layers]

    def pool(self, taps: str) -> str:
        """Return how the layers of a tap set are pooled: ``none``, ``cls``, ``mean`` or ``max``."""
        given = self.config.get("pool", "none")
        return given if isinstance(given, str) else given.get(taps, "none")

    @property
    def head_layer(self) -> str | None:
        """The layer that the trained head reads: the last recorded one unless the config says."""
        given = self.training["head"].get("layer") if self.training else None
        last = re.sub(r"@\d+$", "", self.layers[-1]) if self.layers else None  # of a call
        return given or last


@dataclass(frozen=True)
class Readout:
    """A readout of a study, or one variant of a sweep over its settings.

    Parameters
    ----------
    name : str
        Its name in paths.
    entry : str
        The entry of the config of which it is a variant; its own name where it is not swept.
    swept : Mapping
        The settings of the sweep that this variant has.
    config : Mapping
        Its entry in the config, complete, with the settings of the variant.

    """

    name: str
    entry: str
    swept: Mapping[str, Any]
    config: Mapping[str, Any]

    @property
    def method(self) -> str:
        """``linear``, ``ridge``, ``ridge_cv``, ``pls`` or ``head``."""
        return self.config["method"]

    @property
    def features(self) -> str | None:
        """``raw`` or ``pcs``; None for a head, which reads no features."""
        return self.config.get("features")

    @property
    def is_head(self) -> bool:
        """Whether it is a trained network's own output."""
        return self.method == "head"
