"""Ask every configured model for its layer names before any job starts."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ventral.errors import VentralError, suggest
from ventral.jobs.preflight.description import describe_model


def check_layers_of_models(
    models: Mapping[str, Mapping], source_folder: str | Path, folders: Sequence[Path] = ()
) -> None:
    """Refuse layers that a model does not have.

    models: the config's entries. source_folder: holds this package, for a subprocess. folders:
        where a ``module:function`` of the user's own is looked for.

    Raises `VentralError` naming the model, the layer and the nearest names, or the reason why an
    architecture cannot be built. Where torch is not installed (its jobs run in environments of
    their own) nothing is checked here; extraction checks again.
    """
    complaints = []
    for model, entry in models.items():
        try:
            description = describe_model(entry, source_folder, folders)
        except VentralError as error:
            complaints.append(f"models: {model}: {error}")
            continue
        if description is None:
            continue
        known = description["layers"]
        for taps, layers in entry["taps"].items():
            complaints += [
                f"models: {model}: taps: {taps}: layer {layer!r} is unknown;"
                f" {suggest(layer, known)}"
                for layer in layers
                if layer not in known
            ]
        head = entry.get("training", {}).get("head", {}).get("layer")
        if head is not None and head not in known:
            complaints.append(
                f"models: {model}: training: head: layer {head!r} is unknown;"
                f" {suggest(head, known)}"
            )
    if complaints:
        raise VentralError(
            "the config is not right:\n" + "\n".join(f"  {line}" for line in complaints)
        )
