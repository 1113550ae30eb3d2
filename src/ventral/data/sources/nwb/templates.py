"""Images that lie in an NWB file: an image series, or a container of single images."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from ventral.data.archives import flatten
from ventral.data.hdf5 import read
from ventral.data.sources.nwb.tables import array_of, follow, group_at, open_nwb
from ventral.errors import VentralError

FOLDER = "stimulus/templates"
ORDER = "order_of_images"
CHANNELS = {3: "RGB", 4: "RGBA"}


class Templates:
    """The images of an NWB file, which stays open.

    The images of a series are named by their place, 0 first; those of a container have names.

    Parameters
    ----------
    path : Path
        The NWB file.
    settings : Mapping
        ``templates``, ``pixel_range`` and ``image_axes``: see the schema.

    Attributes
    ----------
    names : list of str
        Of the images.
    where : str
        Where they are, for messages.

    Raises
    ------
    VentralError
        If there are no images, or which are meant is not clear; if the images lie in other files.

    """

    def __init__(self, path: Path, settings: Mapping) -> None:
        self._open = contextlib.ExitStack()
        self._settings = settings
        self._frames: h5py.Dataset | None = None
        group = _place(self._open.enter_context(open_nwb(path)), settings.get("templates"))
        self.where = f"{path}: {group.name.strip('/')}"
        if "data" not in group:
            self.names = ordered_names(group) or [name for name in group if name != ORDER]
            self._arrays = [array_of(group, name, kind="iufb") for name in self.names]
            if not self.names:
                raise VentralError(f"{self.where} has no images")
            return
        if "external_file" in group:
            raise VentralError(
                f"{self.where}: its images lie in files of their own; give these as stimuli: files:"
                " images"
            )
        frames = array_of(group, "data", kind="iufb")
        if frames.ndim not in (3, 4) or not len(frames):
            raise VentralError(
                f"{self.where} has shape {frames.shape}; it needs (images, rows, columns) or"
                " (images, rows, columns, channels)"
            )
        self.names = [str(i) for i in range(len(frames))]
        self._frames = frames

    def read_image(self, i: int) -> np.ndarray:
        """Read one image.

        Parameters
        ----------
        i : int
            Index into `names`.

        Returns
        -------
        ndarray, (height, width, 3), uint8

        Raises
        ------
        VentralError
            If the image has another shape, or another type and no ``pixel_range`` is given.
        """
        values = read(self._arrays[i]) if self._frames is None else read(self._frames, i)
        return _pixels(values, self._settings, f"{self.where}: image {self.names[i]!r}")


def ordered_names(group: h5py.Group | h5py.Dataset) -> list[str] | None:
    """Return the names of the images of a container in the order that it declares, or None."""
    if not isinstance(group, h5py.Group) or ORDER not in group:
        return None
    references = read(array_of(group, ORDER, kind="O")).reshape(-1)
    try:
        return [group.file[reference].name.rpartition("/")[2] for reference in references]
    except (ValueError, TypeError, AttributeError) as error:
        raise VentralError(
            f"{group.file.filename}: {group.name}/{ORDER} refers to nothing: {error}"
        ) from error


def _place(file: h5py.File, name: str | None) -> h5py.Group:
    if name is not None:
        return group_at(file, name if "/" in name else f"{FOLDER}/{name}", "images")
    known = list(group_at(file, FOLDER, "images"))
    if len(known) != 1:
        what = f"has {', '.join(known)} under" if known else "has nothing under"
        raise VentralError(
            f"{file.filename} {what} {FOLDER}; say which has the images, as stimuli: templates"
        )
    found = follow(file[FOLDER], known[0])
    if not isinstance(found, h5py.Group):
        raise VentralError(f"{file.filename}: {FOLDER}/{known[0]} has no images")
    return found


def _pixels(values: np.ndarray, settings: Mapping, where: str) -> np.ndarray:
    """Return an image as (height, width, 3), uint8."""
    grey = values.ndim == 2
    if not grey and (values.ndim != 3 or values.shape[2] not in CHANNELS):
        raise VentralError(
            f"{where} has shape {values.shape}; it needs (rows, columns), or (rows, columns,"
            " channels) with 3 or 4 channels"
        )
    if settings["image_axes"] == "columns_first":
        values = values.swapaxes(0, 1)
    limits = settings.get("pixel_range")
    if limits is not None:
        values = _scaled(values.astype(np.float64), limits, where)
    elif values.dtype != np.uint8:
        raise VentralError(
            f"{where} has values of type {values.dtype} from {values.min():g} to {values.max():g};"
            " say which of them are black and white, as stimuli: pixel_range: [0, 1]"
        )
    mode = "L" if grey else CHANNELS[values.shape[2]]
    return np.array(flatten(Image.fromarray(np.ascontiguousarray(values), mode)))


def _scaled(values: np.ndarray, limits: list[float], where: str) -> np.ndarray:
    low, high = limits
    if not high > low:
        raise VentralError(f"stimuli: pixel_range: {limits} must end above its start")
    if not (values.min() >= low and values.max() <= high):  # NaN is outside too
        raise VentralError(
            f"{where} has values from {values.min():g} to {values.max():g}, outside of stimuli:"
            f" pixel_range {limits}"
        )
    return np.rint((values - low) / (high - low) * 255).astype(np.uint8)
