"""Models: from a model's entry in the config to a network ready to be recorded."""

import hashlib
import importlib
import re
from pathlib import Path

import torch
from torch import nn

from ventral.errors import VentralError, suggest
from ventral.networks.torchvision_import import torchvision
from ventral.networks.weights import load_weights
from ventral.storage.provenance import builder_packages

INPUT_IS_RESCALED = ("googlenet", "inception_v3")
"""Their pretrained weights come from TensorFlow and expect inputs of mean and deviation 0.5."""


class Pixels(nn.Module):
    """The model without a network: its one layer, ``pixels``, is the preprocessed image."""

    def __init__(self):
        super().__init__()
        self.pixels = nn.Identity()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the images, (stimuli, 3, height, width), as they came."""
        return self.pixels(images)


def build_model(settings: dict, weights_file: Path | None, seed: int) -> nn.Module:
    """Build the model of a config entry, on the CPU and in eval mode.

    settings: ``architecture`` (``pixels``, a torchvision name, or ``module:function``),
        ``arguments`` passed to its builder, and ``weights``: null (random), the name of a
        torchvision weights enum, or anything else that `weights_file` stands for. What an enum's
        weights need of the architecture (`transform_input` of the inception family, `image_size`
        of vision transformers) is set as torchvision's own builders do; beside a local file it is
        for `arguments` to say.
    weights_file: the state dict to load. It is required where `weights` is not null, and is loaded
        also where `weights` is null: the checkpoint of a model trained from scratch.
    seed: of the initial parameters. The same seed gives the same parameters; the global random
        state neither matters nor moves.

    Raises `VentralError` for an unknown architecture, arguments that its builder refuses, and a
    state dict that is not exactly the model's.
    """
    architecture = settings["architecture"]
    weights = settings.get("weights")
    arguments = settings.get("arguments")
    if weights is not None and weights_file is None and architecture != "pixels":
        raise VentralError(f"model of architecture {architecture!r}: no file for weights {weights}")
    arguments = build_arguments(architecture, weights, arguments)
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.default_generator.manual_seed(seed)
        model = construct(architecture, arguments)
    if weights_file is not None:
        load_weights(model, weights_file)
    return model.eval()


def build_arguments(architecture: str, weights: object, arguments: dict | None) -> dict:
    """Return a builder's arguments, with what the weights of a torchvision enum need of it."""
    enum = _find_weights(architecture, weights)
    needed = _pretrained_arguments(architecture, enum) if enum is not None else {}
    return needed | (arguments or {})


def construct(architecture: str, arguments: dict | None = None) -> nn.Module:
    """Call an architecture's builder; parameters come from the current random state and device.

    Raises `VentralError` where the architecture is unknown or its builder refuses the arguments.
    """
    arguments = dict(arguments or {})
    for name in ("weights", "pretrained"):
        if arguments.get(name):
            raise VentralError(
                f"architecture {architecture!r}: arguments: {name} is not allowed;"
                " the model's own key `weights` says which weights to load"
            )
    try:
        if architecture == "pixels":
            return Pixels(**arguments)
        if ":" in architecture:
            model = _imported_builder(architecture)(**arguments)
        else:
            model = _torchvision_model(architecture, arguments)
    except (TypeError, ValueError) as error:
        raise VentralError(
            f"architecture {architecture!r} cannot be built with arguments {arguments}: {error}"
        ) from error
    if not isinstance(model, nn.Module):
        raise VentralError(
            f"architecture {architecture!r} gives a {type(model).__name__}, not a torch.nn.Module"
        )
    return model


def weights_url(architecture: str, enum: str) -> tuple[str, str | None]:
    """Return where torchvision keeps the state dict of a weights enum such as `IMAGENET1K_V1`.

    The second value is the start of the file's sha256, which torchvision writes into its file
    names, or None. Raises `VentralError` naming the weights there are.
    """
    weights = _find_weights(architecture, enum)
    if weights is None:
        known = ", ".join(_weights_enum(architecture)) or "none"
        raise VentralError(
            f"torchvision has no weights {enum!r} for architecture {architecture!r};"
            f" it has: {known}"
        )
    prefix = re.search(r"-([0-9a-f]{8,})\.", weights.url.rsplit("/", 1)[-1])
    return weights.url, prefix and prefix[1]


def model_facts(settings: dict, weights_file: Path | None, seed: int) -> dict:
    """Return what a store's provenance says about its model.

    That is its entry, the sha256 of its weights, its seed, and the versions of what built it.
    """
    sha256 = None
    if weights_file is not None:
        with Path(weights_file).open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "model": settings,
        "weights_sha256": sha256,
        "seed": seed,
        "built_with": builder_packages(settings["architecture"]),
    }


def _torchvision_model(architecture: str, arguments: dict) -> nn.Module:
    known = torchvision.models.list_models()
    if architecture not in known:
        raise VentralError(
            f"unknown architecture {architecture!r}; {suggest(architecture, ['pixels', *known])}"
            " Give `pixels`, a torchvision name, or `module:function`"
        )
    if architecture in INPUT_IS_RESCALED:
        arguments = {"init_weights": True} | arguments  # torchvision's default, without its warning
    return torchvision.models.get_model(architecture, weights=None, **arguments)


def _imported_builder(architecture: str):
    module_name, _, function = architecture.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise VentralError(
            f"architecture {architecture!r}: module {module_name!r} cannot be imported: {error}"
        ) from error
    builder = getattr(module, function, None)
    if not callable(builder):
        raise VentralError(
            f"architecture {architecture!r}: module {module_name!r} has no function {function!r};"
            f" {suggest(function, dir(module))}"
        )
    return builder


def _weights_enum(architecture: str) -> dict:
    if architecture not in torchvision.models.list_models():
        return {}
    return dict(torchvision.models.get_model_weights(architecture).__members__)


def _find_weights(architecture: str, name: object):
    return _weights_enum(architecture).get(name) if isinstance(name, str) else None


def _pretrained_arguments(architecture: str, weights) -> dict:
    """Return what torchvision's own builder would set beside these weights."""
    if architecture in INPUT_IS_RESCALED:
        return {"transform_input": True}
    if architecture.startswith("vit_"):
        return {"image_size": weights.meta["min_size"][0]}
    return {}
