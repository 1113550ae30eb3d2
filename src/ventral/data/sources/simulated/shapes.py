"""The objects of the simulated data set: 8 shape families (the categories) of 8 objects each.

An object lives in its own plane: u to the right, v up, its outline within about the unit circle.
Family parameters follow the object's number, so that the objects of a category differ from each
other under every seed; the seed adds jitter and deals out the hues.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

N_OBJECTS = 8
OBJECT_STREAM = 1
Field = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""A function of points (u, v) of an object's plane."""
SURFACES = ("plain", "halved", "cored", "rimmed")


@dataclass(frozen=True)
class SimulatedObject:
    """One object: outline and surface.

    Parameters
    ----------
    category : str
        Name of the family.
    number : int
        The object's number within the family.
    contains : Field
        Whether each point (u, v) lies on the object.
    tone : Field
        Relative luminance of the surface at (u, v), −1 to 1.
    hue : float
        0 to 1 around the colour circle.

    """

    category: str
    number: int
    contains: Field
    tone: Field
    hue: float

    @property
    def name(self) -> str:
        """The object's name in the stimulus table."""
        return f"{self.category}{self.number}"


def make_objects(seed: int) -> list[SimulatedObject]:
    """Return the 64 objects, category by category, for a seed."""
    objects = []
    for index, (category, family) in enumerate(FAMILIES.items()):
        for number in range(N_OBJECTS):
            rng = np.random.default_rng([seed, OBJECT_STREAM, index, number])
            # every category holds hues from all around the circle: hue does not tell the category
            hue = (number / N_OBJECTS + index * 0.618 + rng.uniform(-0.05, 0.05)) % 1
            contains = family(number, rng.uniform(-1, 1, 3))
            tone = TEXTURES.get(category, _surface)(number)
            objects.append(SimulatedObject(category, number, contains, tone, hue))
    return objects


def _surface(number: int) -> Field:
    kind = SURFACES[number % len(SURFACES)]
    if kind == "halved":
        return lambda u, v: np.where(v > 0, 0.45, -0.45)
    if kind == "cored":
        return lambda u, v: np.where(np.hypot(u, v) < 0.5, -0.6, 0.3)
    if kind == "rimmed":
        return lambda u, v: np.where(np.hypot(u, v) > 0.75, -0.6, 0.2)
    return lambda u, v: 0.3 * v


def _stripes(number: int) -> Field:
    cycles = 1.0 + 0.25 * (number % 4)
    return lambda u, v: np.where(np.cos(2 * np.pi * cycles * v) > 0, 1.0, -1.0)


def _spots(number: int) -> Field:
    wave = 2 * np.pi * (0.9 + 0.15 * (number % 4))
    return lambda u, v: np.where(np.cos(wave * u) * np.cos(wave * v) > 0.35, -0.9, 0.3)


def _polar(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.hypot(u, v), np.arctan2(u, v)


def _folded(angle: np.ndarray, parts: int) -> np.ndarray:
    """Fold the angle into one of `parts` equal sectors: 0 in its middle, π/parts at its edges."""
    sector = 2 * np.pi / parts
    return np.abs((angle + sector / 2) % sector - sector / 2)


def _star(number: int, jitter: np.ndarray) -> Field:
    points, inner = 5 + number % 4, 0.36 + 0.1 * (number // 4) + 0.03 * jitter[0]
    tip, valley = (
        np.array([1.15, 0.0]),
        inner * np.array([np.cos(np.pi / points), np.sin(np.pi / points)]),
    )
    edge = valley - tip

    def contains(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        radius, angle = _polar(u, v)
        folded = _folded(angle, points)
        x, y = radius * np.cos(folded), radius * np.sin(folded)
        return edge[0] * (y - tip[1]) - edge[1] * (x - tip[0]) >= 0

    return contains


def _ring(number: int, jitter: np.ndarray) -> Field:
    aspect = 1 - 0.13 * (number % 4)
    hole = 0.72 - 0.17 * (number // 4) + 0.03 * jitter[0]

    def contains(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        radius = np.hypot(u / aspect, v)
        return (radius < 1) & (radius > hole)

    return contains


def _cross(number: int, jitter: np.ndarray) -> Field:
    width = 0.16 + 0.05 * (number % 4) + 0.015 * jitter[0]
    height, reach = ((0.0, 1.1), (0.4, 0.8))[number // 4]  # upright or Latin cross

    def contains(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        upright = (np.abs(u) < width) & (np.abs(v) < 1.1)
        bar = (np.abs(v - height) < width) & (np.abs(u) < reach)
        return upright | bar

    return contains


def _crescent(number: int, jitter: np.ndarray) -> Field:
    bite, shift = 0.72 + 0.06 * (number % 4), 0.42 + 0.16 * (number // 4) + 0.03 * jitter[0]

    def contains(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return (np.hypot(u + 0.15, v) < 1.05) & (np.hypot(u + 0.15 - shift, v) > bite)

    return contains


def _blob(number: int, jitter: np.ndarray) -> Field:
    lobes, depth = 2 + number % 2, 0.08 + 0.06 * (number // 2)
    phase, second = np.pi * jitter[1], 0.1 * jitter[2]

    def contains(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        radius, angle = _polar(u, v)
        bumps = depth * np.cos(lobes * angle) + second * np.cos((lobes + 1) * angle + phase)
        return radius < 0.9 * (1 + bumps)

    return contains


def _gear(number: int, jitter: np.ndarray) -> Field:
    teeth, hole = 8 + 2 * (number % 4), 0.22 + 0.15 * (number // 4) + 0.03 * jitter[0]

    def contains(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        radius, angle = _polar(u, v)
        rim = np.where(_folded(angle, teeth) < np.pi / teeth / 2, 1.1, 0.8)
        return (radius < rim) & (radius > hole)

    return contains


def _arrow(number: int, jitter: np.ndarray) -> Field:
    shaft, head = 0.14 + 0.07 * (number % 4), 0.8 + 0.3 * (number // 4) + 0.05 * jitter[0]

    def contains(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        in_head = (v < 1.15) & (v > 1.15 - head) & (np.abs(u) < 0.8 * (1.15 - v) / head)
        in_shaft = (np.abs(u) < shaft) & (v > -1.1) & (v <= 1.15 - head)
        return in_head | in_shaft

    return contains


def _striped(number: int, jitter: np.ndarray) -> Field:
    corners = 3 + number % 4
    apothem = np.cos(np.pi / corners)
    aspect = 1 - 0.25 * (number // 4) + 0.04 * jitter[0]

    def contains(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        radius, angle = _polar(u / aspect, v)
        return radius * np.cos(_folded(angle + np.pi / corners, corners)) < 1.1 * apothem

    return contains


FAMILIES = {
    "star": _star,
    "ring": _ring,
    "cross": _cross,
    "crescent": _crescent,
    "blob": _blob,
    "gear": _gear,
    "arrow": _arrow,
    "striped": _striped,
}
TEXTURES = {"striped": _stripes, "blob": _spots}
