"""Patterns in tap sets: ``features.*`` and ``blocks.{2,5,8}`` stand for layers of a network."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ventral.errors import VentralError, suggest

SPECIAL = frozenset("*?{}")
LISTED = 12
"""Layers in a line of the plan; a job's log has all."""


def is_pattern(layer: str) -> bool:
    """Tell whether an entry of a tap set stands for several layers."""
    return not SPECIAL.isdisjoint(layer)


def matching_layers(pattern: str, layers: Sequence[str]) -> list[str]:
    """Return the layers that a pattern stands for, in the order of the network.

    Parameters
    ----------
    pattern : str
        ``*`` is any part of a name between dots, ``**`` goes over dots too, ``?`` is one
        character, and ``{a,b}`` is either of several.
    layers : sequence of str
        Module paths of the network, in its order.

    Returns
    -------
    list of str

    Raises
    ------
    VentralError
        Where braces are not closed.

    """
    form = re.compile(_expression(pattern))
    return [layer for layer in layers if form.fullmatch(layer)]


def expand_patterns(
    models: Mapping[str, Any], descriptions: Sequence[Any]
) -> Iterator[tuple[str, str, str, list[str]]]:
    """Put layers in the place of the patterns of all tap sets, in place.

    Parameters
    ----------
    models : Mapping
        The config's entries; their lists of layers are changed.
    descriptions : sequence
        Of each model what `ventral.jobs.preflight.description.describe_models` says. Of a model
        of which nothing is known the patterns stay.

    Yields
    ------
    model, taps, pattern : str
    layers : list of str
        What the pattern stands for.

    Raises
    ------
    VentralError
        Where a pattern stands for no layer, or a layer is then in two tap sets.

    """
    for (model, entry), description in zip(models.items(), descriptions, strict=True):
        if not isinstance(description, Mapping):
            continue
        known = description["layers"]
        if description.get("shapes") is not None:  # those that have activations
            known = [layer for layer in known if layer in description["shapes"]]
        found: dict[str, str] = {}
        for taps, layers in entry["taps"].items():
            here = f"models: {model}: taps: {taps}"
            expanded: list[str] = []
            for layer in layers:
                if not is_pattern(layer):
                    expanded.append(layer)
                    continue
                try:
                    matching = matching_layers(layer, known)
                except VentralError as error:
                    raise VentralError(f"invalid config:\n  {here}: {error}") from None
                if not matching:
                    start = re.split(r"[*?{]", layer)[0].rstrip(".")
                    raise VentralError(
                        f"invalid config:\n  {here}: no layer with activations is like {layer!r};"
                        f" {suggest(start or layer, known)}"
                    )
                yield model, taps, layer, matching
                expanded += matching
            layers[:] = dict.fromkeys(expanded)
            for layer in layers:
                if found.setdefault(layer, taps) != taps:
                    raise VentralError(
                        f"invalid config:\n  {here}: layer {layer!r} is in tap set"
                        f" {found[layer]!r} too; keep it in one alone"
                    )


def _expression(pattern: str) -> str:
    """Return a pattern as a regular expression."""
    parts, depth = [], 0
    for piece in re.findall(r"\*\*|[*?{},]|[^*?{},]+", pattern):
        if piece == "{":
            depth += 1
        elif piece == "}":
            depth -= 1
        if depth < 0 or depth > 1:
            break
        special = {"**": ".*", "*": "[^.]*", "?": "[^.]", "{": "(?:", "}": ")"}
        if piece == ",":
            parts.append("|" if depth else ",")
        else:
            parts.append(special.get(piece) or re.escape(piece))
    if depth != 0:
        raise VentralError(
            f"the braces of {pattern!r} are not closed, or stand in one another; write them as in"
            " blocks.{2,5,8}"
        )
    return "".join(parts)
