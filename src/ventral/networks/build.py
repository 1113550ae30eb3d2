"""Construction of a network from a model's entry in the config."""

import importlib
import inspect
import logging
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ventral.errors import VentralError, suggest
from ventral.networks.model_files import ModelFiles
from ventral.networks.named_builders import build_named, own_preprocessing
from ventral.networks.named_models import HOW_LOADED, PRETRAINED, named_model
from ventral.networks.preprocessing import Preprocessing, merged
from ventral.networks.torchvision_import import torchvision
from ventral.networks.weights import NotLoaded, load_weights
from ventral.storage.file_digests import check_content, read_digest
from ventral.storage.provenance import builder_packages

logger = logging.getLogger(__name__)

INPUT_IS_RESCALED = ("googlenet", "inception_v3")
"""Their pretrained weights, from TensorFlow, expect inputs of mean and standard deviation 0.5."""


class Pixels(nn.Module):
    """The baseline without a network: its only layer, ``pixels``, is the preprocessed image."""

    def __init__(self) -> None:
        super().__init__()
        self.pixels = nn.Identity()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the images, (batch, 3, height, width), unchanged."""
        return self.pixels(images)


@dataclass(frozen=True)
class BuiltModel:
    """A network, and what was found while it was built.

    Parameters
    ----------
    network : Module
        On the CPU and in evaluation mode.
    preprocessing : Preprocessing
        Of its stimuli: the model's own, where it is known, with what the settings say otherwise.
    not_loaded : NotLoaded
        Tensors that were left out of a file of weights.

    """

    network: nn.Module
    preprocessing: Preprocessing
    not_loaded: NotLoaded


def build_model(
    settings: dict, weights_file: Path | None, seed: int, files: Path | None = None
) -> nn.Module:
    """Build the network of a model, on the CPU and in evaluation mode.

    Parameters
    ----------
    settings, weights_file, seed, files
        As in `build`.

    Returns
    -------
    Module

    Raises
    ------
    VentralError
        As `build` does, but for the preprocessing.
    """
    return _build_network(settings, weights_file, seed, files)[0]


def build(
    settings: dict, weights_file: Path | None, seed: int, files: Path | None = None
) -> BuiltModel:
    """Build the network of a model, on the CPU and in evaluation mode.

    Parameters
    ----------
    settings : dict
        ``architecture`` (``pixels``, a torchvision name, ``module:function``, or a named model),
        ``arguments`` for its builder, and ``weights``: None for random weights, the name of a
        torchvision weights enum, ``pretrained`` for the weights among `files`, or a mapping with
        sums of `weights_file`, which are checked, and how it is loaded (``key``, ``prefix``,
        ``strict``, see `ventral.networks.weights.load_weights`). Arguments that the
        weights of an enum need (`transform_input` of the inception family, `image_size` of vision
        transformers) are set as in torchvision's own builders; for a local file, `arguments` must
        set them.
    weights_file : Path or None
        The state dict to load; required if ``weights`` is not None. It is loaded even if
        ``weights`` is None: the checkpoint of a model trained from scratch.
    seed : int
        Seed of the initial parameters. The global random state neither matters nor changes.
    files : Path or None
        Manifest of what was fetched for a named model.

    Returns
    -------
    BuiltModel

    Raises
    ------
    VentralError
        If the architecture is unknown, its builder rejects the arguments, or the state dict has
        another sum or does not fit the network exactly.
    """
    network, not_loaded, found = _build_network(settings, weights_file, seed, files)
    given = settings.get("preprocessing", {})
    return BuiltModel(
        network,
        preprocessing_of(settings["architecture"], network, found, given),
        not_loaded,
    )


def preprocessing_of(
    architecture: str, network: nn.Module, files: ModelFiles | None, given: Mapping[str, Any]
) -> Preprocessing:
    """Return the preprocessing of a model: its own, with what the config says otherwise.

    Parameters
    ----------
    architecture, network
        Of the model, the network as `construct` has built it.
    files : ModelFiles or None
        What was fetched for it.
    given : Mapping
        Settings of the config.

    Returns
    -------
    Preprocessing

    Raises
    ------
    VentralError
        Where a named model has none of its own and the config does not give all of it.
    """
    named = named_model(architecture)
    if named is None:
        return Preprocessing(**given)
    if {"size", "resize", "mean", "std"} <= given.keys():  # its own may have no counterpart here
        return Preprocessing(**given)
    settings = merged(own_preprocessing(named, network, files), given)
    lacking = [name for name in ("size", "mean", "std") if name not in settings]
    if lacking:
        raise VentralError(
            f"architecture {architecture!r}: the model does not say its own preprocessing; give"
            f" preprocessing: {', '.join(lacking)} in its entry"
        )
    found = Preprocessing(**settings)
    logger.info(
        "%s: preprocessing %s",
        architecture,
        ", ".join(f"{name} {value}" for name, value in vars(found).items() if value is not None),
    )
    return found


def _build_network(
    settings: dict, weights_file: Path | None, seed: int, files: Path | None
) -> tuple[nn.Module, NotLoaded, ModelFiles | None]:
    architecture = settings["architecture"]
    weights = settings.get("weights")
    arguments = settings.get("arguments")
    found = None if files is None else ModelFiles(files)
    # A checkpoint of a training takes the place of the weights that it has started from.
    pretrained = weights == PRETRAINED and weights_file is None
    if weights is not None and weights_file is None and architecture != "pixels" and not found:
        raise VentralError(f"model of architecture {architecture!r}: no file for weights {weights}")
    arguments = build_arguments(architecture, weights, arguments)
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.default_generator.manual_seed(seed)
        model = construct(architecture, arguments, found, pretrained=pretrained)
    not_loaded = NotLoaded()
    if weights_file is not None:
        how = {}
        if isinstance(weights, Mapping):
            check_content(weights_file, weights)
            how = {name: weights[name] for name in HOW_LOADED if name in weights}
        not_loaded = load_weights(model, weights_file, **how)
    return model.eval(), not_loaded, found


def build_arguments(architecture: str, weights: object, arguments: dict | None) -> dict:
    """Return the arguments of a builder, with those that the weights of a torchvision enum need.

    Parameters
    ----------
    architecture : str
        As in `build_model`.
    weights : object
        The name of a torchvision weights enum; anything else adds no argument.
    arguments : dict or None
        Arguments of the config, which take precedence.

    Returns
    -------
    dict
    """
    enum = _find_weights(architecture, weights)
    needed = _pretrained_arguments(architecture, enum) if enum is not None else {}
    return needed | (arguments or {})


def construct(
    architecture: str,
    arguments: dict | None = None,
    files: ModelFiles | None = None,
    *,
    pretrained: bool = False,
) -> nn.Module:
    """Call the builder of an architecture, with torch's current random state and default device.

    Parameters
    ----------
    architecture : str
        As in `build_model`.
    arguments : dict, optional
        Arguments for the builder.
    files : ModelFiles, optional
        What was fetched for a named model.
    pretrained : bool
        Whether a named model gets the weights among them.

    Returns
    -------
    Module

    Raises
    ------
    VentralError
        If the architecture is unknown or its builder rejects the arguments.
    """
    arguments = dict(arguments or {})
    for name in ("weights", "pretrained"):
        if arguments.get(name):
            raise VentralError(
                f"architecture {architecture!r}: arguments: {name} is not allowed;"
                " the model's own key `weights` says which weights to load"
            )
    named = named_model(architecture)
    try:
        if named is not None:
            return build_named(named, arguments, files, pretrained)
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


def check_weights(architecture: str, enum: str) -> None:
    """Raise `VentralError` where torchvision has no such weights, with a list of those it has.

    Parameters
    ----------
    architecture : str
        A torchvision name.
    enum : str
        A member of its weights enum, such as `IMAGENET1K_V1`.
    """
    if _find_weights(architecture, enum) is None:
        known = ", ".join(_weights_enum(architecture)) or "none"
        raise VentralError(
            f"torchvision has no weights {enum!r} for architecture {architecture!r};"
            f" it has: {known}"
        )


def weights_url(architecture: str, enum: str) -> tuple[str, str | None]:
    """Return the address of the state dict of a torchvision weights enum.

    Parameters
    ----------
    architecture : str
        A torchvision name.
    enum : str
        A member of its weights enum, such as `IMAGENET1K_V1`.

    Returns
    -------
    url : str
    sha256_prefix : str or None
        First digits of the file's sha256, if torchvision put them into the file name.

    Raises
    ------
    VentralError
        If torchvision has no such weights; the message lists those that it has.
    """
    check_weights(architecture, enum)
    weights = _find_weights(architecture, enum)
    prefix = re.search(r"-([0-9a-f]{8,})\.", weights.url.rsplit("/", 1)[-1])
    return weights.url, prefix and prefix[1]


def model_facts(
    settings: dict,
    weights_file: Path | None,
    seed: int,
    files: Path | None = None,
    not_loaded: NotLoaded | None = None,
) -> dict:
    """Return what the provenance of a store records about its model.

    Parameters
    ----------
    settings, weights_file, seed, files
        As in `build`.
    not_loaded : NotLoaded, optional
        Tensors that were left out.

    Returns
    -------
    dict
        ``model`` (the settings), ``weights_sha256`` (None without a file), ``seed``,
        ``built_with``, the versions of the packages that built it, ``fetched`` of a named model
        (its repository, the commit, and the sha256 of each file), and ``not_loaded`` where
        tensors were left out.
    """
    more: dict[str, Any] = {}
    if files is not None:
        more["fetched"] = ModelFiles(files).facts
    if not_loaded:
        more["not_loaded"] = vars(not_loaded)
    sha256 = None if weights_file is None else read_digest(weights_file)
    return {
        "model": settings,
        "weights_sha256": sha256,
        "seed": seed,
        "built_with": builder_packages(settings["architecture"]),
        **more,
    }


def _torchvision_model(architecture: str, arguments: dict) -> nn.Module:
    known = torchvision.models.list_models()
    if architecture not in known:
        raise VentralError(
            f"unknown architecture {architecture!r}; {suggest(architecture, ['pixels', *known])}"
            " Give `pixels`, a torchvision name, `module:function`, or a model of timm,"
            " huggingface or open_clip, such as timm:vit_base_patch16_224"
        )
    if architecture in INPUT_IS_RESCALED:
        arguments = {"init_weights": True} | arguments  # the default, but without a warning
    return torchvision.models.get_model(architecture, weights=None, **arguments)


def _imported_builder(architecture: str) -> Callable[..., Any]:
    """Import the function that ``module:function`` names.

    A config is code, as a Snakefile is. But what Python itself brings builds no network, so its
    functions are refused unseen: ``os:system`` with the right arguments could do anything.
    """
    module_name, _, function = architecture.partition(":")
    if _is_of_python(module_name):
        raise VentralError(
            f"architecture {architecture!r}: {module_name!r} is a module of Python's standard"
            " library, which builds no networks"
        )
    try:
        module = importlib.import_module(module_name)
    except (ImportError, SystemExit) as error:
        reason = error if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        raise VentralError(
            f"architecture {architecture!r}: module {module_name!r} cannot be imported: {reason}"
        ) from error
    builder: Any = module
    for part in function.split("."):  # of a class: Network.from_name
        builder = getattr(builder, part, None)
    if not callable(builder):
        raise VentralError(
            f"architecture {architecture!r}: module {module_name!r} has no function {function!r};"
            f" {suggest(function, dir(module))}"
        )
    if (inspect.isroutine(builder) or inspect.isclass(builder)) and _is_of_python(
        builder.__module__ or ""
    ):
        raise VentralError(
            f"architecture {architecture!r}: {function!r} is {builder.__module__}.{function} of"
            " Python's standard library, which builds no networks"
        )
    return builder


def _is_of_python(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def _weights_enum(architecture: str) -> dict[str, Enum]:
    if architecture not in torchvision.models.list_models():
        return {}
    return dict(torchvision.models.get_model_weights(architecture).__members__)


def _find_weights(architecture: str, name: object) -> Any:
    """Return the member of a torchvision weights enum, or None if `name` is not one."""
    return _weights_enum(architecture).get(name) if isinstance(name, str) else None


def _pretrained_arguments(architecture: str, weights: Any) -> dict[str, Any]:
    """Return the arguments that torchvision's own builder sets for these weights."""
    if architecture in INPUT_IS_RESCALED:
        return {"transform_input": True}
    if architecture.startswith("vit_"):
        return {"image_size": weights.meta["min_size"][0]}
    return {}
