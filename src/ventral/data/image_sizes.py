"""Images of all shapes made one size."""

import numpy as np
from PIL import Image

from ventral.data.archives import BACKGROUND


def fit_image(image: np.ndarray, size: int, fit: str) -> np.ndarray:
    """Return an image, (height, width, 3) uint8, as (size, size, 3).

    fit: ``letterbox`` (shrink or enlarge until the image fits, grey bars beside it) or ``squash``
        (both sides, whatever the shape). Pillow's bilinear filter, antialiased; an image of that
        size is left alone.
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
