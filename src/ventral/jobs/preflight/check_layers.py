"""Ask every configured model for its layer names before any job starts."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ventral.errors import VentralError, suggest
from ventral.jobs.preflight.description import describe_models, recorded_shapes
from ventral.networks.tap_names import tapped_call
from ventral.study.layer_patterns import LISTED, expand_patterns, is_pattern


def check_layers_of_models(
    models: Mapping[str, Mapping],
    source_folder: str | Path,
    folders: Sequence[Path] = (),
    models_folder: Path | None = None,
) -> None:
    """Refuse layers that a model does not have, or that have no activations.

    Parameters
    ----------
    models
        The config's entries.
    source_folder
        Folder that holds this package, for a subprocess.
    folders
        Where a ``module:function`` of the user's own is looked for.
    models_folder
        Of what was fetched for named models.

    Raises
    ------
    VentralError
        Naming the model, the layer and the nearest names, or the reason why an architecture cannot
        be built. Where torch is not installed (its jobs run in environments of their own) nothing
        is checked here; extraction checks again.
    """
    complaints: list[str] = []
    descriptions = describe_models(
        list(models.values()), source_folder, folders, models_folder=models_folder
    )
    for (model, entry), description in zip(models.items(), descriptions, strict=True):
        if isinstance(description, VentralError):
            complaints.append(f"models: {model}: {description}")
        elif description is not None:
            unknown = list(_unknown_layers(model, entry, description["layers"]))
            if description.get("refused"):
                complaints.append(f"models: {model}: {description['refused']}")
            complaints += unknown or _unusable_layers(model, entry, description["shapes"])
            if not complaints:
                complaints += _unpoolable_layers(model, entry, description)
    if complaints:
        raise VentralError("invalid config:\n" + "\n".join(f"  {line}" for line in complaints))


def expand_layers(
    models: Mapping[str, Mapping],
    source_folder: str | Path,
    folders: Sequence[Path] = (),
    models_folder: Path | None = None,
) -> list[str]:
    """Put layers in the place of patterns in tap sets, in place, and say what they stand for.

    Parameters
    ----------
    models, source_folder, folders, models_folder
        As of `check_layers_of_models`.

    Returns
    -------
    list of str
        A line for each pattern. One of a network that is not known yet stays as it is.

    Raises
    ------
    VentralError
        Where a pattern stands for no layer.
    """
    with_patterns = {
        model: entry
        for model, entry in models.items()
        if any(is_pattern(layer) for layers in entry["taps"].values() for layer in layers)
    }
    if not with_patterns:
        return []
    entries = list(with_patterns.values())
    described = describe_models(entries, source_folder, folders, models_folder=models_folder)
    return [
        f"models: {model}: taps: {taps}: {pattern} is {len(layers)} layers:"
        f" {', '.join(layers[:LISTED])}{', …' if len(layers) > LISTED else ''}"
        for model, taps, pattern, layers in expand_patterns(with_patterns, described)
    ]


def _unknown_layers(model: str, entry: Mapping, known: Sequence[str]) -> Iterator[str]:
    """Give a complaint for each layer of a model's entry that it does not have."""
    for taps, layers in entry["taps"].items():
        for layer in layers:
            if is_pattern(layer):
                continue
            if tapped_call(layer, set(known))[0] not in known:
                yield (
                    f"models: {model}: taps: {taps}: layer {layer!r} is unknown;"
                    f" {suggest(layer, known)}"
                )
    head = entry.get("training", {}).get("head", {}).get("layer")
    if head is not None and head not in known:
        yield f"models: {model}: training: head: layer {head!r} is unknown; {suggest(head, known)}"


def _unpoolable_layers(model: str, entry: Mapping, description: Mapping) -> Iterator[str]:
    """Give a complaint for each tap set whose layers cannot be pooled as the entry says."""
    for taps in entry["taps"]:
        try:
            recorded_shapes(entry, taps, description)
        except VentralError as error:
            yield f"models: {model}: taps: {taps}: {error}"


def _unusable_layers(
    model: str, entry: Mapping, shapes: Mapping[str, Sequence[int]] | None
) -> Iterator[str]:
    """Give a complaint for each layer without activations, where the shapes are known.

    shapes: of each layer's output for one stimulus; it has no layer that a forward pass does not
        call, or that gives no tensor whose first axis is the stimulus.
    """
    if shapes is None:
        return
    for taps, layers in entry["taps"].items():
        for layer in layers:
            module, call = tapped_call(layer, set(shapes))
            if call is not None and module in shapes and layer not in shapes:
                count = sum(name.startswith(f"{module}@") for name in shapes)
                yield (
                    f"models: {model}: taps: {taps}: layer {layer!r}: {module!r} is called {count}"
                    " time(s) in a forward pass"
                )
            elif layer not in shapes:
                yield (
                    f"models: {model}: taps: {taps}: layer {layer!r} has no activations: a forward"
                    " pass does not call it, or its output is not a tensor with a row for each"
                    " stimulus. Choose the module that contains it"
                )
    head = entry.get("training", {}).get("head", {})
    layer, fields = head.get("layer"), head.get("pooling")
    if layer is None and entry["taps"]:
        layer = list(entry["taps"].values())[-1][-1]
    if isinstance(fields, int) and layer in shapes and len(shapes[layer]) != 3:
        yield (
            f"models: {model}: training: head: pooling: {fields} fields a side need a layer with"
            f" height and width; layer {layer!r} gives {list(shapes[layer])} for one stimulus"
        )
