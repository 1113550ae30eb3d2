"""Copies of train images in another part are said, and no others."""

import numpy as np
import pandas as pd
import pytest

from ventral.data.identical_images import warn_of_identical_images

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 4, 4, 3), dtype=np.uint8)
NAMES = list("abcdef")


def split(**columns) -> pd.DataFrame:
    return pd.DataFrame({"stimulus_id": NAMES, **columns})


PARTS = ["train", "train", "validation", "validation", "test", "test"]


def test_different_images_are_no_reason_to_warn(caplog):
    warn_of_identical_images([IMAGES], split(split=PARTS))
    assert not caplog.records


@pytest.mark.parametrize(("one", "other"), [(0, 1), (2, 4), (4, 5)])
def test_copies_that_leak_nothing_of_train_are_no_reason_to_warn(one, other, caplog):
    images = IMAGES.copy()
    images[other] = images[one]
    warn_of_identical_images([images], split(split=PARTS))
    assert not caplog.records


@pytest.mark.parametrize("batch", [1, 2, 6])
def test_copies_of_train_images_are_counted_and_named(batch, caplog):
    images = IMAGES.copy()
    images[3], images[5] = images[0], images[1]
    warn_of_identical_images(np.split(images, 6 // batch), split(split=PARTS))
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "2 stimuli outside the train part" in record.getMessage()
    assert "'d' (validation) = 'a' (train), 'f' (test) = 'b' (train)" in record.getMessage()


def test_a_fold_with_copies_is_found(caplog):
    images = IMAGES.copy()
    images[1] = images[0]
    together = ["test", "test", "train", "train", "train", "train"]
    apart = ["test", "train", "test", "train", "train", "train"]
    warn_of_identical_images([images], split(fold_0=together, fold_1=apart))
    assert "'a' (test) = 'b' (train)" in caplog.text
    caplog.clear()
    warn_of_identical_images([images], split(fold_0=together))
    assert not caplog.records
