"""Resizing of images of any shape to one size."""

import numpy as np
from PIL import Image

from ventral.data.archives import BACKGROUND


def fit_image(image: np.ndarray, size: int, fit: str) -> np.ndarray:
    """Resize an image to a square, with Pillow's antialiased bilinear filter.

    Parameters
    ----------
    image : ndarray, (height, width, 3), uint8
        The image; unchanged if it already has the right size.
    size : int
        Side of the square in pixels.
    fit : str
        ``letterbox`` keeps the shape and fills the rest with grey bars; ``squash`` does not keep
        the shape.

    Returns
    -------
    ndarray, (size, size, 3), uint8
    """
    height, width, _ = image.shape
    if (height, width) == (size, size):
        return image
    whole = Image.fromarray(image)
    if fit == "squash":
        return np.array(whole.resize((size, size), Image.Resampling.BILINEAR))
    scale = size / max(height, width)
    inside = max(1, round(width * scale)), max(1, round(height * scale))
    canvas = Image.new("RGB", (size, size), BACKGROUND[:3])
    corner = (size - inside[0]) // 2, (size - inside[1]) // 2
    canvas.paste(whole.resize(inside, Image.Resampling.BILINEAR), corner)
    return np.array(canvas)
