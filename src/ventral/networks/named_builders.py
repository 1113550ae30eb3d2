"""Networks of timm, Hugging Face and open_clip: built by name, with weights that were fetched.

Each library is imported when one of its models is built, and none is asked to download anything.
"""

import contextlib
import importlib
import logging
import math
import os
from collections.abc import Iterator, Mapping
from pickle import UnpicklingError
from typing import Any

import torch
from torch import nn

from ventral.errors import VentralError, suggest
from ventral.networks.model_files import ModelFiles
from ventral.networks.named_models import EXTRAS, NamedModel
from ventral.networks.torchvision_import import torchvision  # noqa: F401  before the libraries do
from ventral.networks.weights import read_state_dict

logger = logging.getLogger(__name__)

RESAMPLING = {0: "nearest", 2: "bilinear", 3: "bicubic"}
"""Pillow's numbers, which processors of Hugging Face give."""

NOT_SUPPORTED = ("do_pad", "do_flip_channel_order", "do_thumbnail", "do_align_long_axis")
"""Steps of a processor that have no counterpart here."""


def build_named(
    named: NamedModel, arguments: Mapping[str, Any], files: ModelFiles | None, pretrained: bool
) -> nn.Module:
    """Build a model by its name.

    Parameters
    ----------
    named : NamedModel
        Which one.
    arguments : Mapping
        For its builder: of timm those of the model, of Hugging Face settings of its config, of
        open_clip settings of the architecture.
    files : ModelFiles or None
        What was fetched: a model of Hugging Face needs its config, and any one its weights.
    pretrained : bool
        Whether to load the weights.

    Returns
    -------
    Module
        Of open_clip, and of Hugging Face's models of images and text, the image tower alone.

    Raises
    ------
    VentralError
        Where the library is missing, does not know the model, or its weights do not fit.

    """
    if pretrained and files is None:
        raise VentralError(f"{named.library}:{named.name}: its weights have not been fetched")
    build = {"timm": _timm, "huggingface": _huggingface, "open_clip": _open_clip}[named.library]
    with _offline():
        try:
            return build(named, dict(arguments), files, pretrained)
        except NotImplementedError:  # without content, see ventral.jobs.preflight.architecture
            raise
        except (
            RuntimeError,
            OSError,
            ValueError,
            KeyError,
            AttributeError,
            UnpicklingError,
        ) as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise VentralError(
                f"{named.library}:{named.name} cannot be built with arguments {dict(arguments)}"
                f"{' and its weights' if pretrained else ''}: {' '.join(lines[:3])[:400]}"
            ) from error


def own_preprocessing(
    named: NamedModel, model: nn.Module, files: ModelFiles | None
) -> dict[str, Any]:
    """Return the preprocessing that a model's library gives it.

    Parameters
    ----------
    named : NamedModel
        Which model.
    model : Module
        Built by `build_named`.
    files : ModelFiles or None
        What was fetched.

    Returns
    -------
    dict
        ``size``, ``resize``, ``interpolation``, ``mean``, ``std``, and ``resize_side`` where the
        image is cropped: arguments of `ventral.networks.preprocessing.Preprocessing`. Empty where
        the library says nothing.

    Raises
    ------
    VentralError
        Where it has a step that has no counterpart here.

    """
    found = {
        "timm": _preprocessing_of_timm,
        "huggingface": _preprocessing_of_huggingface,
        "open_clip": _preprocessing_of_open_clip,
    }[named.library](named, model, files)
    for name in ("mean", "std"):
        if name in found:
            found[name] = [float(value) for value in found[name]]
    return found


def address_on_hub(named: NamedModel) -> tuple[str, str | None]:
    """Return the repository of a model of timm or open_clip, and its file of weights.

    Parameters
    ----------
    named : NamedModel

    Returns
    -------
    repository : str
        With ``@{revision}`` where the library names one.
    file : str or None
        None where it has the usual name.

    Raises
    ------
    VentralError
        Where the library does not know the model, or has no weights of it on the hub.

    """
    if named.library == "timm":
        config = _known_timm(named).get_pretrained_cfg(named.name)
        if config is None or not config.hf_hub_id:
            raise VentralError(
                f"timm:{named.name}: timm has no weights of it on the Hugging Face hub; give"
                " `weights: null` for random ones, or a file"
            )
        return config.hf_hub_id, config.hf_hub_filename
    config = _tag_of_open_clip(_library("open_clip"), named)
    address = (config or {}).get("hf_hub")
    if not address:
        raise VentralError(
            f"open_clip:{named.name}/{named.tag}: open_clip has no weights of it on the Hugging"
            " Face hub; give a file under `weights`"
        )
    repository, _, file = address.rpartition("/")
    return repository, file or None


