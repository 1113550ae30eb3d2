"""Images, and dissimilarity matrices of regions in place of responses.

MATLAB files have struct arrays: images with the field ``image``, matrices with the field ``RDM``,
as the RSA toolbox writes them (Nili et al. 2014: regions × subjects × sessions).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ventral.data.dissimilarities import Dissimilarities, pairs_of
from ventral.data.image_sizes import fit_image
from ventral.data.sources.files.reader import read_stimuli as read_image_files
from ventral.data.stimuli import StimulusSet
from ventral.errors import VentralError, suggest

MATLAB = ".mat"


def read_stimuli(settings: Mapping, files: Mapping[str, Path]) -> StimulusSet:
    """Return the images in the order of the dissimilarities.

    Parameters
    ----------
    settings : Mapping
        ``image_size``, ``fit``; of a MATLAB file ``variable``, the struct array of images.
    files : Mapping
        ``images``: a MATLAB file, or what the source `files` takes.

    Returns
    -------
    StimulusSet
        All of its stimuli are test stimuli: nothing is fitted. Those of a MATLAB file are named by
        their place, ``image_001`` first; ``category`` is its field of that name.

    Raises
    ------
    VentralError
        Naming the file and what it lacks.

    """
    size, fit = settings["image_size"], settings["fit"]
    path = files.get("images")
    if path is None or path.suffix.lower() != MATLAB:
        found = read_image_files({**settings, "split_seed": 0}, files)
        table = found.table.assign(split="test")
        return StimulusSet(table, found.height, found.width, found.read_image)
    items = _structs(path, settings["variable"], "image")
    images = [np.asarray(item["image"]) for item in items]
    for place, image in enumerate(images):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise VentralError(
                f"{path}: image {place + 1} has shape {image.shape} and type {image.dtype}; it"
                " needs (height, width, 3) of uint8"
            )
    table = pd.DataFrame({"stimulus_id": [f"image_{i + 1:03d}" for i in range(len(images))]})
    table["split"] = "test"
    if all("category" in item for item in items):
        table["category"] = [str(item["category"]) for item in items]
    table = table.astype(object)
    return StimulusSet(table, size, size, lambda row: fit_image(images[row], size, fit))


def read_dissimilarities(
    settings: Mapping, files: Mapping[str, Path], stimulus_table: pd.DataFrame
) -> Dissimilarities:
    """Return the dissimilarities of each region.

    Parameters
    ----------
    settings : Mapping
        ``targets``: by region ``file``, a key of `files`; of a MATLAB file ``variable`` and, where
        not all of its matrices are of the region, ``name``.
    files : Mapping
        MATLAB files, or npz files with ``dissimilarities``: (stimuli, stimuli), or (subjects,
        stimuli, stimuli), with ``stimulus_id`` and ``subject`` if known.
    stimulus_table : DataFrame
        Of `read_stimuli`, in its order.

    Returns
    -------
    Dissimilarities

    Raises
    ------
    VentralError
        Naming the region and the file where a matrix is missing, is not symmetric, or is not of
        these stimuli.

    """
    stimulus_id = stimulus_table["stimulus_id"].to_numpy()
    rows, pairs = [], []
    for region, target in settings["targets"].items():
        key = target["file"]
        if key not in files:
            raise VentralError(f"targets: {region}: no file {key!r}; {suggest(key, files)}")
        path = files[key]
        read = _of_matlab if path.suffix.lower() == MATLAB else _of_npz
        where = f"{region} in {path}"
        for subject, values in read(path, target, stimulus_id):
            own = pairs_of(values, where)
            expected = len(stimulus_id) * (len(stimulus_id) - 1) // 2
            if len(own) != expected:
                raise VentralError(
                    f"{where}: {len(own)} dissimilarities, but {len(stimulus_id)} images have"
                    f" {expected} pairs"
                )
            rows.append({"region": region, "subject": subject})
            pairs.append(own)
    return Dissimilarities(stimulus_id, pd.DataFrame(rows, dtype=object), np.array(pairs))


def _of_matlab(
    path: Path, target: Mapping, stimulus_id: np.ndarray
) -> list[tuple[str, np.ndarray]]:
    """Return (subject, matrix) of each chosen item of a struct array."""
    items = _structs(path, target["variable"], "RDM")
    wanted = target.get("name")
    if wanted is not None:
        names = [str(item.get("name")) for item in items]
        if wanted not in names:
            raise VentralError(
                f"{path}: {target['variable']} has no item {wanted!r}; {suggest(wanted, names)}"
            )
        items = [item for item, name in zip(items, names, strict=True) if name == wanted]
    return [(item["place"] if len(items) > 1 else "", item["RDM"]) for item in items]


def _of_npz(path: Path, target: Mapping, stimulus_id: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Return (subject, matrix) of each subject of an npz file, in the order of the stimuli."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        raise VentralError(f"{path} cannot be read as npz: {error}") from error
    if "dissimilarities" not in arrays:
        raise VentralError(
            f"{path} has no array dissimilarities; {suggest('dissimilarities', arrays)}"
        )
    values = arrays["dissimilarities"]
    values = values[None] if values.ndim == 2 else values
    if values.ndim != 3 or values.shape[1] != values.shape[2]:
        raise VentralError(
            f"{path}: dissimilarities have shape {values.shape}; they need (stimuli, stimuli) or"
            " (subjects, stimuli, stimuli)"
        )
    if "stimulus_id" in arrays:
        names = arrays["stimulus_id"].astype(str).tolist()
        if sorted(names) != sorted(stimulus_id):
            odd = sorted(set(names) ^ set(stimulus_id))
            raise VentralError(
                f"{path}: its stimulus_id are not the images, each once"
                + (f"; the first that differs is {odd[0]!r}" if odd else "")
            )
        order = [names.index(name) for name in stimulus_id]
        values = values[:, order][:, :, order]
    default = [f"subject_{i + 1}" for i in range(len(values))] if len(values) > 1 else [""]
    subjects = arrays["subject"].astype(str).tolist() if "subject" in arrays else default
    return list(zip(subjects, values, strict=True))


def _structs(path: Path, variable: str, needed: str) -> list[dict[str, Any]]:
    """Return the items of a struct array of a MATLAB file as dicts.

    ``place`` is the subject's: the second axis of a struct array of the RSA toolbox.
    """
    from scipy.io import loadmat, whosmat  # slow to import, and other files do not need it
    from scipy.io.matlab import MatReadError

    try:
        names = [name for name, *_ in whosmat(str(path))]
        if variable not in names:
            raise VentralError(f"{path} has no variable {variable!r}; {suggest(variable, names)}")
        array = loadmat(str(path), variable_names=[variable])[variable]
    except (OSError, ValueError, NotImplementedError, MatReadError) as error:
        raise VentralError(f"{path} cannot be read as a MATLAB file: {error}") from error
    fields = array.dtype.names or ()
    if needed not in fields:
        raise VentralError(f"{path}: {variable} is no struct array with the field {needed!r}")
    items = []
    for place in np.ndindex(array.shape):
        item = {field: _plain(array[place][field]) for field in fields}
        subject = place[1] if array.ndim > 1 else place[0]
        items.append({**item, "place": f"subject_{subject + 1}"})
    return items


def _plain(value: Any) -> Any:
    """Return the text of an array of one text, else the array itself."""
    array = np.asarray(value)
    return str(array.reshape(-1)[0]) if array.dtype.kind == "U" and array.size == 1 else array
