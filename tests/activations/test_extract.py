"""Extraction, against a plain full forward pass and torchvision's feature extractor."""

import os
import signal
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from ventral.activations.extract import ActivationWriter, extract_activations
from ventral.activations.taps import Taps
from ventral.data.stimuli import StimulusSet, write_stimuli
from ventral.errors import VentralError
from ventral.networks.build import build_model
from ventral.networks.preprocessing import Preprocessing
from ventral.networks.torchvision_import import torchvision
from ventral.storage.digests import ContentDigest
from ventral.storage.layout import DIGEST_COLUMNS, chunk_shapes, count_files
from ventral.storage.store import Store

ROOT = Path(__file__).parents[2]
N = 19
SIDE = 64
PREPROCESSING = Preprocessing(SIDE)


def write_images(path, images):
    ids = [f"s{i}" for i in range(len(images))]
    table = pd.DataFrame({"stimulus_id": ids, "split": "train"})
    height, width = images.shape[1:3]
    dtype = str(images.dtype)
    write_stimuli(path, StimulusSet(table, height, width, lambda i: images[i], dtype))
    return path


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (N, SIDE, SIDE, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def stimuli(images, tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("stimuli") / "stimuli.zarr", images)


def activations(store, layer):
    """Return the activations of a layer, with the scale of the stored values undone."""
    stored = store.read_slice(layer, ...).astype(np.float32)
    return stored * np.float32(store.array(layer).attrs["scale_factor"])


def extract(stimuli, model, layers, destination, **options):
    extract_activations(stimuli, model, layers, PREPROCESSING, destination, **options)
    return Store(f"{destination}.zarr")


def batches_of(images, size):
    for start in range(0, len(images), size):
        batch = PREPROCESSING(images[start : start + size])
        yield batch.to(memory_format=torch.channels_last)


def nothing_is_left(folder):
    return sorted(path.name for path in folder.iterdir()) == []


CASES = {
    "squeezenet1_1": ["features.0", "features.4", "features.10", "classifier"],
    "resnet18": ["conv1", "layer1", "layer3.0.conv1", "avgpool"],
    "alexnet": ["features.0", "features.1", "classifier.5", "classifier.6"],
}


@pytest.mark.parametrize("architecture", CASES)
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_as_torchvisions_feature_extractor(images, stimuli, tmp_path, architecture, dtype):
    layers = CASES[architecture]
    model = build_model({"architecture": architecture}, None, 3)
    store = extract(stimuli, model, layers, tmp_path / "main", batch_size=8, dtype=dtype)

    # A second copy whose ReLUs do not work in place, so that the reference cannot be overwritten.
    model = build_model({"architecture": architecture}, None, 3)
    for module in model.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    model = model.to(memory_format=torch.channels_last)
    # Imported here: torchvision needs its operators defined first.
    from torchvision.models.feature_extraction import create_feature_extractor

    extractor = create_feature_extractor(model, layers)
    with torch.inference_mode():
        passes = [extractor(batch) for batch in batches_of(images, 8)]
    assert list(store.manifest) == [*layers, "stimulus_id", "stimulus"]
    for layer in layers:
        expected = torch.cat([one[layer] for one in passes])
        array = store.array(layer)
        assert array.attrs["layer_shape"] == list(expected.shape[1:])
        assert array.metadata.dimension_names == ("stimulus", f"{layer}_feature")
        found = store.read_slice(layer, ...)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, expected.flatten(1).numpy().astype(dtype))
        digest = ContentDigest(found.shape, found.dtype)
        for start in range(0, found.shape[1], DIGEST_COLUMNS):
            digest.update_columns(start, found[:, start : start + DIGEST_COLUMNS])
        store.check(layer, digest.hexdigest())
    assert list(store.read("stimulus_id")) == [f"s{i}" for i in range(N)]


def test_transformer_with_tuples(images, stimuli, tmp_path):
    arguments = {"image_size": SIDE, "patch_size": 16, "num_layers": 2, "num_heads": 2}
    arguments |= {"hidden_dim": 24, "mlp_dim": 48}
    model = torchvision.models.VisionTransformer(**arguments).eval()
    attention = "encoder.layers.encoder_layer_1.self_attention"
    store = extract(stimuli, model, [attention, "encoder"], tmp_path / "main", batch_size=8)
    kept = []
    model.get_submodule(attention).register_forward_hook(lambda m, i, o: kept.append(o[0].clone()))
    with torch.inference_mode():
        for batch in batches_of(images, 8):
            model(batch)
    expected = torch.cat(kept)
    assert store.array(attention).attrs["layer_shape"] == [17, 24]
    found = activations(store, attention)
    np.testing.assert_allclose(found, expected.flatten(1).numpy(), rtol=2**-11)


