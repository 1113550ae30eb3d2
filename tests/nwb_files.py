"""Small NWB files, as pynwb writes them."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pynwb
from PIL import Image
from pynwb.base import ImageReferences, Images
from pynwb.file import Subject
from pynwb.image import ImageSeries, IndexSeries, RGBImage

N = 18
NAMES = [f"scene_{i:02d}" for i in range(N)]
UNITS = 5
WINDOW = (70.0, 170.0)
REGIONS = ["V4", "V4", "IT", "IT", "IT"]
QUALITY = ["good", "noise", "good", "good", "mua"]
MARK = datetime(2024, 3, 1, 10, tzinfo=UTC)


def new_file(session: str = "20240301", subject: str | None = "Ada") -> pynwb.NWBFile:
    return pynwb.NWBFile(
        session_description="images",
        identifier=f"id-{session}",
        session_id=session,
        session_start_time=MARK,
        subject=None
        if subject is None
        else Subject(subject_id=subject, species="Macaca mulatta", sex="F", age="P6Y"),
    )


def add_trials(file: pynwb.NWBFile, repeats: int = 4, seed: int = 0, names=NAMES) -> list[str]:
    """Show each image some times in no order, once every 300 ms; return what was shown."""
    rng = np.random.default_rng(seed)
    shown = list(rng.permutation(np.repeat(names, repeats)))
    file.add_trial_column("image", "file name of the image")
    file.add_trial_column("place", "its place in the list")
    file.add_trial_column("correct", "whether the monkey fixated")
    file.add_trial_column("onset", "when the photodiode saw it")
    for i, name in enumerate(shown):
        file.add_trial(
            start_time=1 + 0.3 * i,
            stop_time=1.2 + 0.3 * i,
            image=f"{name}.png",
            place=float(NAMES.index(name)) if name in NAMES else np.nan,
            correct=i % 7 != 3,
            onset=1.01 + 0.3 * i,
        )
    return shown


def spike_trains(shown: list[str], seed: int = 0, units: int = UNITS) -> list[np.ndarray]:
    """Return spike times that follow the images: for unit u more for images of a larger number."""
    rng = np.random.default_rng(seed + 1)
    trains = []
    for unit in range(units):
        times = list(rng.uniform(0, 1 + 0.3 * len(shown), 30))
        for i, name in enumerate(shown):
            rate = 1 + (NAMES.index(name) if name in NAMES else 0) % (unit + 3)
            times += list(1 + 0.3 * i + rng.uniform(0.05, 0.25, rng.poisson(rate)))
        trains.append(np.sort(times))
    return trains


def add_units(file: pynwb.NWBFile, trains: list[np.ndarray], electrodes: bool = False) -> None:
    for column in ("quality", "area", "depth"):
        file.add_unit_column(column, column)
    if electrodes:
        device = file.create_device("probe")
        group = file.create_electrode_group("shank", "a shank", "V4 and IT", device)
        for i in range(2 * len(trains)):
            file.add_electrode(
                location=REGIONS[i // 2 % len(REGIONS)], group=group, group_name="shank"
            )
    for unit, times in enumerate(trains):
        file.add_unit(
            spike_times=times,
            id=10 + unit,
            quality=QUALITY[unit % len(QUALITY)],
            area=REGIONS[unit % len(REGIONS)],
            depth=float(100 * unit),
            **({"electrodes": [2 * unit, 2 * unit + 1]} if electrodes else {}),
        )


def pictures(side: int = 12) -> np.ndarray:
    """Return an image for each name, (N, side, side + 2, 3), uint8."""
    return np.random.default_rng(5).integers(0, 256, (N, side, side + 2, 3), dtype=np.uint8)


def write_pictures(folder: Path) -> dict[str, Path]:
    """Write the images into a folder; return them as the files of a data set."""
    folder.mkdir()
    for name, image in zip(NAMES, pictures(), strict=True):
        Image.fromarray(image).save(folder / f"{name}.png")
    return {f"images/{name}.png": folder / f"{name}.png" for name in NAMES}


def write(file: pynwb.NWBFile, path: Path) -> Path:
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)
    return path


def write_session(path: Path, session: str = "20240301", seed: int = 0, **options) -> Path:
    """Write a session with units and trials."""
    file = new_file(session)
    shown = add_trials(file, seed=seed)
    add_units(file, spike_trains(shown, seed), **options)
    return write(file, path)


def add_templates(file: pynwb.NWBFile, kind: str) -> None:
    """Add the images: as ``series``, (N, rows, columns, 3), or as ``images`` with an order."""
    if kind == "series":
        file.add_stimulus_template(
            ImageSeries(name="scenes", data=pictures(), unit="n.a.", format="raw", rate=1.0)
        )
        return
    images = [RGBImage(name=f"{n}.png", data=i) for n, i in zip(NAMES, pictures(), strict=True)]
    images = images[::-1]
    order = ImageReferences(name="order_of_images", data=images)
    file.add_stimulus_template(Images(name="scenes", images=images, order_of_images=order))


def add_index_series(file: pynwb.NWBFile, index: np.ndarray) -> None:
    """Show the images of the container by their place, once every 300 ms."""
    file.add_stimulus(
        IndexSeries(
            name="shown",
            data=index.astype(np.uint32),
            unit="N/A",
            timestamps=1 + 0.3 * np.arange(len(index)),
            indexed_images=file.stimulus_template["scenes"],
        )
    )
