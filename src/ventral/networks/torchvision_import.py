"""The only module that imports torchvision; all others import it from here.

A CPU-only torch cannot load the compiled operators of a torchvision wheel that was built for CUDA,
and ``import torchvision`` then fails with ``operator torchvision::nms does not exist``. Only
detection models use these operators. The rest of torchvision works once their signatures are
defined.
"""

from importlib.machinery import PathFinder
from importlib.util import find_spec

import torch

OPERATORS = ("nms", "qnms")
SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def _load_compiled_operators() -> None:
    package = find_spec("torchvision")
    folders = package.submodule_search_locations if package else None
    compiled = PathFinder.find_spec("_C", folders) if folders else None
    if compiled is None:
        return
    try:
        torch.ops.load_library(compiled.origin)
    except OSError:
        return


def _define_missing_operators() -> torch.library.Library | None:
    missing = [name for name in OPERATORS if not hasattr(torch.ops.torchvision, name)]
    if not missing:
        return None
    library = torch.library.Library("torchvision", "DEF")
    for name in missing:
        library.define(name + SIGNATURE)
    return library


_load_compiled_operators()
_library = _define_missing_operators()  # they exist as long as this object

import torchvision  # noqa: E402
import torchvision.transforms.v2.functional  # noqa: E402

__all__ = ["torchvision"]