def _library(name: str) -> Any:
    """Import a library, or say how it is installed."""
    module = "transformers" if name == "huggingface" else name
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise VentralError(
            f"models of {name} need the package {module!r}, which cannot be imported ({error})."
            f" Install it: pip install 'ventral[{EXTRAS[name]}]', or"
            f" pip install {NamedModel(name, '').distribution}"
        ) from error


@contextlib.contextmanager
def _offline() -> Iterator[None]:
    """Keep libraries from asking the hub: what a model needs has been fetched."""
    from huggingface_hub import constants

    before, given = constants.HF_HUB_OFFLINE, os.environ.get("HF_HUB_OFFLINE")
    constants.HF_HUB_OFFLINE = True
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
        if given is None:
            del os.environ["HF_HUB_OFFLINE"]
        else:
            os.environ["HF_HUB_OFFLINE"] = given


def _known_timm(named: NamedModel) -> Any:
    timm = _library("timm")
    if not timm.is_model(named.name):
        known = ["create_model", *timm.list_models(), *timm.list_pretrained()]
        raise VentralError(f"timm has no model {named.name!r}; {suggest(named.name, known)}")
    return timm


def _timm(
    named: NamedModel, arguments: dict, files: ModelFiles | None, pretrained: bool
) -> nn.Module:
    timm = _known_timm(named)
    if not pretrained or files is None:
        return timm.create_model(named.name, pretrained=False, **arguments)
    files.check()
    # timm adapts the state dict to the arguments, and asks nobody for another.
    given = {"state_dict": read_state_dict(files.weights), "custom_load": False, "source": None}
    model = timm.create_model(
        named.name, pretrained=True, pretrained_cfg_overlay=given, **arguments
    )
    model.pretrained_cfg = {**model.pretrained_cfg, "state_dict": None}  # to free the memory
    return model


def _preprocessing_of_timm(
    named: NamedModel, model: nn.Module, files: ModelFiles | None
) -> dict[str, Any]:
    data = _library("timm").data.resolve_model_data_config(model)
    channels, height, width = data["input_size"]
    # Of an argument img_size timm's own config knows nothing.
    height, width = getattr(getattr(model, "patch_embed", None), "img_size", None) or (
        height,
        width,
    )
    if height != width or channels != 3 or data["interpolation"] not in RESAMPLING.values():
        raise _unsupported(named, f"input {data['input_size']}, {data['interpolation']}")
    if data["crop_mode"] == "border":
        raise _unsupported(named, "crop_mode border")
    found = {key: data[key] for key in ("interpolation", "mean", "std")}
    return {**found, **_cropped(height, data["crop_pct"], squash=data["crop_mode"] == "squash")}


def _huggingface(
    named: NamedModel, arguments: dict, files: ModelFiles | None, pretrained: bool
) -> nn.Module:
    transformers = _library("huggingface")
    if files is None:
        raise VentralError(f"huggingface:{named.name}: its config has not been fetched")
    folder = files.check()
    where: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    config = transformers.AutoConfig.from_pretrained(folder, **where, **arguments)
    if pretrained:
        model, found = transformers.AutoModel.from_pretrained(
            folder, config=config, dtype=torch.float32, output_loading_info=True, **where
        )
        missing = sorted(found["missing_keys"])
        if missing:
            more = ", …" if len(missing) > 5 else ""
            logger.warning(
                "huggingface:%s: %d tensors of the network are not in its files and have random"
                " values: %s%s",
                named.name,
                len(missing),
                ", ".join(missing[:5]),
                more,
            )
    else:
        model = transformers.AutoModel.from_config(config, trust_remote_code=False)
    if model.main_input_name != "pixel_values" and hasattr(model, "vision_model"):
        model = model.vision_model
    if model.main_input_name != "pixel_values":
        raise VentralError(
            f"huggingface:{named.name} is a {type(model).__name__}, which takes"
            f" {model.main_input_name} and not images"
        )
    return model