def test_pixels(images, stimuli, tmp_path):
    model = build_model({"architecture": "pixels"}, None, 0)
    plain = Preprocessing(SIDE, mean=(0, 0, 0), std=(1, 1, 1))
    extract_activations(stimuli, model, ["pixels"], plain, tmp_path / "main", dtype="float32")
    found = Store(tmp_path / "main.zarr").read_slice("pixels", ...)
    expected = images.transpose(0, 3, 1, 2).reshape(N, -1) / np.float32(255)
    np.testing.assert_array_equal(found, expected)


def sequence(**modules):
    network = nn.Sequential()
    for name, module in modules.items():
        network.add_module(name, module)
    return network


class Raises(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        if self.calls > 1:
            raise RuntimeError("called after the last tap")
        return x


def test_stops_after_the_last_tap(stimuli, tmp_path):
    after = Raises()
    model = sequence(first=nn.AvgPool2d(8), second=nn.Identity(), after=after)
    extract(stimuli, model, ["second", "first"], tmp_path / "main", batch_size=8)
    assert after.calls == 1  # the probe


class CallsTwice(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool = nn.AvgPool2d(2)

    def forward(self, x):
        return self.pool(self.pool(x))


def test_last_call_is_recorded(images, stimuli, tmp_path):
    store = extract(stimuli, CallsTwice(), ["pool"], tmp_path / "main", dtype="float32")
    inputs = torch.cat(list(batches_of(images, N)))
    expected = nn.functional.avg_pool2d(nn.functional.avg_pool2d(inputs, 2), 2)
    np.testing.assert_array_equal(store.read_slice("pool", ...), expected.flatten(1).numpy())


def test_a_call_can_be_chosen(images, stimuli, tmp_path):
    layers = ["pool@2", "pool@1", "pool"]
    store = extract(stimuli, CallsTwice(), layers, tmp_path / "main", dtype="float32")
    inputs = torch.cat(list(batches_of(images, N)))
    once = nn.functional.avg_pool2d(inputs, 2)
    twice = nn.functional.avg_pool2d(once, 2)
    for layer, expected in zip(layers, (twice, once, twice), strict=True):
        assert store.array(layer).attrs["layer_shape"] == list(expected.shape[1:])
        np.testing.assert_array_equal(activations(store, layer), expected.flatten(1).numpy())
    with pytest.raises(VentralError, match=r"layer 'pool@3': 'pool' is called 2 time\(s\)"):
        extract(stimuli, CallsTwice(), ["pool@3"], tmp_path / "three")
    with pytest.raises(VentralError, match="has no layer 'pol@1'"):
        extract(stimuli, CallsTwice(), ["pol@1"], tmp_path / "unknown")


def test_in_place_relu_does_not_reach_the_tap(images, stimuli, tmp_path):
    model = sequence(pool=nn.AvgPool2d(8), relu=nn.ReLU(inplace=True))
    store = extract(stimuli, model, ["pool", "relu"], tmp_path / "main")
    pool, relu = store.read_slice("pool", ...), store.read_slice("relu", ...)
    assert (pool < 0).any()
    np.testing.assert_array_equal(relu, np.maximum(pool, 0))


def test_same_bytes_for_any_worker_count(stimuli, tmp_path):
    manifests = []
    for workers in (0, 1, 2):
        model = build_model({"architecture": "squeezenet1_1"}, None, 3)
        destination = tmp_path / f"workers{workers}"
        store = extract(stimuli, model, ["features.4"], destination, batch_size=4, workers=workers)
        manifests.append(store.manifest)
    assert manifests[0] == manifests[1] == manifests[2]


def test_provenance(stimuli, tmp_path):
    model = sequence(pool=nn.AvgPool2d(8))
    store = extract(stimuli, model, ["pool"], tmp_path / "main", attributes={"seed": 3})
    facts = store.attributes["provenance"]
    assert facts["seed"] == 3
    assert facts["stimuli_sha256"] == Store(stimuli).manifest["images"]["sha256"]
    assert (facts["dtype"], facts["preprocessing"]["size"]) == ("auto", SIDE)


def pooled(images, row):
    return nn.AvgPool2d(8)(PREPROCESSING(images[row : row + 1]))


class Scale(nn.Module):
    """Multiplies one input, known by its values, by `factor`."""

    def __init__(self, wanted, factor):
        super().__init__()
        self.wanted, self.factor = wanted, factor

    def forward(self, x):
        scale = torch.ones(len(x))
        scale[torch.isclose(x, self.wanted).flatten(1).all(dim=1)] = self.factor
        return x * scale[:, None, None, None]


@pytest.mark.parametrize(
    ("factor", "dtype"),
    [(1e6, "float16"), *((f, d) for f in (np.nan, np.inf) for d in ("auto", "float16", "float32"))],
)
def test_overflow_and_nan(images, stimuli, tmp_path, factor, dtype):
    model = sequence(fine=nn.AvgPool2d(8), scale=Scale(pooled(images, 13), factor))
    wanted = ["fine", "scale"]
    remedy = "Set `dtype: auto`" if factor == 1e6 else "already in float32"
    with pytest.raises(VentralError, match=rf"'scale', first at stimulus number 13.*{remedy}"):
        extract(stimuli, model, wanted, tmp_path / "main", batch_size=4, dtype=dtype)
    assert nothing_is_left(tmp_path)


def test_a_layer_that_outgrows_float16_becomes_float32(images, stimuli, tmp_path, caplog):
    model = sequence(fine=nn.AvgPool2d(8), scale=Scale(pooled(images, 13), 1e6))
    wanted, options = ["fine", "scale"], {"batch_size": 4}
    with caplog.at_level("INFO"):
        store = extract(stimuli, model, wanted, tmp_path / "main", dtype="auto", **options)
    assert "layer 'scale': values exceed the range of float16; it is stored" in caplog.text
    assert [str(store.array(layer).dtype) for layer in wanted] == ["float16", "float32"]
    fine = sequence(fine=nn.AvgPool2d(8))
    whole = extract(stimuli, fine, ["fine"], tmp_path / "whole", dtype="float32", **options)
    np.testing.assert_allclose(
        activations(store, "fine"), activations(whole, "fine"), rtol=1e-3, atol=1e-6
    )
    store.verify()


def test_float16_warns_of_what_it_loses(stimuli, tmp_path, caplog):
    model = sequence(pool=nn.AvgPool2d(8), offset=Offset(5000))
    wanted = ["pool", "offset"]
    store = extract(stimuli, model, wanted, tmp_path / "half", dtype="float16")
    (record,) = [r for r in caplog.records if r.levelname == "WARNING"]
    assert "layer 'offset': float16 loses" in record.getMessage()
    assert "Set `dtype: auto`" in record.getMessage()
    assert (
        store.manifest["offset"]["lost_variance"] > 1e-4 > store.manifest["pool"]["lost_variance"]
    )
    caplog.clear()
    store = extract(stimuli, model, wanted, tmp_path / "main", dtype="auto")
    assert not [r for r in caplog.records if r.levelname == "WARNING"]
    whole = extract(stimuli, model, wanted, tmp_path / "whole", dtype="float32")
    np.testing.assert_array_equal(activations(store, "offset"), activations(whole, "offset"))


class Offset(nn.Module):
    """Adds a number."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def forward(self, x):
        return x + self.number


def test_overflow_fits_in_float32(images, stimuli, tmp_path):
    model = sequence(scale=Scale(PREPROCESSING(images[13:14]), 1e6))
    store = extract(stimuli, model, ["scale"], tmp_path / "main", batch_size=4, dtype="float32")
    assert np.abs(store.read_slice("scale", 13)).max() > 1e5


def test_nan_weights(stimuli, tmp_path):
    model = build_model({"architecture": "squeezenet1_1"}, None, 3)
    with torch.no_grad():
        model.features[3].squeeze.weight[0] = float("nan")
    with pytest.raises(VentralError, match=r"'features\.4', first at stimulus number 0"):
        extract(stimuli, model, ["features.0", "features.4"], tmp_path / "main")
    assert nothing_is_left(tmp_path)


class Awkward(nn.Module):
    """Modules that cannot be recorded."""

    def __init__(self):
        super().__init__()
        for name in ("never", "text", "whole", "integer", "varying", "sometimes"):
            self.add_module(name, nn.Identity())

    def forward(self, x):
        self.text({"out": x})
        self.whole(x.permute(1, 0, 2, 3))
        self.integer(x.long())
        self.varying(x[..., : 3 + len(x)])
        for _ in range(len(x)):
            self.sometimes(x)
        return x


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("never", "never called"),
        ("text", "gives dict"),
        ("whole", "first axis"),
        ("integer", "int64"),
        ("varying", "for one stimulus it gave"),
        ("nevr", "did you mean 'never'"),
    ],
)
def test_layers_that_cannot_be_recorded(stimuli, tmp_path, layer, message):
    with pytest.raises(VentralError, match=message):
        extract(stimuli, Awkward(), [layer], tmp_path / "main", batch_size=8)
    assert nothing_is_left(tmp_path)


class CalledForLargeBatches(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Identity()

    def forward(self, x):
        return x if len(x) > 1 else self.inner(x)


def test_path_that_depends_on_the_stimuli():
    model = CalledForLargeBatches()
    taps = Taps(model, ["inner"], torch.zeros(1, 3, 4, 4))
    with pytest.raises(VentralError, match="0 time"):
        taps.record(torch.zeros(2, 3, 4, 4))


def test_hooks_are_removed():
    model = sequence(pool=nn.AvgPool2d(2))
    taps = Taps(model, ["pool"], torch.zeros(1, 3, 4, 4))
    taps.record(torch.zeros(2, 3, 4, 4))
    assert not model.pool._forward_hooks


def test_wrong_settings(stimuli, tmp_path):
    model = sequence(pool=nn.AvgPool2d(8))
    with pytest.raises(VentralError, match="float16, float32"):
        extract(stimuli, model, ["pool"], tmp_path / "main", dtype="int8")
    with pytest.raises(VentralError, match="without layers"):
        extract(stimuli, model, [], tmp_path / "main")
    with pytest.raises(VentralError, match="'gpu'"):
        extract(stimuli, model, ["pool"], tmp_path / "main", device="gpu")


def test_damaged_stimuli(images, tmp_path):
    stimuli = write_images(tmp_path / "stimuli.zarr", images)
    next(path for path in (stimuli / "images" / "c").rglob("*") if path.is_file()).unlink()
    with pytest.raises(VentralError, match=r"stimuli\.zarr is damaged"):
        extract(stimuli, sequence(pool=nn.AvgPool2d(8)), ["pool"], tmp_path / "main")
    assert not (tmp_path / "main.zarr").exists()


def test_an_error_of_the_writer_surfaces(stimuli, tmp_path, monkeypatch):
    def full_disk(self, buffer, start, count):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ActivationWriter, "_write", full_disk)
    with pytest.raises(OSError, match="No space left"):
        extract(stimuli, sequence(pool=nn.AvgPool2d(8)), ["pool"], tmp_path / "main")
    assert nothing_is_left(tmp_path)


KILLED = """
import os, signal, sys
import torch
from ventral.activations.extract import ActivationWriter, extract_activations
from ventral.networks.preprocessing import Preprocessing
write = ActivationWriter._write
def killed(self, *arguments):
    write(self, *arguments)
    os.kill(os.getpid(), signal.SIGKILL)
ActivationWriter._write = killed
model = torch.nn.Sequential(torch.nn.AvgPool2d(8))
extract_activations(sys.argv[1], model, ["0"], Preprocessing(64), sys.argv[2])
"""


def test_killed_writer_leaves_no_store(stimuli, tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", KILLED, stimuli, tmp_path / "main"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    (left,) = tmp_path.iterdir()
    assert left.name.startswith("main.zarr.") and left.suffix == ".partial"
    extract(stimuli, sequence(pool=nn.AvgPool2d(8)), ["pool"], tmp_path / "main")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["main.json", "main.zarr"]


@pytest.mark.parametrize(
    ("n", "widths", "itemsize", "expected"),
    [
        (2592, {"a": 1}, 2, {"a": (256, 1)}),
        (1, {"a": 16385}, 2, {"a": (1, 16384)}),
        (2592, {"a": 16385, "b": 5}, 2, {"a": (256, 16384), "b": (256, 5)}),
        (2592, {"a": 802_816}, 2, {"a": (128, 32768)}),
        (2592, {"a": 802_816}, 4, {"a": (64, 65536)}),
        (300, {"a": 10**8, "b": 20_000}, 4, {"a": (16, 65536), "b": (16, 20_000)}),
    ],
)
def test_chunk_shapes(n, widths, itemsize, expected):
    assert chunk_shapes(n, widths, itemsize) == expected


@pytest.mark.parametrize("n", [1, 15, 16, 37])
@pytest.mark.parametrize("batch", [1, 7, 64])
def test_rows_that_do_not_fill_a_chunk(tmp_path, monkeypatch, n, batch):
    monkeypatch.setattr("ventral.storage.layout.BUFFER_BYTES", 1)  # 16 rows per buffer
    images = np.random.default_rng(n).random((n, 4, 4, 3), dtype=np.float32)
    stimuli = write_images(tmp_path / "stimuli.zarr", images)
    plain = Preprocessing(4, mean=(0, 0, 0), std=(1, 1, 1))
    model = build_model({"architecture": "pixels"}, None, 0)
    destination = tmp_path / "main"
    options = {"batch_size": batch, "dtype": "float32"}
    extract_activations(stimuli, model, ["pixels"], plain, destination, **options)
    store = Store(tmp_path / "main.zarr")
    found = store.read_slice("pixels", ...)
    np.testing.assert_array_equal(found, images.transpose(0, 3, 1, 2).reshape(n, -1))
    digest = ContentDigest(found.shape, found.dtype)
    digest.update_columns(0, found)
    store.check("pixels", digest.hexdigest())


def test_as_many_files_as_are_told_before(tmp_path, monkeypatch):
    """Whatever the width of a layer, its activations are one file."""
    monkeypatch.setattr("ventral.storage.layout.MAX_COLUMNS", 16_384)
    images = np.random.default_rng(0).random((300, 80, 80, 3), dtype=np.float32)
    stimuli = write_images(tmp_path / "stimuli.zarr", images)
    model = build_model({"architecture": "pixels"}, None, 0)
    extract_activations(stimuli, model, ["pixels"], Preprocessing(80), tmp_path / "main")
    widths = {"pixels": 3 * 80 * 80}
    assert chunk_shapes(300, widths, 2) == {"pixels": (256, 16_384)}
    files = [path for path in (tmp_path / "main.zarr").rglob("*") if path.is_file()]
    of_the_workflow = 1  # the time stamp in a directory that is an output
    assert len(files) + of_the_workflow == count_files(len(widths))
    Store(tmp_path / "main.zarr").verify()


def shared_file(relative):
    folders = os.environ.get("VENTRAL_MIRRORS", "").split(":")
    for folder in [*filter(None, folders), ROOT.parent / "shared" / "data"]:
        if (Path(folder) / relative).exists():
            return Path(folder) / relative
    pytest.skip(f"{relative} is in no folder of VENTRAL_MIRRORS")


def test_real_weights_on_real_images(tmp_path):
    weights = shared_file("weights/squeezenet1_1.pth")
    archive = shared_file("cowley2023_v4/images/images_201025.zip")
    with zipfile.ZipFile(archive) as file:
        names = [name for name in file.namelist() if name.endswith(".jpg")]
        names = sorted(names, key=lambda name: Path(name).name)[:8]
        pictures = [np.asarray(Image.open(BytesIO(file.read(name)))) for name in names]
    stimuli = write_images(tmp_path / "stimuli.zarr", np.stack(pictures))
    model = build_model({"architecture": "squeezenet1_1", "weights": "local"}, weights, 0)
    layers = ["features.10", "classifier"]
    extract_activations(stimuli, model, layers, Preprocessing(224), tmp_path / "main")
    store = Store(tmp_path / "main.zarr")
    assert store.array("features.10").attrs["layer_shape"] == [384, 13, 13]
    for layer in layers:
        values = store.read_slice(layer, ...)
        assert np.isfinite(values).all() and (values.std(axis=0) > 0).any()
    assert store.array("classifier").shape == (8, 1000)
