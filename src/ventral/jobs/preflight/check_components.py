"""Refuse more principal components than there can be, before anything is computed."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ventral.data.folds import has_clusters, largest_train_part
from ventral.errors import VentralError
from ventral.jobs.preflight.description import describe_models, recorded_shapes
from ventral.study.entries import Dataset
from ventral.study.study import Study

MAX_ERRORS = 12
REMEDY = "or give pca: when_rank_is_lower: use_rank"


def check_components(
    study: Study,
    source_folder: str | Path,
    folders: Sequence[Path] = (),
    models_folder: Path | None = None,
) -> None:
    """Refuse a number of components above the rank that the features can have.

    The rank is below the number of train stimuli, where the source and the split say it, and at
    most the number of features of a layer, where the network's shapes are known. What is left is
    found when the components are fitted.

    Parameters
    ----------
    study : Study
        Of a checked config.
    source_folder : path
        Folder that holds this package, for a subprocess.
    folders : sequence of path
        Where a ``module:function`` of the user's own is looked for.
    models_folder : path, optional
        Of what was fetched for named models.

    Raises
    ------
    VentralError
        Naming the data set, or the model and its layer, with both numbers.

    """
    if study.config["pca"]["when_rank_is_lower"] == "use_rank":
        return
    wanted = study.config["pca"]["n_components"]
    complaints = list(_too_few_stimuli(study, wanted))
    read = {
        model: study.models[model].config
        for dataset in study.datasets.values()
        for model in dataset.models
        if study.reads_components(dataset.name, model)
    }
    described = describe_models(
        list(read.values()), source_folder, folders, models_folder=models_folder
    )
    for (model, entry), description in zip(read.items(), described, strict=True):
        if isinstance(description, Mapping) and description["shapes"] is not None:
            complaints += _too_few_features(model, entry, description, wanted)
    if complaints:
        shown = complaints[:MAX_ERRORS]
        if len(complaints) > len(shown):
            shown.append(f"and {len(complaints) - len(shown)} more")
        raise VentralError("invalid config:\n" + "\n".join(f"  {line}" for line in shown))


def _too_few_stimuli(study: Study, wanted: int) -> Iterator[str]:
    for name, dataset in study.datasets.items():
        train = _train_stimuli(dataset)
        reads = any(study.reads_components(name, model) for model in dataset.models)
        if reads and train is not None and wanted >= train:
            yield (
                f"pca: n_components: {wanted} components are asked for, but data set {name!r} has"
                f" {train} train stimuli, whose features have at most {train - 1}; ask for no"
                f" more, {REMEDY}"
            )


def _train_stimuli(dataset: Dataset) -> int | None:
    """Return the most train stimuli that a data set can have in every fold, None if unknown."""
    stimuli = dataset.source.counts(dataset.config).get("stimuli")
    split = dataset.config["split"]
    if stimuli is None or (split["method"] == "given" and not dataset.source.simulated):
        return None
    if ("group" in split or has_clusters(split)) and split["method"] != "k_fold":
        # groups may be of any size
        return None
    return largest_train_part(stimuli, split)


def _too_few_features(
    model: str, entry: Mapping[str, Any], description: Mapping[str, Any], wanted: int
) -> Iterator[str]:
    for taps, layers in entry["taps"].items():
        shapes = recorded_shapes(entry, taps, description)
        for layer in layers:
            features = math.prod(shapes[layer]) if layer in shapes else None
            if features is not None and wanted > features:
                yield (
                    f"models: {model}: taps: {taps}: pca: n_components: {wanted} components are"
                    f" asked for, but layer {layer!r} has {features} features; ask for no more,"
                    f" {REMEDY}"
                )
