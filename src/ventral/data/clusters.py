"""Clusters of images that look alike, of which a split can hold out whole ones."""

import warnings
from collections.abc import Iterable, Mapping

import numpy as np
from PIL import Image
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from ventral.data.folds import has_clusters
from ventral.errors import VentralError

CLUSTERS = 12
"""How many clusters there are if a split does not say."""

SIDE = 32
"""Pixels of the longer side to which images are averaged before they are clustered: nearly all
variance of natural images lies at lower frequencies."""

STARTS = 10


def clusters_for(images: Iterable[np.ndarray], split: Mapping) -> np.ndarray | None:
    """Return the clusters that a split's settings ask for, or None if they ask for none.

    Parameters
    ----------
    images : iterable of ndarray
        As of `cluster_images`.
    split : Mapping
        With ``method``, ``seed``, and ``clusters``, their number.
    """
    if not has_clusters(split):
        return None
    return cluster_images(images, split.get("clusters", CLUSTERS), split["seed"])


def cluster_images(images: Iterable[np.ndarray], count: int, seed: int = 0) -> np.ndarray:
    """Return the cluster of each image, by k-means on the pixels.

    The clusters are scikit-learn's KMeans, the best of 10 starts, on the images of at most `SIDE`
    pixels a side. They are named in the order in which the images first show them.

    Parameters
    ----------
    images : iterable of ndarray, (n_some, height, width, 3)
        uint8, or floating point from 0 to 1.
    count : int
        Number of clusters.
    seed : int
        Of the starts.

    Returns
    -------
    ndarray of str, (n,)
        Such as "cluster_03".

    Raises
    ------
    VentralError
        If there are fewer different images than clusters.

    References
    ----------
    Lloyd, "Least squares quantization in PCM", IEEE Trans. Inf. Theory 1982; Arthur and
    Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
    """
    pixels = small_images(images)
    different = len(np.unique(pixels, axis=0))
    if different < count:
        raise VentralError(
            f"split: clusters: {count} clusters are too many for {different} different images;"
            " give fewer"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            found = KMeans(count, n_init=STARTS, random_state=seed).fit_predict(pixels)
        except ConvergenceWarning as error:
            raise VentralError(
                f"split: clusters: the images do not form {count} clusters; give fewer"
            ) from error
    width = len(str(count - 1))
    places = {label: place for place, label in enumerate(dict.fromkeys(found))}
    return np.array([f"cluster_{places[label]:0{width}d}" for label in found], dtype=object)


def small_images(images: Iterable[np.ndarray]) -> np.ndarray:
    """Return images, averaged to at most `SIDE` pixels a side, as rows.

    Parameters
    ----------
    images : iterable of ndarray, (n_some, height, width, 3)
        uint8, or floating point from 0 to 1.

    Returns
    -------
    ndarray of float32, (n, pixels)
        From 0 to 1.
    """
    rows = [_small(image) for some in images for image in some]
    if not rows:
        raise VentralError("split: clusters: there are no images to cluster")
    return np.stack(rows)


def _small(image: np.ndarray) -> np.ndarray:
    whole = image.astype(np.float32) / (255 if image.dtype == np.uint8 else 1)
    height, width, channels = whole.shape
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    shrunk = [
        np.asarray(Image.fromarray(whole[:, :, k]).resize(size, Image.Resampling.BOX))
        for k in range(channels)
    ]
    return np.stack(shrunk, axis=2).ravel()
