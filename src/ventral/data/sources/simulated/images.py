"""Images of the simulated data set: one object in a random pose and light over 1/f noise.

Positions and sizes are in degrees of visual angle; an image is `FIELD` degrees wide whatever its
number of pixels. Every image has generators of its own, seeded by what it shows: it stays the same
whatever else is drawn.
"""

import colorsys
from typing import Any

import numpy as np
import pandas as pd
from scipy import fft

from ventral.data.sources.simulated.shapes import SimulatedObject, make_objects

FIELD = 8.0
SUPERSAMPLING = 4
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # Rec. 709
BACKGROUND_CONTRAST = 0.12
GRAIN = 0.8  # log amplitude along the grain against the mean over orientations
SCENE_STREAM, BACKGROUND_STREAM = 2, 3


def draw_scenes(seed: int, images_per_object: int) -> pd.DataFrame:
    """Draw what each image shows: all objects once, then all objects again, and so on.

    Parameters
    ----------
    seed : int
        Of the data set.
    images_per_object : int
        How often each of the 64 objects is drawn.

    Returns
    -------
    DataFrame
        ``stimulus_id``, ``object``, ``category``; the pose: ``ty`` (to the right) and ``tz`` (up)
        in degrees from the middle of the image, ``s`` (radius of the object in degrees),
        ``rotation`` (counterclockwise, degrees); the light: ``contrast`` (luminance of the object
        beyond that of the background, −1 to 1), ``shading`` (its change across the object).

    """
    rows = []
    objects = make_objects(seed)
    for view in range(images_per_object):
        for index, thing in enumerate(objects):
            rng = np.random.default_rng([seed, SCENE_STREAM, index, view])
            rows.append(
                {
                    "stimulus_id": f"{thing.name}-{view:03d}",
                    "object": thing.name,
                    "category": thing.category,
                    "ty": rng.uniform(-1.5, 1.5),
                    "tz": rng.uniform(-1.5, 1.5),
                    "s": 1.5 * 2 ** rng.uniform(0, 0.8),
                    "rotation": rng.uniform(-45, 45),
                    "contrast": rng.choice([-1, 1]) * rng.uniform(0.22, 0.38),
                    "shading": rng.uniform(-0.2, 0.2),
                }
            )
    return pd.DataFrame(rows)


class Renderer:
    """Draws the images of a seed, (size, size, 3) uint8.

    Parameters
    ----------
    seed : int
        Of the data set.
    size : int
        Pixels a side.

    """

    def __init__(self, seed: int, size: int):
        self.seed = seed
        self.size = size
        self._objects = make_objects(seed)
        self._index = {thing.name: index for index, thing in enumerate(self._objects)}
        n = size * SUPERSAMPLING
        along = ((np.arange(n) + 0.5) / n - 0.5) * FIELD
        self._right, self._up = along[None, :], -along[:, None]

    def image(self, scene: Any) -> np.ndarray:
        """Draw a scene (a row of `draw_scenes`) over its own background."""
        view = int(scene.stimulus_id.rpartition("-")[2])
        seeds = [self.seed, BACKGROUND_STREAM, self._index[scene.object], view]
        return self.compose(scene, draw_background(np.random.default_rng(seeds), self.size))

    def compose(self, scene: Any, background: np.ndarray) -> np.ndarray:
        """Draw a scene over a given background, (size, size) luminance from 0 to 1."""
        thing = self._objects[self._index[scene.object]]
        u, v = self._object_plane(scene)
        covered = thing.contains(u, v).astype(float)
        tone = covered * (1 + 0.6 * thing.tone(u, v)) * scene.contrast + covered * scene.shading * u
        colour = covered[:, :, None] * (0.5 + tone[:, :, None] + chroma(thing))
        # supersampling: object and cover are averaged alike, so edges mix with the background
        cover, colour = self._average(covered[:, :, None]), self._average(colour)
        image = (1 - cover) * background[:, :, None] + colour
        return np.round(255 * np.clip(image, 0, 1)).astype(np.uint8)

    def _object_plane(self, scene: Any) -> tuple[np.ndarray, np.ndarray]:
        angle = np.deg2rad(scene.rotation)
        right, up = (self._right - scene.ty) / scene.s, (self._up - scene.tz) / scene.s
        return (
            np.cos(angle) * right + np.sin(angle) * up,
            np.cos(angle) * up - np.sin(angle) * right,
        )

    def _average(self, fine: np.ndarray) -> np.ndarray:
        shape = (self.size, SUPERSAMPLING, self.size, SUPERSAMPLING, fine.shape[2])
        return fine.reshape(shape).mean(axis=(1, 3))


def chroma(thing: SimulatedObject) -> np.ndarray:
    """Return the object's colour without its luminance, (3,): it adds none to the image."""
    colour = np.array(colorsys.hsv_to_rgb(thing.hue, 1.0, 1.0))
    return 0.22 * (colour - LUMINANCE @ colour)


def draw_background(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw noise whose amplitude falls as 1/f, (size, size), mean 0.5.

    It has the amplitude spectrum of natural scenes [1]_. Like them it has a grain: two textures of
    different orientation share the image, on either side of a soft border. The grain does not
    depend on the object.

    References
    ----------
    .. [1] Field (1987), J. Opt. Soc. Am. A 4, 2379.

    """
    along = (np.arange(size) + 0.5) / size - 0.5
    border, grain = rng.uniform(0, 2 * np.pi), rng.uniform(0, np.pi)
    distance = np.cos(border) * along[None, :] - np.sin(border) * along[:, None]
    share = 1 / (1 + np.exp(-distance / 0.06))
    one = _grained_noise(rng, size, grain)
    other = _grained_noise(rng, size, grain + rng.uniform(0.25, 0.75) * np.pi)
    noise = np.sqrt(share) * one + np.sqrt(1 - share) * other
    return 0.5 + BACKGROUND_CONTRAST * noise / noise.std()


def _grained_noise(rng: np.random.Generator, size: int, grain: float) -> np.ndarray:
    across, up = fft.rfftfreq(size)[None, :], -fft.fftfreq(size)[:, None]
    frequency = np.hypot(across, up)
    frequency[0, 0] = np.inf
    amplitude = np.exp(GRAIN * np.cos(2 * (np.arctan2(up, across) - grain))) / frequency
    noise = fft.irfft2(fft.rfft2(rng.standard_normal((size, size))) * amplitude, s=(size, size))
    return noise / noise.std()
