"""Images that a readout is tested on after it has been fitted to them under another name."""

import hashlib
import logging
from collections.abc import Iterable

import numpy as np
import pandas as pd

from ventral.data.splits import partitions_of

logger = logging.getLogger(__name__)

MAX_NAMED = 3


def warn_of_identical_images(images: Iterable[np.ndarray], split: pd.DataFrame) -> None:
    """Warn of pixel-identical images in the train part and in another part.

    The warning has their number, the first of them and the remedy; of folds, it names the first one
    that has some.

    Parameters
    ----------
    images : iterable of ndarray, (n_some, height, width, 3), uint8
        All images of a stimulus set, in its order.
    split : DataFrame
        Of `ventral.data.assign_split.assign_split`, in the same order.

    """
    digests = np.array([hashlib.sha256(image).hexdigest() for some in images for image in some])
    names = split["stimulus_id"].to_numpy()
    for partition in partitions_of(split).values():
        part = partition["split"].to_numpy()
        trains = part == "train"
        of_train = dict(zip(digests[trains], names[trains], strict=True))
        seen = [
            f"{names[row]!r} ({part[row]}) = {of_train[digests[row]]!r} (train)"
            for row in np.flatnonzero(~trains)
            if digests[row] in of_train
        ]
        if seen:
            shown = ", ".join(seen[:MAX_NAMED]) + (", ..." if len(seen) > MAX_NAMED else "")
            logger.warning(
                "%d stimuli outside the train part are pixel-identical to a train stimulus, so"
                " their scores are not of new images: %s. Remove the copies, or give a split that"
                " keeps them together",
                len(seen),
                shown,
            )
            return
