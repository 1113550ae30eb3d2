"""A small assembly of the form of Brain-Score's, with its stimuli."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import xarray
from PIL import Image

from ventral.data.sources.majajhong2015.reader import VARIABLE

OBJECTS = {"bear": "Animals", "cow": "Animals", "car_astra": "Cars", "face_0": "Faces"}
PER_OBJECT = 9
N = PER_OBJECT * len(OBJECTS)
REGIONS = ["IT", "V4", "IT", "V4", "IT"]
SITES = [f"{'Chabo' if i % 2 else 'Tito'}_L_A_{i}_0" for i in range(len(REGIONS))]


def stimulus_table(id_name: str = "image_id") -> pd.DataFrame:
    rng = np.random.default_rng(0)
    objects = [name for name in OBJECTS for _ in range(PER_OBJECT)]
    table = pd.DataFrame(
        {
            id_name: [f"{i:040x}" for i in rng.permutation(N)],
            "object_name": objects,
            "category_name": [OBJECTS[name] for name in objects],
            "variation": [0, 3, 6] * (N // 3),
            "background_id": [f"bg{i}" for i in range(N)],
            **{
                name: rng.normal(size=N).round(6) for name in ("s", "ty", "tz", "rxy", "rxz", "ryz")
            },
        }
    )
    table["filename"] = [f"{name}.png" for name in table[id_name]]
    return table


def write_majajhong2015(
    folder: Path, id_name: str = "image_id", time_bin: bool = True
) -> tuple[dict[str, Path], np.ndarray]:
    """Write the three files; return their paths and the responses, (stimuli, sites, repetitions).

    As in the public files, presentations come in no order, each is a row of its own, their number
    differs between stimuli, strings are of variable length, and time_bin has length one.
    """
    rng = np.random.default_rng(1)
    table = stimulus_table(id_name)
    files = {
        "images": folder / "stimulus_hvm-public.zip",
        "table": folder / "stimulus_hvm-public.csv",
        "assembly": folder / "assembly.nc",
    }
    table.to_csv(files["table"], index=False)
    with zipfile.ZipFile(files["images"], "w") as archive:
        for i in rng.permutation(N):
            content = io.BytesIO()
            Image.fromarray(np.full((20, 20, 3), 5 * i, np.uint8)).save(content, "PNG")
            archive.writestr(table["filename"][i], content.getvalue())
    count = rng.integers(4, 8, N)
    repetitions = np.full((N, len(SITES), 7), np.nan, np.float32)
    signal = rng.normal(size=(N, len(SITES), 1))
    for i, n in enumerate(count):
        repetitions[i, :, :n] = signal[i] + 0.5 * rng.normal(size=(len(SITES), n))
    stimulus, repetition = np.nonzero(~np.isnan(repetitions[:, 0]))
    order = rng.permutation(len(stimulus))
    stimulus, repetition = stimulus[order], repetition[order]
    values = repetitions[stimulus, :, repetition].T
    labels = table.drop(columns="filename").iloc[stimulus]
    coordinates = {name: ("presentation", labels[name].to_numpy()) for name in labels}
    coordinates |= {
        "repetition": ("presentation", repetition),
        "neuroid_id": ("neuroid", np.array(SITES, object)),
        "region": ("neuroid", np.array(REGIONS, object)),
        "animal": ("neuroid", np.array([site.split("_")[0] for site in SITES], object)),
        "arr": ("neuroid", np.array(["A"] * len(SITES), object)),
        "col": ("neuroid", np.arange(len(SITES))),
        "time_bin_start": ("time_bin", [70]),
        "time_bin_end": ("time_bin", [170]),
    }
    dims = ("neuroid", "presentation", "time_bin")
    if not time_bin:
        dims = dims[:2]
        coordinates = {name: at for name, at in coordinates.items() if at[0] != "time_bin"}
    values = values[:, :, None] if time_bin else values
    assembly = xarray.DataArray(values, coordinates, dims, name=VARIABLE)
    assembly.to_netcdf(files["assembly"], engine="h5netcdf")
    return files, repetitions