def _preprocessing_of_huggingface(
    named: NamedModel, model: nn.Module, files: ModelFiles | None
) -> dict[str, Any]:
    if files is None or not {"preprocessor_config.json", "processor_config.json"}.intersection(
        files.names
    ):
        size = getattr(getattr(model, "config", None), "image_size", None)
        return {"size": size} if isinstance(size, int) else {}
    with _offline():
        try:
            processor = _library("huggingface").AutoImageProcessor.from_pretrained(
                files.check(), local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError, ImportError) as error:
            raise _unsupported(named, str(error).splitlines()[0]) from error
    given = processor.to_dict()
    wrong = [step for step in NOT_SUPPORTED if given.get(step)]
    if wrong:
        raise _unsupported(named, wrong[0])
    scale = given.get("rescale_factor", 1 / 255) if given.get("do_rescale", True) else 1.0
    if not math.isclose(scale, 1 / 255, rel_tol=1e-6):
        raise _unsupported(named, f"rescale_factor {scale:g}")
    normalised = given.get("do_normalize", True)
    found: dict[str, Any] = {
        "mean": given["image_mean"] if normalised else [0.0] * 3,
        "std": given["image_std"] if normalised else [1.0] * 3,
    }
    resample = int(given.get("resample", 2))
    if resample not in RESAMPLING:
        raise _unsupported(named, f"resample {resample}")
    found["interpolation"] = RESAMPLING[resample]
    size = dict(given.get("size") or {})
    crop = dict(given.get("crop_size") or {}) if given.get("do_center_crop") else {}
    short = size.get("shortest_edge")
    if given.get("do_resize", True) is False:
        raise _unsupported(named, "do_resize: false")
    if given.get("crop_pct") and short:  # ConvNeXt: small images are cropped, large ones squashed
        if short < 384:
            return {**found, **_cropped(short, given["crop_pct"], squash=False)}
        return {**found, "size": short, "resize": "squash"}
    if crop and crop.get("height") == crop.get("width"):
        side = short or (size["height"] if size.get("height") == size.get("width") else None)
        if side is None or side < crop["height"]:
            raise _unsupported(named, f"size {size}, crop_size {crop}")
        resize = "crop" if short else "squash"
        return {**found, "size": crop["height"], "resize": resize, "resize_side": side}
    if not crop and size.get("height") and size.get("height") == size.get("width"):
        return {**found, "size": size["height"], "resize": "squash"}
    raise _unsupported(named, f"size {size}, crop_size {crop or 'none'}")


def _tag_of_open_clip(open_clip: Any, named: NamedModel) -> dict[str, Any]:
    """Return what open_clip knows of the weights that a name gives; nothing of no weights."""
    if named.name not in open_clip.list_models():
        raise VentralError(
            f"open_clip has no architecture {named.name!r};"
            f" {suggest(named.name, open_clip.list_models())}"
        )
    if named.tag is None:
        return {}
    found = open_clip.get_pretrained_cfg(named.name, named.tag)
    if not found:
        known = open_clip.list_pretrained_tags_by_model(named.name)
        raise VentralError(
            f"open_clip has no weights {named.tag!r} of {named.name!r}; {suggest(named.tag, known)}"
        )
    return dict(found)


def _open_clip(
    named: NamedModel, arguments: dict, files: ModelFiles | None, pretrained: bool
) -> nn.Module:
    open_clip = _library("open_clip")
    tag = _tag_of_open_clip(open_clip, named)
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # it warns that no weights are loaded: they come next
    try:
        clip = open_clip.create_model(
            named.name,
            pretrained=None,
            pretrained_image=False,
            pretrained_text=False,
            force_quick_gelu=bool(tag.get("quick_gelu", False)),
            **arguments,
        )
    finally:
        logging.disable(before)
    if pretrained and files is not None:
        files.check()
        open_clip.load_checkpoint(clip, str(files.weights), strict=True, weights_only=True)
    return clip.visual


def _preprocessing_of_open_clip(
    named: NamedModel, model: nn.Module, files: ModelFiles | None
) -> dict[str, Any]:
    open_clip = _library("open_clip")
    given = dict(open_clip.get_model_preprocess_cfg(model))
    given |= {
        key: value
        for key, value in _tag_of_open_clip(open_clip, named).items()
        if key in ("mean", "std", "interpolation", "resize_mode")
    }
    size = given["size"]
    sides = {size} if isinstance(size, int) else set(size)
    mode, interpolation = given.get("resize_mode", "shortest"), given["interpolation"]
    if len(sides) != 1 or mode not in ("shortest", "squash"):
        raise _unsupported(named, f"size {size}, resize_mode {mode}")
    if interpolation not in RESAMPLING.values():
        raise _unsupported(named, f"interpolation {interpolation}")
    found = {key: given[key] for key in ("interpolation", "mean", "std")}
    return {**found, **_cropped(sides.pop(), 1.0, squash=mode == "squash")}


def _cropped(size: int, fraction: float, *, squash: bool) -> dict[str, Any]:
    """Return how images become `size` pixels wide, where a crop leaves a fraction of a side."""
    side = math.floor(size / fraction)
    if squash:
        return {"size": size, "resize": "squash", **({"resize_side": side} if side > size else {})}
    return {"size": size, "resize": "crop", "resize_side": side}


def _unsupported(named: NamedModel, what: str) -> VentralError:
    return VentralError(
        f"{named.library}:{named.name}: its own preprocessing has no counterpart here ({what});"
        " give preprocessing: size, resize, mean and std in the model's entry"
    )
