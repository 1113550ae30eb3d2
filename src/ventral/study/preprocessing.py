"""What the config leaves unsaid of models: the weights of named ones, and the preprocessing."""

from collections.abc import Iterator, Mapping
from typing import Any

from ventral.errors import VentralError
from ventral.networks.named_models import PRETRAINED, named_model

DEFAULTS: dict[str, Any] = {
    "mean": [0.485, 0.456, 0.406],
    "resize": "squash",
    "size": 224,
    "std": [0.229, 0.224, 0.225],
}
"""Of models that are not named, whose library says nothing: ImageNet's mean and deviation."""


def complete_weights(models: Mapping[str, Any]) -> None:
    """Give named models that say nothing of weights those of their library, in place.

    Parameters
    ----------
    models : Mapping
        Of a config, not yet checked.

    """
    for entry in models.values():
        if isinstance(entry, dict) and "weights" not in entry and "start" not in entry:
            try:
                named = named_model(str(entry.get("architecture")))
            except VentralError:  # check_named_models says it
                continue
            if named is not None:
                entry["weights"] = PRETRAINED


def complete_preprocessing(models: Mapping[str, Any]) -> Iterator[str]:
    """Fill in the preprocessing of models that are not named, and say where that is a guess.

    Parameters
    ----------
    models : Mapping
        Of a config whose schema has been checked; changed in place.

    Yields
    ------
    str
        A line for each model whose weights are a file and whose mean or deviation is not given.

    """
    for name, entry in models.items():
        if named_model(entry["architecture"]) is not None:
            continue
        given = entry["preprocessing"]
        unsaid = [key for key in ("mean", "std") if key not in given]
        entry["preprocessing"] = dict(sorted({**DEFAULTS, **given}.items()))
        if unsaid and isinstance(entry["weights"], Mapping):
            yield (
                f"models: {name}: preprocessing: {' and '.join(unsaid)} not given, and the weights"
                " are a file that does not say them: ImageNet's are taken. Give them to confirm"
            )


def check_named_models(models: Mapping[str, Any]) -> Iterator[str]:
    """Give a complaint for every named model whose entry does not go together.

    Parameters
    ----------
    models : Mapping
        Of a config whose schema has been checked.

    Yields
    ------
    str
        The key, what is wrong and the remedy.

    """
    for name, entry in models.items():
        here, weights = f"models: {name}", entry["weights"]
        try:
            named = named_model(entry["architecture"])
        except VentralError as error:
            yield f"{here}: {error}"
            continue
        if named is None:
            if "revision" in entry:
                yield f"{here}: revision: only timm, huggingface and open_clip models have one"
            continue
        if isinstance(weights, str) and weights != PRETRAINED:
            yield (
                f"{here}: weights: {weights!r} is unknown for {entry['architecture']}; give"
                f" {PRETRAINED}, null for random ones, or a file"
            )
        elif named.library == "open_clip" and named.tag is None and weights == PRETRAINED:
            yield (
                f"{here}: architecture: {entry['architecture']} does not say which weights; give"
                f" them as in open_clip:{named.name}/openai, or weights: null for random ones"
            )
