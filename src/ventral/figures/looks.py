"""How each model of a study is drawn: one colour, line and marker in all figures of a run.

The looks are given out over all models of the study, in the order of the config, so a model has the
same in the figures of every data set, and one that is added at the end changes none of the others.
This module imports nothing that is slow, because it is used when a run is planned.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A4B94", "#8C6D31")
"""Okabe and Ito's palette for colour-blind readers, without black and yellow, plus two colours."""

SHADES = (0.0, -0.45, 0.35)
"""Parts of black (below zero) or white in a colour: more than eight colours are the palette, darker
and then lighter. Of still darker ones, in which no hue is seen, eight would be one colour."""

LINES = {"weights": ("-", "-."), "random": ("--", ":")}
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def assign_looks(models: Mapping[str, Mapping]) -> dict[str, dict[str, Any]]:
    """Return the look of each network.

    Colour and marker show the architecture, so that it is known in grey too; random weights have a
    dashed line and hollow marks. An architecture's first two networks share its colour and marker.
    The third and later ones have their own, because the line styles alone would not distinguish
    them.

    Parameters
    ----------
    models : Mapping
        Descriptions of the models, see `ventral.scores.reporting`.

    Returns
    -------
    dict
        {model: {color, line, marker, is_random}}, without the pixel baseline.
    """
    networks = {
        model: description
        for model, description in models.items()
        if description["architecture"] != "pixels"
    }
    places = _places(networks)
    seen: Counter[tuple[str, str]] = Counter()
    result = {}
    for model, description in networks.items():
        start = "random" if description.get("weights") is None else "weights"
        kind = (description["architecture"], start)
        result[model] = {
            "color": _color(places[model]),
            "line": LINES[start][seen[kind] % len(LINES[start])],
            "marker": MARKERS[places[model] % len(MARKERS)],
            "is_random": start == "random",
        }
        seen[kind] += 1
    return result


def _places(networks: Mapping[str, Mapping]) -> dict[str, int]:
    """Return the place of each network's colour and marker; those with the same key share one."""
    n_networks: Counter[str] = Counter()
    keys = {}
    for model, description in networks.items():
        architecture = description["architecture"]
        n_networks[architecture] += 1
        keys[model] = (architecture, model if n_networks[architecture] > len(LINES) else "")
    distinct = list(dict.fromkeys(keys.values()))
    return {model: distinct.index(key) for model, key in keys.items()}


def _color(place: int) -> str:
    """Return the colour at a place of the palette, which its shades lengthen."""
    shade = SHADES[place // len(COLORS) % len(SHADES)]
    base = COLORS[place % len(COLORS)].removeprefix("#")
    end = 255 if shade > 0 else 0
    parts = (
        round((1 - abs(shade)) * int(base[start : start + 2], 16) + abs(shade) * end)
        for start in (0, 2, 4)
    )
    return "#" + "".join(f"{part:02X}" for part in parts)
