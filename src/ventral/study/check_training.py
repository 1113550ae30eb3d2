"""Check what the config says of training: names that must stand elsewhere, and no circles."""

from collections.abc import Iterator, Mapping, Sequence

from ventral.errors import suggest


def check_training(config: Mapping, labels: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Give a complaint for everything about training that a schema cannot see.

    labels: the label columns that the stimuli of each data set can have.
    """
    models = config["models"]
    starts = {model["start"] for model in models.values() if "start" in model}
    for name, model in models.items():
        here = f"models: {name}"
        training = model.get("training")
        if not model["taps"] and name not in starts:
            yield f"{here}: 'taps' is missing; only a model that another starts from needs none"
        if training and model["architecture"] == "pixels":
            yield f"{here}: training: pixels have nothing to train"
        elif training and not model["taps"] and "layer" not in training["head"]:
            yield f"{here}: training: head: 'layer' is missing; without taps it has no default"
        yield from _check_start(here, name, models)
    yield from _check_head_readouts(config)
    yield from _check_labels(config, labels)


def _check_start(here: str, name: str, models: Mapping) -> Iterator[str]:
    model = models[name]
    start = model.get("start")
    if start is None:
        return
    if start not in models:
        yield f"{here}: start: {start!r} is unknown; {suggest(start, models)}"
        return
    if "training" not in models[start]:
        yield f"{here}: start: {start!r} is not trained; name its weights under `weights` instead"
    if "training" not in model:
        yield f"{here}: start: only a model that is trained starts from another; add `training`"
    if model["weights"] is not None:
        yield f"{here}: weights: `start` gives the weights of {start!r}; remove one of the two"
    for key in ("architecture", "arguments"):
        if model[key] != models[start][key]:
            yield f"{here}: {key}: must be that of {start!r}, from which it starts"
    seen = [name]
    while start in models and start not in seen:
        seen.append(start)
        start = models[start].get("start")
    if start == name:
        yield f"{here}: start: a circle, {' from '.join([*seen, name])}"


def _check_head_readouts(config: Mapping) -> Iterator[str]:
    readouts = config["readouts"]
    for name, model in config["models"].items():
        wanted = model.get("readouts", ())
        heads = [each for each in wanted if readouts.get(each, {}).get("method") == "head"]
        if heads and model.get("training", {}).get("task") != "responses":
            yield (
                f"models: {name}: readouts: {heads[0]!r} is the network's own head, which only a"
                " model trained on responses has"
            )


def _check_labels(config: Mapping, labels: Mapping[str, Sequence[str]]) -> Iterator[str]:
    models = config["models"]
    for dataset, entry in config["datasets"].items():
        pending = list(entry.get("models", models))
        for name in pending:
            model = models.get(name, {})
            training = model.get("training", {})
            is_classified = training.get("task") == "classification"
            if is_classified and training["target"] not in labels[dataset]:
                yield (
                    f"models: {name}: training: task: the stimuli of data set {dataset!r} have no"
                    f" {training['target']} to learn; leave the model out of its `models`"
                )
            if model.get("start") not in (None, *pending):
                pending.append(model["start"])
