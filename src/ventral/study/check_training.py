"""Check what the config says of training: names that are defined elsewhere, and no circles."""

from collections.abc import Iterator

from ventral.errors import suggest
from ventral.study.entries import Model
from ventral.study.study import Study


def check_training(study: Study) -> Iterator[str]:
    """Give a complaint for everything about training that a schema cannot see.

    Parameters
    ----------
    study : Study
        Whose schema has been checked.

    Yields
    ------
    str
        The key, what is wrong and the remedy.

    """
    starts = {model.start for model in study.models.values()}
    for name, model in study.models.items():
        here = f"models: {name}"
        if not model.taps and name not in starts:
            yield f"{here}: 'taps' is missing; only a model that another starts from needs none"
        if model.training and model.architecture == "pixels":
            yield f"{here}: training: `pixels` has nothing to train; remove the key"
        elif model.training and model.head_layer is None:
            yield f"{here}: training: head: 'layer' is missing; without taps it has no default"
        yield from _check_start(model, study)
    yield from _check_head_readouts(study)
    yield from _check_labels(study)


def _check_start(model: Model, study: Study) -> Iterator[str]:
    here = f"models: {model.name}"
    if model.start is None:
        return
    if model.start not in study.models:
        yield f"{here}: start: {model.start!r} is unknown; {suggest(model.start, study.models)}"
        return
    start = study.models[model.start]
    if not start.training:
        yield (
            f"{here}: start: {start.name!r} is not trained; name its weights under `weights`"
            " instead"
        )
    if not model.training:
        yield f"{here}: start: only a model that is trained starts from another; add `training`"
    if model.weights is not None:
        yield f"{here}: weights: `start` gives the weights of {start.name!r}; remove one of the two"
    for key in ("architecture", "arguments"):
        if model.config[key] != start.config[key]:
            yield f"{here}: {key}: must be that of {start.name!r}, from which it starts"
    seen = [model.name]
    following: str | None = start.name
    while following is not None and following in study.models and following not in seen:
        seen.append(following)
        following = study.models[following].start
    if following == model.name:
        yield f"{here}: start: a circle, {' from '.join([*seen, model.name])}"


def _check_head_readouts(study: Study) -> Iterator[str]:
    for name, model in study.models.items():
        # A model that lists no readouts has all of them except those of a head.
        heads = [each for each in model.config.get("readouts", ()) if each in study.heads]
        if heads and model.task != "responses":
            yield (
                f"models: {name}: readouts: {heads[0]!r} is the network's own head, which only a"
                " model trained on responses has"
            )


def _check_labels(study: Study) -> Iterator[str]:
    for name, dataset in study.datasets.items():
        for model in study.classifiers(name):
            target = model.config["training"]["target"]
            if target not in dataset.source.labels:
                yield (
                    f"models: {model.name}: training: task: the stimuli of data set {name!r} have"
                    f" no {target} to learn; leave the model out of its `models`"
                )
